#!/usr/bin/env bash
# Expected: a picture of 95x63 px with halved chroma becomes the RGB that the same planes give as 96x64, but for what is
#           cut off: its 48 columns of chroma are each two columns of luma wide.
# Happens:  with full_chroma_int, which is asked for where colours are to be good, FFmpeg's swscale stretches the 48
#           columns of chroma over the 95 of luma: colours drift to half a pixel beside their lines, over all of the
#           picture; at edges between strong colours that is nearly half of all levels.
# Versions: av==18.1.0 (libswscale 9.5.102), Python 3.11. Seen: 2026-11-29.
# Matters:  short WebMs and MP4s of the web often have an odd side (405x720), and are what motion is learnt from; a data
#           set's colours should not depend on whether a side is even.
# genga:    gives such frames their last column and row twice, converts, and cuts them off.
# Output:
#   96x64: 0 of 255 levels from what the even picture gives at most, 0.00 in the mean
#   95x64: 110 of 255 levels from what the even picture gives at most, 5.13 in the mean
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6

venv/bin/python - <<'EOF'
from fractions import Fraction

import av
import av.filter
import numpy as np

tones = np.random.default_rng(3).integers(0, 255, (8, 12, 3), dtype=np.uint8)
picture = np.kron(tones, np.ones((8, 8, 1), np.uint8))  # 64 x 96, blocks of colour
even = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")


def cropped(width, height):
    """The same planes, of so many columns and rows: what a decoder gives of a video of that size."""
    made = av.VideoFrame(width, height, "yuv420p")
    for old, new in zip(even.planes, made.planes, strict=True):
        lines = np.zeros((new.buffer_size // new.line_size, new.line_size), np.uint8)
        source = np.frombuffer(memoryview(old), np.uint8).reshape(-1, old.line_size)[: new.height, : new.line_size]
        lines[: len(source), : source.shape[1]] = source
        new.update(lines.tobytes())
    return made


def rgb(frame):
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 24)),
        graph.add("scale", f"{frame.width}:{frame.height}:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"),
        graph.add("format", "rgb24"),
        graph.add("buffersink"),
    ).configure()
    graph.vpush(frame)
    return graph.vpull().to_ndarray().astype(int)


off = {}
for width, height in ((96, 64), (95, 64)):
    off[width] = np.abs(rgb(cropped(width, height)) - rgb(even)[:height, :width])
    print(f"{width}x{height}: {off[width].max()} of 255 levels from what the even picture gives at most, "
          f"{off[width].mean():.2f} in the mean")
assert off[96].max() == 0 and off[95].max() > 40 and off[95].mean() > 1
EOF
