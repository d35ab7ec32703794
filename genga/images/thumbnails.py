"""Pictures for a page that is one file: small, and no more of them than a page can bear."""

from collections.abc import Callable, Iterable, Sequence

import cv2

from genga.images.image import Image


def thumbnail(image: Image, side: int) -> Image:
    """Return the image with its longer side at most `side` px; smaller ones as they are."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(image.dtype, copy=False)


def within_budget(
    groups: Iterable[Sequence[str]], picture: Callable[[str], str], limit: int
) -> tuple[int, dict[str, str]]:
    """Return how many groups of pictures fit, the first at least, and the data URIs of what they show, by name.

    groups: the names of the pictures that must be shown together; a picture that several show counts once. limit:
    characters of all data URIs.
    """
    shown: dict[str, str] = {}
    used = fit = 0
    for names in groups:
        new = {name: picture(name) for name in dict.fromkeys(names) if name not in shown}
        used += sum(map(len, new.values()))
        if fit and used > limit:
            break
        shown |= new
        fit += 1
    return fit, shown
