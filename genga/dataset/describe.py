"""Say in sentences what images show: by the model in the role `caption`, or a server on this machine.

Asked about are whole stills and crops of the kinds that params.yaml names. Answers are kept as they come
(genga.dataset._describe.answers), so that a job that was interrupted goes on where it was. Where no model plays the
role the table is empty. What people wrote instead, and which sentences a caption has, says stage dataset.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from genga.dataset._describe.answers import Answers, key_of
from genga.errors import GengaError
from genga.images.image import Image
from genga.images.reading import batched, read_images
from genga.models.registry import Registry
from genga.params.describe import Params
from genga.params.models import CaptionContract
from genga.tables.crop import CROP
from genga.tables.describe import DESCRIBE
from genga.tables.schema import SHARD, only
from genga.tables.stills import FILES

ROLE = "caption"
OF_STILLS = FILES
OF_CROP = only(CROP, "crop", "kind", "kept", *SHARD)

_NAMED = 3  # images that are named where the captioner said nothing
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)  # what some models write before they answer
_ENDS = (".", "!", "?", "。", "！", "？", "…")
_QUOTES = "\"'“”"


class Captioner(NamedTuple):
    """Who describes images."""

    name: str
    ask: Callable[[Sequence[Image]], Sequence[str]]
    identity: Mapping[str, Any]  # all by which it answers: another one is asked anew
    batch: int  # images that it is asked about together


def wanted(stills: pl.DataFrame, crops: pl.DataFrame, params: Params) -> pl.DataFrame:
    """Return the images to describe, with their files: image, SHARD. stills: OF_STILLS. crops: OF_CROP."""
    whole = stills.select(pl.col("still").alias("image"), *SHARD).filter("still" in params.kinds)
    cut = crops.filter(pl.col("kept") & pl.col("kind").is_in(params.kinds))
    return pl.concat([whole, cut.select(pl.col("crop").alias("image"), *SHARD)])


def describe(images: pl.DataFrame, captioner: Captioner | None, answers: Path, what: str) -> pl.DataFrame:
    """Return what is said of the images (DESCRIBE), in their order, with progress on stderr under the name `what`.

    images: image, SHARD. answers: the file of answers. captioner: None: nobody is asked. Raises GengaError where a
    captioner says nothing of any image.
    """
    if captioner is None or images.is_empty():
        return pl.DataFrame(schema=DESCRIBE)
    known = Answers(answers)
    keys = [key_of(sha256, captioner.identity) for sha256 in images["sha256"]]
    new = images.with_columns(key=pl.Series(keys, dtype=pl.String)).filter([key not in known for key in keys])
    new = new.unique("key", keep="first", maintain_order=True)
    for texts in _asked(new, captioner, what):
        known.add({key: text for key, text in texts.items() if text})
    said = [known.get(key) for key in keys]
    if not any(said):
        raise GengaError(
            f"{what}: {captioner.name} says nothing of any of {len(said)} images (role {ROLE}); look at its prompt, "
            "and whether it is a model that sees images"
        )
    known.keep(keys)
    _tell([image for image, text in zip(images["image"], said, strict=True) if not text], captioner, what)
    rows = [(image, text, captioner.name) for image, text in zip(images["image"], said, strict=True) if text]
    return pl.DataFrame(rows, schema=DESCRIBE, orient="row")


def _asked(new: pl.DataFrame, captioner: Captioner, what: str) -> Iterator[dict[str, str]]:
    """Yield what is said of new images, by key, as it is said. new: key, SHARD."""
    for some in batched(read_images(new, "key", what, "images"), captioner.batch):
        texts = captioner.ask([image for _, image in some])
        yield {key: tidy(text) for (key, _), text in zip(some, texts, strict=True)}


def _tell(silent: Sequence[str], captioner: Captioner, what: str) -> None:
    if silent:
        more = f" and {len(silent) - _NAMED} others" if len(silent) > _NAMED else ""
        named = f"{', '.join(silent[:_NAMED])}{more}"
        print(f"warning: {what}: {captioner.name} says nothing of {named}", file=sys.stderr)


def tidy(text: str) -> str:
    """Return an answer as sentences on one line, with a full stop; "" if nothing is said."""
    words = " ".join(_THOUGHT.sub(" ", text).split()).strip(_QUOTES).strip()
    return words if not words or words.endswith(_ENDS) else f"{words}."


def open_captioner(registry: Registry) -> Captioner | None:
    """Return the registry's captioner, its files verified; None if no model plays that role."""
    if ROLE not in registry.models:
        return None
    model = registry.model(ROLE).verify()
    contract = model.entry.contract
    assert isinstance(contract, CaptionContract)  # of that role: genga.params.models
    how = contract.model_dump(exclude={"server", "timeout", "retries", "batch"})
    # Either here: a stage that asks a server, or nobody, has no use for torch.
    if contract.server is not None:
        from genga.dataset._describe.server import Server

        return Captioner(model.name, Server(contract), how, contract.batch)
    if model.entry.folder is None:
        raise GengaError(f"models.yaml, role {ROLE}: {model.name} has no folder; write folder: . for all of its repo")
    from genga.dataset._describe.local import Local

    ask = Local(model.path, contract, registry.section.device)
    return Captioner(model.name, ask, {**how, "sha256": model.sha256}, contract.batch)


def in_words(table: pl.DataFrame, images: int, captioner: Captioner | None) -> str:
    """Return how many images are described, and by whom."""
    return f"{len(table)} of {images} images described, by {captioner.name if captioner else 'nobody'}"
