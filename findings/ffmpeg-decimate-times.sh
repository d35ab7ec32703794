#!/usr/bin/env bash
# Expected: decimate leaves one frame in five out and lets the others keep their times, as mpdecimate does.
# Happens:  it counts: each frame comes one step of four fifths of the rate after the last, from the first one's time
#           on. A gap in the source is closed, and a source of variable rate runs at another speed. Nothing is said.
# Versions: imageio-ffmpeg==0.8.1 (its FFmpeg 9.0.2), Python 3.11. Seen: 2026-11-28.
# Matters:  undoing telecine (fieldmatch, decimate) is the first step for DVDs and broadcasts, which have gaps where a
#           recording lost packets. Times of frames no longer fit subtitles, audio, or another decoder's times.
# genga:    takes no time from the filter: each frame carries its own through it.
# Output:
#   source:     120 frames, the last at 13.97 s
#   mpdecimate: 120 frames, the last at 13.97 s
#   decimate:   96 frames, the last at 4.00 s
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet imageio-ffmpeg==0.8.1

venv/bin/python - <<'EOF'
import re
import subprocess

from imageio_ffmpeg import get_ffmpeg_exe

# Four seconds of 30 frames/s, with a gap of ten seconds in the middle.
SOURCE = "testsrc2=size=160x96:rate=30:duration=4,setpts=PTS+gte(N\\,60)*10/TB"


def shown(*filters):
    graph = ",".join([SOURCE, *filters, "showinfo"])
    command = [get_ffmpeg_exe(), "-nostdin", "-f", "lavfi", "-i", graph, "-fps_mode", "passthrough", "-f", "null", "-"]
    log = subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True).stderr
    return [float(time) for time in re.findall(r"pts_time:\s*([0-9.]+)", log)]


def last(name, *filters):
    times = shown(*filters)
    print(f"{name + ':':11} {len(times)} frames, the last at {times[-1]:.2f} s")
    return times[-1]


assert 13.9 < last("source") < 14
assert 13.9 < last("mpdecimate", "mpdecimate") < 14
assert last("decimate", "decimate") < 4.1
EOF
