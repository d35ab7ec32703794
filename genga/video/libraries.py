"""Which libraries decode and encode here: what a picture is, to the bit, can depend on."""

from importlib.metadata import PackageNotFoundError, version
from platform import python_version

import av

_PACKAGES = ("av", "numpy", "opencv-python-headless", "pillow", "pillow-jxl-plugin", "polars", "pyarrow")


def libraries() -> dict[str, str]:
    """Return name -> version of FFmpeg's libraries and of the packages that pictures and tables go through."""
    found = {name: ".".join(map(str, numbers)) for name, numbers in av.library_versions.items()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # of another name, as opencv-python is
            continue
    return dict(sorted({**found, "python": python_version()}.items()))
