"""Signatures that differ in few bits are found, among few by comparing all, among many by tables."""

import faiss
import numpy as np
import pytest

from bench.search import flipped, planted
from genga.drawings import signatures
from genga.drawings.signatures import index_for, nearest


def code(*bits: int) -> bytes:
    """32 bytes with these bits set."""
    return np.packbits(np.isin(np.arange(256), bits)).tobytes()


def codes(*each: bytes) -> np.ndarray:
    return np.frombuffer(b"".join(each), np.uint8).reshape(len(each), -1)


def test_the_nearest_come_first() -> None:
    bits, numbers = nearest(codes(code(0)), codes(code(5, 6), code(), code(0)), 3)
    assert numbers.tolist() == [[2, 1, 0]] and bits.tolist() == [[0, 1, 3]]


def test_there_are_no_more_than_there_are() -> None:
    bits, numbers = nearest(codes(code()), codes(code(1)), 2)
    assert numbers.tolist() == [[0, -1]] and bits[0, 1] > 256


def test_many_are_looked_up_in_tables() -> None:
    assert isinstance(index_for(256, 50_000), faiss.IndexBinaryFlat)
    many = index_for(256, 10_000_000)
    assert isinstance(many, faiss.IndexBinaryMultiHash) and (many.b, many.nhash) == (22, 11)


def test_repeats_among_many_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "EXACT", 100)
    found, copies, originals = planted(2000, np.random.default_rng(0))
    bits, numbers = nearest(found, found, 4)
    assert (numbers[:, 0] >= 0).all() and (bits[:, 0] == 0).all()
    assert (numbers[copies] == originals[:, None]).any(axis=1).mean() >= 0.99


def test_bits_are_flipped_as_often_as_said() -> None:
    zeros = np.zeros((4000, 32), np.uint8)
    turned = np.bitwise_count(flipped(zeros, 5.0, np.random.default_rng(0))).sum(axis=1)
    assert 4.6 < turned.mean() < 5.2 and np.median(turned) == 4  # a bit turned twice is not turned
