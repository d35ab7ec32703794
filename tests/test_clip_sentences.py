"""What a clip's captions say beside tags: sentences, quality and safety, as the dataset's captions have them."""

from dataclasses import replace

import polars as pl
import pytest
from test_clipset import clip, made, tables, tag

from genga.dataset._clipset import told
from genga.dataset._clipset.told import typical
from genga.dataset.clipset import Outcome
from genga.dataset.styles import Style

STYLE = Style(
    about="", source="", order=["quality", "safety", "names", "tags", "sentences"],
    quality=[{"above": 50, "words": ["best quality"]}, {"above": 0, "words": ["bad quality"]}],
    safety={"general": "safe", "sensitive": "sensitive", "questionable": "nsfw", "explicit": "explicit"},
)  # fmt: skip
STILLS = ["s/e/000000", "s/e/000004", "s/e/000007"]


def of_three(**changes: object) -> dict:
    """A clip of three drawings, of which the second is shown for longest: five frames of ten."""
    return clip(0, frames=[0, 4, 4, 7], holds=[3, 3, 2, 2], stills=STILLS, tags=(tag("smile"),), **changes)


def image(still: str, crop: str | None = None, shot: str = "s/e/0", **parts: str) -> dict:
    """An image of the dataset whose captions, of tags, of sentences and of both, have these parts."""
    said = [{"part": part, "text": text} for part, text in parts.items()]
    forms = ("tags", "sentence", "both") if "sentences" in parts else ("tags",)
    without = [one for one in said if one["part"] != "sentences"]
    captions = [{"form": form, "parts": without if form == "tags" else said} for form in forms]
    return {"image": crop or still, "still": still, "crop": crop, "shot": shot, "captions": captions}


def found(
    described: dict[str, str], images: list[dict] = (), captions: tuple[str, ...] = ("both",), row: dict | None = None,
    **dataset: object,
) -> Outcome:  # fmt: skip
    given = replace(
        tables([row or of_three()]),
        words=pl.DataFrame(list(images), schema=dict(told.OF_DATASET)),
        sentences=pl.DataFrame(list(described.items()), schema=dict(told.OF_DESCRIBE), orient="row"),
    )
    return made(given, {"captions": list(captions), **dataset}, style_of=lambda *_: STYLE)


def test_the_most_typical_drawing_is_shown_for_longest_and_in_the_middle() -> None:
    assert typical(of_three()) == ["s/e/000004", "s/e/000000", "s/e/000007"]
    assert typical(clip(0, frames=[0, 4, 7, 7], holds=[2, 2, 1, 1], stills=STILLS))[0] == "s/e/000004"
    stays = clip(0, frames=[0, 4, 7, 7, 7], holds=[1, 1, 0, 0, 1], stills=STILLS)
    assert typical(stays)[0] == "s/e/000007", "a frame that is held for long is one frame of the video"


def test_a_captioners_sentence_is_in_the_forms_that_are_asked_for() -> None:
    said = {"s/e/000000": "She stands.", "s/e/000004": "She smiles (a lot).", "s/e/000007": "She waves."}
    (row,) = found(said, captions=("tags", "sentence", "both")).table.to_dicts()
    assert [(one["form"], [part["text"] for part in one["parts"]]) for one in row["captions"]] == [
        ("tags", ["smile"]), ("sentence", ["She smiles \\(a lot\\)."]), ("both", ["smile", "She smiles \\(a lot\\)."]),
    ]  # fmt: skip
    assert row["caption"] == "smile"


@pytest.mark.parametrize(
    ("described", "images", "caption"),
    [
        ({"s/e/000007": "She waves."}, [], "smile. She waves."),  # the only one of which any is said
        ({}, [], "smile"),
        ({"s/e/000004": "A model."}, [image("s/e/000004", sentences="A person.")], "smile. A person."),
        ({"s/e/000004": "A model.", "s/e/000000": "Another."}, [image("s/e/000004")], "smile. Another."),  # taken out
        ({"s/e/000004": "A model."}, [image("s/e/000004", "s/e/000004#0", sentences="A crop.")], "smile. A model."),
    ],
)
def test_of_an_image_of_the_dataset_its_own_words_hold(described: dict, images: list[dict], caption: str) -> None:
    assert found(described, images).table["caption"].to_list() == [caption]


def test_without_the_captioner_or_with_tags_alone_nothing_is_said() -> None:
    said = {"s/e/000004": "She smiles."}
    assert found(said, sentences=["clauses"]).table["caption"].to_list() == ["smile"]
    assert found(said, captions=("tags",)).table["caption"].to_list() == ["smile"]
    assert found({}, captions=("sentence",)).table["captions"].to_list()[0][0]["form"] == "tags"


def test_quality_is_the_typical_drawings_and_safety_the_least_safe() -> None:
    images = [
        image("s/e/000000", quality="bad quality", safety="nsfw"),
        image("s/e/000004", quality="best quality", safety="safe"),
        image("s/e/000007", "s/e/000007#0", quality="bad quality", safety="sensitive"),
    ]
    (row,) = found({}, images).table.to_dicts()
    assert (row["caption"], row["keep_tokens"]) == ("best quality, nsfw, smile", 2)
    (row,) = found({}, [image("s/e/000008", quality="bad quality", safety="safe")]).table.to_dicts()
    assert row["caption"] == "bad quality, safe, smile"  # of another drawing of the shot
    (row,) = found({}, [image("s/e/000020", shot="s/e/2", quality="bad quality", safety="safe")]).table.to_dicts()
    assert row["caption"] == "smile"
