"""Reading images by the rows of a table: in order, one batch ahead of whoever looks at them."""

import threading

import pytest

from genga.errors import GengaError
from genga.images.reading import batched


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
