"""Measures on pictures made by hand: each must tell the fault it is for, and only that."""

import cv2
import numpy as np
import polars as pl
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from genga.drawings._text.in_still import OF_SHOTS, burnt_in, cover, located, part
from genga.drawings.quality import combing, grey, measure, quality, tier
from genga.images.boxes import area, overlap
from genga.params.quality import Params, Ratio, Share, Sharpness
from genga.people.crop import texts_of
from genga.tables.quality import QUALITY

PARAMS = Params(
    sharpness=Sharpness(best=400.0, good=120.0, poor=25.0),
    blockiness=Ratio(best=1.15, good=1.3, poor=1.8),
    clipped=Share(best=0.5, good=0.8, poor=0.95),
    text_cover=Share(best=0.005, good=0.05, poor=0.15),
    text="located",
    combing=Share(best=0.004, good=0.008, poor=0.03),
)
CLEAN = {
    "sharpness": 900.0, "exposure": 120.0, "clipped_dark": 0.1, "clipped_bright": 0.1, "blockiness": 1.05,
    "text_cover": 0.0, "combing": 0.0, "colour": 30.0,
}  # fmt: skip


def drawing(height: int = 480) -> np.ndarray:
    """A face-like cel drawing, the same at every size: flat colours, a gradient behind, dark outlines."""
    scale = height / 480
    width = round(height * 4 / 3)
    sky = np.linspace(140, 230, height).astype(np.uint8)[:, None, None]
    image = np.ascontiguousarray(np.broadcast_to(sky, (height, width, 3)))
    for centre, axes, colour in (
        ((320, 240), (150, 180), (240, 200, 170)),
        ((260, 220), (30, 45), (60, 90, 200)),
        ((380, 220), (30, 45), (60, 90, 200)),
        ((320, 340), (40, 12), (200, 80, 80)),
    ):
        place, size = (tuple(round(v * scale) for v in pair) for pair in (centre, axes))
        cv2.ellipse(image, place, size, 0, 0, 360, colour, -1, cv2.LINE_AA)
        cv2.ellipse(image, place, size, 0, 0, 360, (30, 20, 20), max(round(4 * scale), 1), cv2.LINE_AA)
    return image


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def subtitled(image: np.ndarray, text: str, size: int = 30) -> np.ndarray:
    """White letters with a black edge near the lower edge, as subtitles are burned in."""
    canvas = Pillow.fromarray(image)
    font = ImageFont.load_default(size)
    place = (canvas.width // 2, canvas.height - 2 * size)
    ImageDraw.Draw(canvas).text(place, text, "white", font, anchor="mm", stroke_width=3, stroke_fill="black")
    return np.asarray(canvas)


def test_a_blurred_picture_is_less_sharp():
    sharp, soft = measure(drawing()), measure(cv2.GaussianBlur(drawing(), (0, 0), 3))
    assert soft["sharpness"] < sharp["sharpness"] / 20
    assert tier(sharp, PARAMS) == ("best", "")
    assert tier(soft, PARAMS) == ("reject", "blurred")


def test_a_soft_background_does_not_make_a_sharp_figure_blurred():
    half = cv2.GaussianBlur(drawing(), (0, 0), 3)
    half[:, 300:] = drawing()[:, 300:]
    assert tier(measure(half), PARAMS)[0] == "best"


def test_sharpness_does_not_depend_on_the_resolution():
    small, large = measure(drawing(480))["sharpness"], measure(drawing(1080))["sharpness"]
    assert large == pytest.approx(small, rel=0.25)


def test_strong_compression_is_blocky_wherever_its_blocks_begin():
    clean, rough = measure(jpeg(drawing(), 95)), measure(jpeg(drawing(), 10))
    assert clean["blockiness"] < 1.15
    assert rough["blockiness"] > 1.3
    shifted = measure(np.ascontiguousarray(jpeg(drawing(), 10)[3:, 5:]))
    assert shifted["blockiness"] == pytest.approx(rough["blockiness"], rel=0.1)


@pytest.mark.parametrize("apart", [3, 8, 20])
def test_two_fields_of_different_moments_are_combed(apart: int) -> None:
    woven = drawing()
    woven[1::2] = np.roll(woven, apart, axis=1)[1::2]
    assert measure(drawing())["combing"] == 0
    assert measure(woven)["combing"] > 0.004
    assert "combed" in tier(measure(woven), PARAMS)[1]


def test_combed_pixels_are_counted() -> None:
    """Columns 0 to 19 of 40 are woven: their lines are 0, 100, 0, 100, ..."""
    luma = np.full((10, 40), 50, np.uint8)
    luma[0::2, :20], luma[1::2, :20] = 0, 100
    assert combing(luma) == 0.5  # of the lines that have two above and two below
    luma[:, :20] = np.arange(10, dtype=np.uint8)[:, None] * 20  # a slope is none
    assert combing(luma) == 0
    assert combing(luma[:4]) == 0


def test_grain_and_stripes_two_lines_wide_are_not_combed() -> None:
    grain = drawing() + np.random.default_rng(0).normal(0, 8, drawing().shape)
    assert measure(np.clip(grain, 0, 255).astype(np.uint8))["combing"] < 0.004
    stripes = np.repeat(np.array([40, 40, 200, 200] * 30, np.uint8), 160).reshape(120, 160)
    assert combing(stripes) == 0


def test_grey_has_no_colour_and_a_tint_has_little() -> None:
    luma = grey(drawing())[..., None]
    assert measure(np.repeat(luma, 3, axis=2))["colour"] == 0
    sepia = measure((luma * np.array([1, 0.9, 0.75])).astype(np.uint8))["colour"]
    assert sepia < 3 < 8 < measure(drawing())["colour"]


def test_exposure_counts_black_and_white():
    image = np.full((100, 100, 3), 128, np.uint8)
    image[:25], image[90:] = 0, 255
    found = measure(image)
    assert (found["clipped_dark"], found["clipped_bright"]) == (0.25, 0.1)
    assert found["exposure"] == pytest.approx(0.65 * 128 + 0.1 * 255, abs=0.01)


@pytest.mark.parametrize("text", ["I knew it from the start.", "Where are you going?"])
def test_burned_in_text_is_found_and_a_plain_drawing_has_none(text):
    assert measure(drawing())["text_cover"] == 0
    assert 0.01 < measure(subtitled(drawing(), text))["text_cover"] < 0.12


def test_dark_text_on_white_is_found():
    image = Pillow.fromarray(np.full((480, 640, 3), 250, np.uint8))
    ImageDraw.Draw(image).text((320, 80), "Directed by Nobody", "black", ImageFont.load_default(32), anchor="mm")
    assert 0.01 < measure(np.asarray(image))["text_cover"] < 0.1


def test_outlines_and_stripes_are_not_text():
    image = np.full((480, 640, 3), 200, np.uint8)
    for x in range(40, 600, 40):  # a fence: tall strokes
        cv2.line(image, (x, 100), (x, 400), (20, 20, 20), 4)
    cv2.line(image, (0, 250), (639, 250), (20, 20, 20), 4)
    assert measure(image)["text_cover"] == 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({}, ("best", "")),
        ({"sharpness": 399.0}, ("good", "blurred")),
        ({"sharpness": 119.0, "blockiness": 1.4}, ("poor", "blurred, blocky")),
        ({"sharpness": 300.0, "text_cover": 0.2}, ("reject", "text")),
        ({"clipped_dark": 0.9}, ("reject", "black")),
        ({"clipped_bright": 0.5}, ("good", "white")),
        ({"blockiness": 1.15}, ("best", "")),  # at the limit
    ],
)
def test_a_still_is_as_good_as_its_worst_measure(fault, expected):
    assert tier(CLEAN | fault, PARAMS) == expected


@pytest.mark.parametrize("size", [(1, 1), (2, 700), (31, 17)])
def test_tiny_and_odd_pictures_are_measured(size):
    assert measure(np.full((*size, 3), 99, np.uint8))["exposure"] == 99


def test_a_row_for_every_still_in_order():
    stills = [("a", drawing(120)), ("b", np.zeros((60, 80, 3), np.uint8))]
    table = quality([stills], PARAMS)
    assert dict(table.schema) == QUALITY
    assert table.select("still", "tier").rows()[1] == ("b", "reject")
    assert table["reason"][1] == "blurred, black"
    assert table.equals(quality([[one] for one in stills], PARAMS))


SIGN, SUBTITLE = (20, 40), (120, 420)  # px, where lines of letters stand in a still of 640x480
LOW = (0.1, 0.85, 0.9, 0.97)  # where subtitles stand


def with_sign_and_subtitle() -> np.ndarray:
    """A drawing with a shop sign at the top left, and a subtitle at the lower edge."""
    canvas = Pillow.fromarray(np.full((480, 640, 3), 90, np.uint8))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(30)
    for text, place in (("Bakery and Flowers", SIGN), ("Where did you hide the lamp?", SUBTITLE)):
        draw.text(place, text, "white", font, stroke_width=3, stroke_fill="black")
    return np.asarray(canvas)


def test_only_text_at_a_place_that_is_known_is_burnt_in() -> None:
    luma = grey(with_sign_and_subtitle())
    (sign, subtitle) = burnt_in(luma, None)  # nothing is known: both count
    assert sign[1] < 80 and subtitle[1] > 400
    (found,) = burnt_in(luma, [LOW])
    assert overlap(found, subtitle) > 0.8 * area(subtitle) and found[1] > 400
    assert burnt_in(luma, []) == []


def test_a_short_word_counts_and_nothing_where_none_is_seen() -> None:
    canvas = Pillow.fromarray(np.full((480, 640, 3), 90, np.uint8))
    plain = grey(np.asarray(canvas))
    ImageDraw.Draw(canvas).text((250, 420), "No way!", "white", ImageFont.load_default(34), stroke_width=2)
    short = grey(np.asarray(canvas))
    assert len(burnt_in(short, [LOW])) == 1
    assert burnt_in(plain, [LOW]) == []


def test_places_of_stills() -> None:
    stills = pl.DataFrame({"still": ["a", "b", "c", "wide"], "frame": [4, 5, 9, 6], "width": [64, 64, 64, 300],
                           "height": [48] * 4})  # fmt: skip
    line = {"start": 5, "end": 9, "x0": 0.25, "y0": 0.75, "x1": 0.75, "y1": 0.875}
    shots = pl.DataFrame({"lettering": [[line], []]}, schema=dict(OF_SHOTS))
    assert located(stills, shots) == {"a": [], "b": [(0.25, 0.75, 0.75, 0.875)], "c": []}  # a stitched one is not there


def test_the_share_under_lines() -> None:
    assert cover([(0, 0, 10, 10), (5, 0, 15, 10)], 20, 20) == 150 / 400
    assert part((0.0, 0.0, 0.5, 0.5), (0.25, 0.0, 1.0, 1.0)) == 0.5


def test_a_sign_does_not_make_a_still_worse_and_lines_are_in_the_table() -> None:
    image = with_sign_and_subtitle()
    rows = quality([[("a", image), ("b", image), ("c", image)]], PARAMS, {"a": [], "b": [LOW]})
    assert rows["text"].list.len().to_list() == [0, 1, 2]
    assert rows["text_cover"][0] == 0 < rows["text_cover"][1] < rows["text_cover"][2]
    lines = texts_of(rows)
    assert list(lines) == ["b", "c"] and lines["b"][0][1] > 400
