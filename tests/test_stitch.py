"""One picture of all that a camera passed over."""

import cv2
import numpy as np
import polars as pl
from films import as_rgb, texture

from genga.drawings._stills.file import Made
from genga.drawings._stills.stitched import MOST, parts, stitched
from genga.images.panorama import canvas, stitch

LARGE = cv2.GaussianBlur(np.dstack([texture(seed, 600, 160) for seed in (1, 2, 3)]), (0, 0), 2)


def window(x: float, zoom: float = 1.0) -> np.ndarray:
    """What a camera sees of the large drawing, (120, 160, 3): its left edge, and how much closer it is."""
    way = np.array([[zoom, 0, -zoom * x], [0, zoom, -zoom * 20]], np.float32)
    return cv2.warpAffine(LARGE, way, (160, 120), flags=cv2.INTER_CUBIC)


def apart(picture: np.ndarray, large: np.ndarray) -> float:
    """Mean difference of a picture to the same-sized part of a larger one that is most like it."""
    found = cv2.matchTemplate(large, picture, cv2.TM_SQDIFF)
    _, _, (x, y), _ = cv2.minMaxLoc(found)
    height, width = picture.shape[:2]
    return float(np.abs(picture.astype(int) - large[y : y + height, x : x + width]).mean())


def test_a_pan_becomes_its_background() -> None:
    picture, used, (left, top) = stitch([window(x) for x in range(40, 241, 20)])
    assert used == 11 and 120 <= picture.shape[0] <= 123 and abs(picture.shape[1] - 360) <= 3
    assert left in range(3) and top in range(3)
    assert apart(picture[4:116, 4:350], LARGE) < 3


def test_where_the_first_frame_lies() -> None:
    """A pan to the left: the frame that it starts from is at the right end, 100 px from the other."""
    back = [window(x) for x in range(140, 39, -20)]
    picture, used, (left, top) = stitch(back)
    assert used == 6 and abs(left - 100) <= 2 and top in range(3)
    assert apart(picture[top + 4 : top + 116, left + 4 : left + 156], back[0]) < 3
    assert stitch(back[:1])[1:] == (1, (0, 0))


def test_a_figure_that_passes_falls_out() -> None:
    views = [window(x) for x in range(40, 141, 10)]
    for k, view in enumerate(views):
        view[40:60, 12 * k : 12 * k + 12] = 255  # at x 40 + 22 k of the drawing
    picture, used, _ = stitch(views)
    assert used == 11
    assert apart(picture[30:80, 50:200], LARGE) < 3
    assert apart(views[5][30:80, 10:150], LARGE) > 4


def test_drawing_back_shows_more() -> None:
    picture, used, _ = stitch([window(200 - 4 * k, 1.5 - 0.05 * k) for k in range(9)])
    assert used == 9 and picture.shape[1] > 180


def test_what_cannot_be_aligned_is_left_out() -> None:
    other = np.dstack([texture(9)] * 3)
    picture, used, _ = stitch([window(40), other, window(60)])
    assert used == 1 and (picture == window(40)).all()
    assert stitch([window(40)])[1] == 1


def test_the_same_frames_give_the_same_picture() -> None:
    views = [window(x) for x in (40, 60, 80)]
    assert (stitch(views)[0] == stitch(views)[0]).all()


def test_the_canvas_is_what_all_cover() -> None:
    right = np.array([[1, 0, 30.5], [0, 1, -4], [0, 0, 1]])
    assert canvas([np.eye(3), right], 160, 120) == ((0, -4), (191, 124))
    assert canvas([np.eye(3)], 160, 120) == ((0, 0), (160, 120))


def test_the_frames_of_a_move_are_the_parts_of_its_keeper() -> None:
    dedup = pl.DataFrame(
        {
            "frame": range(8),
            "shot": [0, 0, 0, 0, 0, 1, 1, 1],
            "keeper": [0, 0, 0, 0, 4, 0, 0, 7],
            "reason": ["kept", "held", "stitched", "stitched", "kept", "recurring", "stitched", "kept"],
        }
    )
    assert parts(dedup) == {0: [0, 2, 3]}  # another shot's move over it is another picture
    many = pl.DataFrame(
        {"frame": range(99), "shot": [0] * 99, "keeper": [0] * 99, "reason": ["kept", *["stitched"] * 98]}
    )
    found = parts(many)[0]
    assert len(found) == MOST + 1 and found[:2] == [0, 1] and found[-1] == 98


def test_pictures_come_in_the_order_of_their_keepers() -> None:
    views = {0: window(40), 1: window(60), 2: window(200), 3: window(80), 5: window(300)}
    found = list(as_rgb(stitched({n: Made(view) for n, view in views.items()}.items(), {0: [0, 1, 3]})))
    assert [frame for frame, _ in found] == [0, 2, 5]
    assert abs(found[0][1].shape[1] - 200) <= 3 and (found[1][1] == views[2]).all()
