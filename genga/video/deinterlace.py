"""What FFmpeg's filters do to decoded frames: undo fields, cut off edges, lay what is transparent on a ground.

Fields are undone by weaving film frames together again from a telecined video, or by deinterlacing. Frames keep the
timestamps they came with: a filter that leaves frames out would count new ones. What comes of fields depends on the
frames before, so undoing them has to be run from the start of a video, never from the middle.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import av.error
import av.filter
import numpy as np
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from genga.images.image import MATRICES, matrix_of
from genga.video.interlace import PROGRESSIVE, Fields
from genga.video.streams import LARGEST, Colours

# In telecined video some frames are woven of two moments all the same (a cut in the cadence, credits over film).
# A block of 8 px that differs by 3 % of the scale makes a frame its own, where only one in a cycle is left out.
_REPEAT = "mixed=1:blockx=8:blocky=8:dupthresh=3"

# A picture times its alpha lies on black, and on white if it is turned over before and after. In 16 bits: in 8 FFmpeg
# makes 254 of 255 where nothing is transparent.
_LAID = {"black": ("premultiply",), "white": ("negate", "premultiply", "negate")}


@dataclass(frozen=True)
class Part:
    """What of a video is its picture, as `probe` found or was told."""

    stream: int | str = LARGEST  # its number in the file, or which one: genga.video.streams
    size: tuple[int, int] = (0, 0)  # px, of the frames that edges are cut off
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)  # px cut off left, above, right, below
    ground: str = "white"  # white or black: what shows through transparent px
    stated: Colours | None = None  # what the container says of colours; None: as it says when it is opened

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Part":
        """Return what `probe` recorded."""
        left, top, right, bottom = found["crop"]
        size = found["width"], found["height"]
        return cls(found["stream"], size, (left, top, right, bottom), found["ground"], Colours(*found["stated"]))


WHOLE = Part()


def chain(fields: Fields) -> list[tuple[str, str]]:
    """Return FFmpeg's filters, each with its arguments, that undo the fields of a video."""
    if fields.kind == "progressive":
        return []
    said = [] if fields.order == "auto" else [("setfield", fields.order)]
    if fields.kind == "deinterlace":
        return [*said, ("bwdif", f"mode=send_frame:parity={fields.order}:deint=all")]
    matched = [
        ("fieldmatch", f"order={fields.order}:mode=pc_n:combmatch=full"),
        ("bwdif", f"mode=send_frame:parity={fields.order}:deint=interlaced"),
    ]
    return [*said, *matched, *([("decimate", f"cycle={fields.cycle}:{_REPEAT}")] if fields.cycle else [])]


def trimmed(frame: VideoFrame, part: Part) -> list[tuple[str, str]]:
    """Return the filters that leave of a frame what is its picture, opaque."""
    filters = []
    if any(part.crop) and (frame.width, frame.height) == part.size:
        left, top, right, bottom = part.crop
        filters.append(("crop", f"{frame.width - left - right}:{frame.height - top - bottom}:{left}:{top}"))
    return filters + laid_on(frame, part)


def laid_on(frame: VideoFrame, part: Part) -> list[tuple[str, str]]:
    """Return the filters that lay a frame whose px may be transparent on its ground; none of others."""
    filters = []
    if is_clear(frame.format):
        laid = [(name, "inplace=1" if name == "premultiply" else "") for name in _LAID[part.ground]]
        how = f"in_color_matrix={matrix_of(frame) or 'auto'}:flags=accurate_rnd+full_chroma_int+full_chroma_inp"
        back = "sws_dither=none:flags=accurate_rnd"
        filters += [("scale", how), ("format", "gbrap16le"), *laid, ("scale", back), ("format", "gbrp")]
    return filters


def opaque(frame: VideoFrame) -> VideoFrame | None:
    """Return a frame of packed RGB with alpha as those filters leave it, if no px of it is transparent; else None."""
    if frame.format.name not in ("bgra", "rgba") or shows_through(frame):
        return None
    plain = frame.reformat(format="gbrp")
    plain.colorspace, plain.color_range = 0, ColorRange.JPEG  # RGB, of the whole range
    return plain


def shows_through(frame: VideoFrame) -> bool:
    """Whether some px of a frame are transparent."""
    if not is_clear(frame.format):
        return False
    packed = frame if frame.format.name in ("bgra", "rgba") else frame.reformat(format="rgba")
    rows = np.frombuffer(bytes(packed.planes[0]), np.uint8).reshape(frame.height, packed.planes[0].line_size)
    return bool(rows[:, 3 : 4 * frame.width : 4].min(initial=255) < 255)


def is_clear(kind: VideoFormat) -> bool:
    """Whether px of this format may be transparent."""
    return any(component.is_alpha for component in kind.components)


def undone(
    shown: Iterable[tuple[float, VideoFrame]], fields: Fields = PROGRESSIVE, part: Part = WHOLE
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (time in s, frame) without combs, edges and transparency, from all (time, frame) of a video in order."""
    graph, shape, laid = None, None, False  # laid: whether the graph does no more than take transparency out
    for time, frame in shown:
        if shape != (now := (frame.width, frame.height, frame.format.name)):
            yield from drained(graph)
            filters = [*chain(fields), *trimmed(frame, part)]
            graph, shape = made_for(frame, filters) if filters else None, now
            laid = filters == laid_on(frame, part)
        if graph is None:
            yield time, frame
            continue
        if laid and (plain := opaque(frame)) is not None:
            yield time, plain
            continue
        if any(part.crop) and (unstated := matrix_of(frame)):
            frame.colorspace = MATRICES[unstated]  # what is left may be no HD
        frame.opaque = time  # goes through the filters with the frame
        graph.vpush(frame)
        yield from pulled(graph)
    yield from drained(graph)


def made_for(frame: VideoFrame, filters: Iterable[tuple[str, str]]) -> av.filter.Graph:
    """Return a graph of these filters for frames of this size and format."""
    graph = av.filter.Graph()
    # The rate is a formality of `decimate`; no time is taken from it.
    source = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base={frame.time_base or 1}:"
        f"frame_rate=30000/1001:colorspace={int(frame.colorspace)}:range={int(frame.color_range)}"
    )
    nodes = [graph.add("buffer", source), *(graph.add(name, how) for name, how in filters)]
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
