#!/usr/bin/env bash
# Expected: decoded frames come in the order in which they are shown, with times that grow.
# Happens:  H.264 with B-frames in AVI: the order is right, the times jump back and forth (1, 3, 4, 2, …). AVI has no
#           times; FFmpeg numbers packets in the order of decoding, and a frame carries the number of the packet it came
#           in. OpenCV goes by the last packet read: its times grow, are two frames late, and 0 for the last two frames.
# Versions: av==18.1.0, opencv-python-headless==5.0.0.93, Python 3.11. Seen: 2026-11-28.
# Matters:  older releases of series are H.264 in AVI. Sorting frames by time, as data sets do, shuffles the drawings; a
#           difference of two times, as for holds and shots, is below zero for every third frame.
# genga:    the first frame that is shown gets the lowest of these numbers, the second the next, and so on.
# Output:
#   MKV: PyAV 0.00 0.04 0.08 0.12 … 0.92 0.96 s, 0 of 23 steps go back
#        OpenCV 0.00 0.04 0.08 0.12 … 0.92 0.96 s, 0 of 23 steps go back
#   AVI: PyAV 0.04 0.12 0.17 0.08 … 0.88 1.00 s, 7 of 23 steps go back
#        OpenCV 0.08 0.12 0.17 0.21 … 0.00 0.00 s, 2 of 23 steps go back
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 opencv-python-headless==5.0.0.93 imageio-ffmpeg==0.8.1 numpy==2.4.6

ffmpeg=$(venv/bin/python -c "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
source=(-f lavfi -i testsrc2=size=160x96:rate=24:duration=1)
"$ffmpeg" -nostdin -v error "${source[@]}" -c:v libx264 -bf 2 film.mkv
"$ffmpeg" -nostdin -v error -i film.mkv -c copy -bsf:v h264_mp4toannexb film.avi

venv/bin/python - <<'EOF'
from itertools import pairwise

import av
import cv2
import numpy as np


def report(who, times):
    back = sum(after <= before for before, after in pairwise(times))
    first, last = (" ".join(f"{time:.2f}" for time in some) for some in (times[:4], times[-2:]))
    print(f"{who} {first} … {last} s, {back} of {len(times) - 1} steps go back")
    return back


def read(name):
    with av.open(name) as container:
        frames = [(float(frame.time), frame.to_ndarray()) for frame in container.decode(video=0)]
    film, milliseconds = cv2.VideoCapture(name), []
    while film.read()[0]:
        milliseconds.append(film.get(cv2.CAP_PROP_POS_MSEC))
    by_av = report(f"{name[-3:].upper()}: PyAV", [time for time, _ in frames])
    by_cv = report("     OpenCV", [time / 1000 for time in milliseconds])
    return by_av, by_cv, [picture for _, picture in frames]


*mkv, pictures = read("film.mkv")
*avi, same = read("film.avi")
assert mkv == [0, 0] and avi[0] > 3 and avi[1] > 0
assert all(np.array_equal(a, b) for a, b in zip(pictures, same, strict=True)), "the order of the pictures is right"
EOF
