"""Undo fields: weave film frames together again from a telecined video, or deinterlace, by FFmpeg's filters.

Frames keep the timestamps they came with: a filter that leaves frames out would count new ones. What comes out depends
on the frames before, so it has to be run from the start of a video, never from the middle.
"""

from collections.abc import Iterable, Iterator

import av.error
import av.filter
from av.video.frame import VideoFrame

from genga.video.interlace import Fields

# In telecined video some frames are woven of two moments all the same (a cut in the cadence, credits over film).
# A block of 8 px that differs by 3 % of the scale makes a frame its own, where only one in a cycle is left out.
_REPEAT = "mixed=1:blockx=8:blocky=8:dupthresh=3"


def chain(fields: Fields) -> list[tuple[str, str]]:
    """Return FFmpeg's filters, each with its arguments, that undo the fields of a video."""
    said = [] if fields.order == "auto" else [("setfield", fields.order)]
    if fields.kind == "deinterlace":
        return [*said, ("bwdif", f"mode=send_frame:parity={fields.order}:deint=all")]
    matched = [
        ("fieldmatch", f"order={fields.order}:mode=pc_n:combmatch=full"),
        ("bwdif", f"mode=send_frame:parity={fields.order}:deint=interlaced"),
    ]
    return [*said, *matched, *([("decimate", f"cycle={fields.cycle}:{_REPEAT}")] if fields.cycle else [])]


def undone(shown: Iterable[tuple[float, VideoFrame]], fields: Fields) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (time in s, frame) without combs, from all (time, frame) of a video in order."""
    graph, shape = None, None
    for time, frame in shown:
        if graph is None or shape != (frame.width, frame.height, frame.format.name):
            yield from drained(graph)
            graph, shape = made_for(frame, fields), (frame.width, frame.height, frame.format.name)
        frame.opaque = time  # goes through the filters with the frame
        graph.vpush(frame)
        yield from pulled(graph)
    yield from drained(graph)


def made_for(frame: VideoFrame, fields: Fields) -> av.filter.Graph:
    """Return a graph for frames of this size and format."""
    graph = av.filter.Graph()
    # The rate is a formality of `decimate`; no time is taken from it.
    source = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base={frame.time_base or 1}:"
        f"frame_rate=30000/1001:colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
    )
    nodes = [graph.add("buffer", source), *(graph.add(name, how) for name, how in chain(fields))]
    graph.link_nodes(*nodes, graph.add("buffersink")).configure()
    return graph


def pulled(graph: av.filter.Graph) -> Iterator[tuple[float, VideoFrame]]:
    """Yield the (time, frame) that a graph has ready."""
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, VideoFrame) and isinstance(frame.opaque, float)
        yield frame.opaque, frame


def drained(graph: av.filter.Graph | None) -> Iterator[tuple[float, VideoFrame]]:
    """End a graph and yield the (time, frame) that it still holds."""
    if graph is not None:
        graph.vpush(None)
        yield from pulled(graph)
