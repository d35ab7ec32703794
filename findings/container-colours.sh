#!/usr/bin/env bash
# Expected: a video whose container says that it is HDR (Matroska's Colour, MP4's colr) is decoded to frames that say so.
# Happens:  frames of HEVC and ProRes say nothing of it: where the stream itself is silent, FFmpeg's decoders put their own
#           "not stated" over what the container says, also in the stream that was opened. MPEG-4's leaves it.
# Versions: av==18.1.0, Python 3.11. Seen: 2026-11-29.
# Matters:  HDR shown as SDR is grey and flat, and a tone curve that goes by the frame is left out without a word.
# genga:    keeps what the container says before anything is decoded, and puts it into frames that say nothing.
# Output:
#   libx265 in mkv: the container says 16, the frame 2
#   prores_ks in mov: the container says 16, the frame 2
#   mpeg4 in mkv: the container says 16, the frame 16
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6

venv/bin/python - <<'EOF'
import av
import numpy as np

PQ, BT2020, UNSTATED = 16, 9, 2  # codes of ISO/IEC 23091-2


def write(name, codec, pixels, options):
    with av.open(name, "w") as container:
        stream = container.add_stream(codec, rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 96, pixels
        grey = av.VideoFrame.from_ndarray(np.full((96, 128, 3), 150, np.uint8), format="rgb24")
        container.mux([*stream.encode(grey.reformat(format=pixels)), *stream.encode(None)])


def state(name, out):
    """The same packets, in a container that says that they are PQ of BT.2020."""
    with av.open(name) as source, av.open(out, "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        said = stream.codec_context
        said.color_trc, said.color_primaries, said.colorspace = PQ, BT2020, BT2020
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                container.mux(packet)


def seen(name):
    """The transfer that PyAV's stream has when it is opened, and that its first frame has."""
    with av.open(name) as container:
        stream = container.streams.video[0]
        opened = int(stream.codec_context.color_trc)
        return opened, int(next(container.decode(stream)).color_trc)


for codec, pixels, kind, options in (
    ("libx265", "yuv420p10le", "mkv", {"x265-params": "log-level=0"}), ("prores_ks", "yuv422p10le", "mov", {}),
    ("mpeg4", "yuv420p", "mkv", {}),
):
    write(f"plain.{kind}", codec, pixels, options)
    state(f"plain.{kind}", f"stated.{kind}")
    found = seen(f"stated.{kind}")
    print("{} in {}: the container says {}, the frame {}".format(codec, kind, *found))
    assert found == (PQ, PQ if codec == "mpeg4" else UNSTATED)
EOF
