"""The finder of lines of text, and the drawn text that it learned from."""

import numpy as np
import pytest
import torch

from demo.teach.clutter import cluttered
from demo.teach.lettered import SIZE, Lettered, Line, apart, draw_lettered, mark, random_style
from demo.teach.letters import random_alphabet
from demo.teach.text_lines import Finder, loss_of
from genga.drawings._text import finder

BACKS = np.full((1, 480, 856), 128, np.uint8)


@pytest.mark.parametrize(
    ("box", "shrunk", "rows", "columns"),
    [
        ((8, 8, 40, 24), 0.0, (2, 6), (2, 10)),
        ((8, 8, 40, 24), 0.25, (3, 5), (3, 9)),
        ((0, 5, 40, 11), 0.25, (2, 3), (0, 10)),  # six px high: the row of its middle
        ((30, 0, 90, 16), 0.0, (0, 4), (8, 20)),  # beyond the edge
    ],
)
def test_cells_of_a_line_and_of_its_core(box, shrunk, rows, columns) -> None:
    cells = np.zeros((12, 20), np.uint8)
    mark(cells, box, shrunk)
    found = np.argwhere(cells)
    assert (found[:, 0].min(), found[:, 0].max() + 1) == rows
    assert (found[:, 1].min(), found[:, 1].max() + 1) == columns
    assert len(found) == (rows[1] - rows[0]) * (columns[1] - columns[0])


def test_pictures_with_text_are_drawn_by_their_seed() -> None:
    one, same, other = (draw_lettered(np.random.default_rng(seed), 6, BACKS) for seed in (3, 3, 4))
    assert np.array_equal(one.images, same.images) and np.array_equal(one.core, same.core)
    assert not np.array_equal(one.images, other.images)
    assert one.images.shape == (6, *SIZE) and one.line.shape == (6, SIZE[0] // 4, SIZE[1] // 4)
    assert one.line.any() and one.core.sum() < one.line.sum() and (one.core <= one.line).mean() > 0.99


def test_lines_that_are_laid_over_a_picture_lie_apart() -> None:
    rng = np.random.default_rng(0)
    ink, style = np.ones((10, 50), np.float32), random_style(rng)
    lines = [Line(ink, 0, y, 10, style) for y in (0, 5, 14)]
    assert [line.y for line in apart(lines)] == [0, 14]


@pytest.mark.parametrize("seed", range(6))
def test_letters_have_ink_and_clutter_is_no_letters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    letters = random_alphabet(rng)
    level, upright = letters.line(rng, 5), letters.line(rng, 5, upright=True)
    assert level.shape[1] > level.shape[0] and upright.shape[0] > upright.shape[1]
    assert 0.02 < level.mean() < 0.9 and level.max() <= 1
    back = np.full(SIZE, 128, np.uint8)
    assert cluttered(rng, back.copy()).shape == SIZE


def test_what_is_said_wrongly_is_lost_and_what_is_not_asked_is_not() -> None:
    truth = np.zeros((1, 4, 6), np.uint8)
    truth[0, 1:3, 1:5] = 1
    asked = np.ones_like(truth)
    logits = torch.from_numpy(truth).float()[:, None].repeat(1, 2, 1, 1) * 40 - 20

    def loss(asked: np.ndarray, said: torch.Tensor) -> float:
        return float(loss_of(said, Lettered(truth, truth, truth, asked)))

    assert loss(asked, logits) < 0.01 < 5 < loss(asked, -logits)
    wrong = logits.clone()
    wrong[0, :, 1, 1] = -20
    assert loss(asked, wrong) > 1
    asked[0, 1, 1] = 0
    assert loss(asked, wrong) < 0.01


def test_the_finder_answers_for_cells_of_four_px() -> None:
    net = Finder().eval()
    assert net(torch.zeros(1, 1, 64, 96)).shape == (1, 2, 16, 24)
    assert sum(one.numel() for one in net.parameters()) < 30_000
    likely = finder.likely_cores(np.full((61, 90), 90, np.uint8))
    assert likely.shape == (16, 24) and 0 <= likely.min() <= likely.max() <= 1
    assert finder.lines_in(np.full((480, 640), 90, np.uint8)) == []
    assert finder.lines_in(np.zeros((1, 1), np.uint8)) == []


def test_what_hangs_together_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    likely = np.zeros((120, 160), np.float32)
    likely[110:112, 40:120] = 0.95  # a subtitle
    likely[20:60, 150:152] = 0.6  # an upright line
    likely[70, 10] = 0.99  # a cell alone
    monkeypatch.setattr(finder, "likely_cores", lambda luma: likely)
    (upright, level) = finder.lines_in(np.zeros((480, 640), np.uint8))
    assert level == ((156, 436, 484, 452), True)
    assert upright == ((596, 76, 612, 244), False)


@pytest.mark.parametrize(
    ("boxes", "count"),
    [
        ([(0, 0, 40, 20), (56, 2, 90, 20)], 1),
        ([(0, 0, 40, 20), (64, 2, 90, 20)], 2),  # farther than it is high
        ([(0, 0, 40, 20), (44, 14, 90, 34)], 2),  # in another row
        ([(0, 0, 20, 30), (2, 40, 20, 64), (0, 70, 20, 96)], 1),  # letters of an upright line
        ([(0, 0, 40, 20), (0, 22, 40, 42)], 2),
    ],
)
def test_pieces_that_go_on_are_one_line(boxes, count) -> None:
    lines = finder.joined([finder.Piece(box, 3.0, 4) for box in boxes])
    assert len(lines) == count and sum(line.cells for line in lines) == 4 * len(boxes)
