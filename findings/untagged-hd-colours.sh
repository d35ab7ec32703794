#!/usr/bin/env bash
# Expected: HD video whose file does not state a colour matrix is read as BT.709, as players show it.
# Happens:  PyAV and OpenCV, both by FFmpeg's swscale, take it for BT.601 at any size: a red coat comes out darker, by
#           15 levels in red and 19 in green. Where the matrix is stated both are right. Nothing is said.
# Versions: av==18.1.0, opencv-python-headless==5.0.0.93, Python 3.11. Seen: 2026-11-28.
# Matters:  many encodes of series state no matrix. A model learns other skin and hair than the screen shows, and a data
#           set mixes both, as other episodes state it.
# genga:    takes an unstated matrix for BT.709 from a width of 1280 on or above 576 lines, else for BT.601, and says so.
# Output:
#   RGB 200 30 60, 720 lines, BT.709 stated: PyAV 200 31 60, OpenCV 200 31 60
#   RGB 200 30 60, 720 lines, not stated: PyAV 185 11 61, OpenCV 185 11 61
#   the same, PyAV told that it is BT.709: 200 31 60
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 opencv-python-headless==5.0.0.93 numpy==2.4.6

venv/bin/python - <<'EOF'
import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace

COLOUR = (200, 30, 60)
UNSTATED = 2  # code of ISO/IEC 23091-2


def write(name, stated):
    drawn = av.VideoFrame.from_ndarray(np.full((720, 1280, 3), COLOUR, np.uint8), format="rgb24")
    frame = drawn.reformat(format="yuv444p", dst_colorspace=Colorspace.ITU709)
    with av.open(name, "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv444p"
        frame.colorspace = stream.codec_context.colorspace = int(Colorspace.ITU709) if stated else UNSTATED
        container.mux([*stream.encode(frame), *stream.encode(None)])


def read(name, **how):
    with av.open(name) as container:
        frame = next(container.decode(video=0))
    return frame.reformat(format="rgb24", **how).to_ndarray()[360, 640]


def off(stated):
    write("film.mkv", stated)
    seen = read("film.mkv"), cv2.VideoCapture("film.mkv").read()[1][360, 640, ::-1]
    what = "BT.709 stated" if stated else "not stated"
    print("RGB 200 30 60, 720 lines, {}: PyAV {} {} {}, OpenCV {} {} {}".format(what, *seen[0], *seen[1]))
    return [int(abs(pixel.astype(int) - COLOUR).max()) for pixel in seen]


assert max(off(stated=True)) <= 2
assert min(off(stated=False)) >= 10
told = read("film.mkv", src_colorspace=Colorspace.ITU709)
print("the same, PyAV told that it is BT.709: {} {} {}".format(*told))
assert abs(told.astype(int) - COLOUR).max() <= 2
EOF
