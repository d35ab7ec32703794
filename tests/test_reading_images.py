"""Reading images by the rows of a table: in order, one batch ahead of whoever looks at them, each prepared once."""

import threading
import time

import numpy as np
import polars as pl
import pytest

from genga.errors import GengaError
from genga.images.codec import encode
from genga.images.image import Pictures, by_level
from genga.images.reading import ahead, batched, prepared
from genga.store.shards import writing_shard


def test_batched_keeps_order():
    assert list(batched(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batched([], 3)) == []


def test_batched_works_ahead_in_a_thread_but_not_far():
    seen, threads = [], set()

    def items():
        for i in range(100):
            seen.append(i)
            threads.add(threading.current_thread().name)
            yield i

    batches = batched(items(), 2, ahead=1)
    assert next(batches) == [0, 1]
    batches.close()
    assert len(seen) <= 4
    assert threads.isdisjoint({threading.current_thread().name})


def test_batched_passes_errors_on():
    def items():
        yield 1
        raise GengaError("frame 2 is damaged")

    with pytest.raises(GengaError, match="frame 2 is damaged"):
        list(batched(items(), 1))


class Brightest:
    """A preparation that counts what it does; two of the same `plus` are equal."""

    def __init__(self, plus, seen):
        self.plus, self.seen = plus, seen

    def __eq__(self, other):
        return self.plus == other.plus

    def __hash__(self):
        return self.plus

    def __call__(self, image):
        self.seen.append(int(image.max()))
        return np.array([image.max() + self.plus], np.float32)


@pytest.fixture
def stills(tmp_path, monkeypatch):
    """Seven stills, 3 px high and as wide as 1 .. 7, whose pixels are of their number."""
    monkeypatch.chdir(tmp_path)
    with writing_shard("stills.tar") as shard:
        rows = [
            {"still": f"s{i}", **shard.add(f"{i}.png", encode(np.full((3, i + 1, 3), i, np.uint8)))} for i in range(7)
        ]
    return pl.DataFrame(rows)


def test_equal_preparations_are_made_once_and_in_order(stills):
    seen = []
    models = [Brightest(10, seen), Brightest(10, seen), Brightest(20, seen)]
    batches = list(prepared(stills, "still", "x", models, 3, threads=4))
    assert [[name for name, _ in batch] for batch in batches] == [["s0", "s1", "s2"], ["s3", "s4", "s5"], ["s6"]]
    together = Pictures.joined(pictures for batch in batches for _, pictures in batch)
    assert [image.shape for image in together] == [(3, i + 1, 3) for i in range(7)]
    given = [[float(one[0]) for one in together.given(how)] for how in models]
    assert given == [[10, 11, 12, 13, 14, 15, 16], [10, 11, 12, 13, 14, 15, 16], [20, 21, 22, 23, 24, 25, 26]]
    assert sorted(seen) == sorted([*range(7), *range(7)])


def test_views_of_an_image_are_prepared_and_the_image_is_read_once(stills):
    seen = []
    views = lambda name, image: [image, image[:1] + 100] if name == "s1" else [image]  # noqa: E731
    ((_, (_, of_second)),) = list(prepared(stills[:2], "still", "x", [Brightest(0, seen)], 2, 1, views))
    assert [float(one[0]) for one in of_second.given(Brightest(0, []))] == [1, 101]
    assert sorted(seen) == [0, 1, 101]


def test_what_is_looked_at_and_one_batch_more_is_in_memory(stills):
    seen = []
    batches = prepared(stills, "still", "x", [Brightest(0, seen)], 2, threads=2)
    next(batches)
    time.sleep(0.05)
    batches.close()
    assert len(seen) <= 4


def test_the_first_still_that_is_damaged_is_named(stills):
    with writing_shard("stills.tar") as shard:
        rows = [{"still": f"s{i}", **shard.add(f"{i}.png", b"no image")} for i in range(7)]
    with pytest.raises(GengaError, match=r"^s2: not a readable image"):
        list(prepared(pl.DataFrame(rows)[2:], "still", "x", [], 4, threads=4))
    with pytest.raises(GengaError, match=r"stills\.tar: bytes 512\.\.\d+ are damaged"):
        list(prepared(stills, "still", "x", [], 4, threads=4))


def test_ahead_keeps_order_and_calls_on_threads_of_its_own():
    def slow_first(number):
        time.sleep(0.02 if number == 0 else 0)
        return number, threading.current_thread().name

    made = list(ahead(slow_first, range(9), threads=3, most=4))
    assert [number for number, _ in made] == list(range(9))
    assert threading.current_thread().name not in {name for _, name in made}
    assert list(ahead(slow_first, [], threads=3, most=4)) == []


def test_pictures_make_what_is_not_there_and_parts_share_it():
    seen = []
    pictures = Pictures([np.full((2, 2, 3), i, np.uint8) for i in range(4)])
    assert [float(one[0]) for one in pictures[1:3].given(Brightest(5, seen))] == [6, 7]
    assert [float(one[0]) for one in pictures.given(Brightest(5, seen))] == [5, 6, 7, 8]
    assert seen == [1, 2, 0, 3]
    assert pictures[3].max() == 3 and len(pictures[1:3]) == 2


def test_levels_are_looked_up_by_channel():
    pixels = np.array([[[0, 1, 2], [255, 254, 253]]], np.uint8)
    levels = np.stack([np.arange(256), np.arange(256) * 10, np.arange(256) * 100]).astype(np.float32)
    assert by_level(pixels, levels).tolist() == [[[0, 255]], [[10, 2540]], [[200, 25300]]]
