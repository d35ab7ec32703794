"""Joining things in pairs, and what hangs together afterwards (connected components, by union-find)."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def components(things: Iterable[T], joined: Iterable[tuple[T, T]]) -> dict[T, int]:
    """Return the number of the component each thing is in, counted from 0 in the order of things.

    joined: pairs of things. Their order does not matter.
    """
    leader = {thing: thing for thing in things}

    def find(thing: T) -> T:
        while leader[thing] != thing:
            leader[thing] = thing = leader[leader[thing]]
        return thing

    for a, b in joined:
        leader[find(b)] = find(a)
    numbers: dict[T, int] = {}
    return {thing: numbers.setdefault(find(thing), len(numbers)) for thing in leader}
