"""How many threads OpenCV uses in this process: set here and nowhere else. Torch's are genga.training's."""

import cv2


def one_thread_each() -> None:
    """Have each call of OpenCV do its work in the thread that calls it.

    Grids are small, and stills are spread over threads: handing parts to further ones takes longer than the work.
    """
    cv2.setNumThreads(1)
