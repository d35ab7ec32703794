"""How the shots of a drawn film are joined where both pictures move: dissolves of every length, at other frame rates.

A film has 24 drawings' frames a second; at 30 or 60 frames a second each is shown for one, two or three, and what is
mixed goes on in every frame, or is held with the drawings, as where a film was finished at 24.
"""

from collections.abc import Sequence
from itertools import cycle

from demo.film.shots import Exposure, Shot
from demo.film.timeline import Frame

_FILM = 24  # frames of film a second
_REST = 2  # frames of a shot that are shown before its first and after its last change


def moving(shot: Shot) -> tuple[Exposure, ...]:
    """The exposures of a shot from shortly before its first change to shortly after its last."""
    changes = [k for k in range(1, len(shot.exposures)) if shot.exposures[k] != shot.exposures[k - 1]]
    return shot.exposures[max(0, changes[0] - _REST) : changes[-1] + _REST] if changes else shot.exposures


def overlapped(shots: Sequence[Shot], lengths: Sequence[int], rate: int, baked: bool, n: int) -> list[Frame]:
    """The first n frames of shots, each of which dissolves into the next while both go on.

    lengths: frames of the dissolves, over and over. rate: frames a second. baked: shares are held as drawings are.
    """
    frames: list[Frame] = []
    wanted = cycle(lengths)
    before = 0  # frames of this shot that were mixed with the one before it
    for number, shot in enumerate(shots):
        film = moving(shot)
        shown = [film[k * _FILM // rate] for k in range(len(film) * rate // _FILM)]
        mixed = min(next(wanted), (len(shown) - before) // 2)
        frames += [Frame(number, exposure) for exposure in shown[before : len(shown) - mixed]]
        if number + 1 == len(shots):
            break
        after = moving(shots[number + 1])
        for k, exposure in enumerate(shown[len(shown) - mixed :]):
            held = k if not baked else (k * _FILM // rate) * rate // _FILM
            share = (held + 1) / (mixed + 1)
            other = after[min(k * _FILM // rate, len(after) - 1)]
            frames.append(Frame(number + (share > 0.5), exposure, other, share))
        before = mixed
    return frames[:n]
