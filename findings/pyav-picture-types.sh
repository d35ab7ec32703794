#!/usr/bin/env bash
# Expected: frames decoded by PyAV and given to an encoder are pictures; which become keyframes is up to the encoder.
# Happens:  a decoded frame keeps the type that it had in the source (pict_type), and libx264 takes that for an order. A
#           source of keyframes alone stays one of keyframes alone, in three times the bytes, whatever gop_size says.
#           pict_type = 0 on every frame gives the encoder its freedom back.
# Versions: av==18.1.0, Python 3.11. Seen: 2026-11-28.
# Matters:  clips for training are cut from mezzanine files that have keyframes alone (ProRes, DNxHD, all-intra H.264),
#           and come out three times as large as they were planned to be.
# genga:    sets pts and pict_type to 0 before it encodes a still.
# Output:
#   frames as decoded:  96 of 96 packets are keyframes, 414755 bytes
#   with pict_type = 0: 1 of 96 packets are keyframes, 118937 bytes
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6

venv/bin/python - <<'EOF'
import av
import av.filter


def encoded(frames, name, **options):
    """Encode frames as H.264; return (keyframes, packets, bytes)."""
    with av.open(name, "w") as container:
        stream = container.add_stream("libx264", rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        packets = [packet for frame in [*frames, None] for packet in stream.encode(frame)]
        found = sum(packet.is_keyframe for packet in packets), len(packets), sum(packet.size for packet in packets)
        container.mux(packets)
    return found


def drawn(count):
    graph = av.filter.Graph()
    source, pixels = graph.add("testsrc2", "size=320x180:rate=24"), graph.add("format", "yuv420p")
    graph.link_nodes(source, pixels, graph.add("buffersink")).configure()
    return [graph.vpull() for _ in range(count)]


def decoded(free):
    with av.open("keyframes.mkv") as container:
        for frame in container.decode(video=0):
            if free:
                frame.pict_type = 0
            yield frame


encoded(drawn(96), "keyframes.mkv", g="1", crf="10")
as_decoded = encoded(decoded(free=False), "a.mkv", g="250", crf="23")
free = encoded(decoded(free=True), "b.mkv", g="250", crf="23")
print("frames as decoded:  {} of {} packets are keyframes, {} bytes".format(*as_decoded))
print("with pict_type = 0: {} of {} packets are keyframes, {} bytes".format(*free))
assert as_decoded[0] == 96 and free[0] < 3 and as_decoded[2] > 2 * free[2]
EOF
