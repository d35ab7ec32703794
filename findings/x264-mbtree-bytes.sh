#!/usr/bin/env bash
# Expected: x264 in one thread makes equal bytes of equal pictures (it says "deterministic" of itself).
# Happens:  with mbtree, which every preset from `veryfast` on has, the bytes depend on what lay in memory before: at
#           sizes whose macroblocks do not fill its vectors, the lookahead takes in values that nobody wrote. glibc can
#           fill fresh memory with a byte of one's own (MALLOC_PERTURB_), and each byte gives another file. Without
#           that it happens now and then: a file in a thousand differs, one in two after other work in the process.
#           `bframes=0` makes it rarer; `mbtree=0` ends it; `asm=0`, twice as slow, too.
# Versions: av==18.1.0 (x264 core 165), Python 3.11, x86-64 Linux with glibc. Seen: 2026-11-29.
# Matters:  a data set's clips are written again from frames and compared by hash; small clips, of the sizes that
#           training takes, are the ones that differ.
# genga:    writes MP4 with mbtree=0 and a crf that is lower by so much that pictures are as good.
# Output:
#   mbtree:    3 of 5 sizes have other bytes with other memory
#   bframes=0: 1 of 5 sizes have other bytes with other memory
#   mbtree=0:  0 of 5 sizes have other bytes with other memory
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6

cat >encode.py <<'EOF'
import hashlib
import sys

import av
import numpy as np

for height, width in ((122, 146), (160, 96), (192, 96), (130, 210), (66, 98)):
    y, x = np.mgrid[:height, :width]
    hashed = hashlib.sha256()
    with av.open("out.mp4", "w") as file:
        stream = file.add_stream("libx264", rate=12, options={"crf": "12", "x264-params": sys.argv[1]})
        stream.width, stream.height, stream.pix_fmt, stream.thread_count = width, height, "yuv420p", 1
        frames = []
        for k in range(12):
            luma = 128 + 60 * np.sin((y + 3 * k) / 9) * np.cos((1.3 * x + 5 * k) / 7)
            planes = [luma.astype(np.uint8).ravel(), np.full(height * width // 2, 128, np.uint8)]
            frame = av.VideoFrame.from_ndarray(np.concatenate(planes).reshape(-1, width), format="yuv420p")
            frame.pts = k
            frames.append(frame)
        for packet in (packet for frame in [*frames, None] for packet in stream.encode(frame)):
            hashed.update(bytes(packet))
    print(hashed.hexdigest())
EOF

for params in keyint=250 bframes=0 mbtree=0; do
    for filled in 1 170 255; do
        MALLOC_PERTURB_=$filled venv/bin/python encode.py "$params" >"$params.$filled"
    done
done

venv/bin/python - <<'EOF'
counts = []
for name, params in (("mbtree:   ", "keyint=250"), ("bframes=0:", "bframes=0"), ("mbtree=0: ", "mbtree=0")):
    told = zip(*(open(f"{params}.{filled}").read().split() for filled in (1, 170, 255)), strict=True)
    counts.append(sum(len(set(of)) > 1 for of in told))
    print(f"{name} {counts[-1]} of 5 sizes have other bytes with other memory")
assert counts[0] > 0 and counts[2] == 0, counts
EOF
