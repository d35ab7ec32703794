"""The trace of a frame as lines of text: a line for each stage, with its reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from genga.audit.origins import in_words
from genga.drawings.reasons import REASONS
from genga.pages.html import clock

Row = Mapping[str, Any]


def lines(trace: Mapping[str, Any]) -> Iterator[str]:
    """Yield what each stage made of the frame."""
    yield trace["frame"]
    yield from (_line("fetch", in_words(row)) for row in trace["sources"])
    for row in trace["probe"]:
        yield _line("probe", f"{row['codec']} {row['width']}x{row['height']}, sha256 {row['sha256']}")
    for row in trace["frames"]:
        key = ", a keyframe" if row["keyframe"] else ""
        yield _line("frames", f"at {clock(row['time'])}{key}, change {row['change']:.1f}, luma {row['luma']:.1f}")
    for row in trace["shots"]:
        span = f"shot {row['shot']}, frames {row['start']} to {row['end'] - 1}"
        yield _line("shots", f"{span}, {row['transition']} into it, camera {row['camera']}, timing {row['timing']:g}")
    for row in trace["dedup"]:
        reason = row["reason"]
        why = REASONS[reason].short if reason in REASONS else reason
        yield _line("dedup", f"{reason}: {why}{_shown(trace)}")
    for row in trace["stills"]:
        yield _line("stills", f"{row['width']}x{row['height']} in {row['shard']}, sha256 {row['sha256']}")
    for row in trace["detect"]:
        whose = f" of person {row['person']}" if row["person"] not in (None, row["box"]) else ""
        yield _line("detect", f"{row['kind']} {row['box']}{whose} at {_box(row)}, score {row['score']:.2f}")
    for row in trace["quality"]:
        yield _line("quality", f"{row['tier']}{' for ' + row['reason'] if row['reason'] else ''}")
    yield from _tags(trace["tag"])
    for row in trace["crop"]:
        made = "kept" if row["kept"] else f"not kept: {row['reason']}"
        yield _line("crop", f"{row['kind']} of person {row['box']} at {_box(row)}, {made}")
    for row in trace["embed"]:
        yield _line("embed", f"{row['crop']} by {row['model']}")
    for row in trace["characters"]:
        name = "not named" if row["character"] is None else row["character"] or "nobody"
        yield _line("characters", f"{row['crop']}: {name}, cluster {row['cluster']}, by {row['origin']}")
    for row in trace["dataset"]:
        yield _line(
            "dataset", f"{row['image']}: {row['split']}, {row['tier']}, {row['repeats']} a pass: {row['caption']}"
        )
    for row in trace["left_out"]:
        of = f", {row['same_as']} shows it too" if row.get("same_as") else ""
        of += f", {row['tier']}" if row["reason"] == "tier" else ""
        yield _line("dataset", f"{row['image']}: left out: {row['reason']}{of}")
    for row in trace["clips"]:
        yield _line("clipset", f"{row['clip']}: {row['split']}, {_moving(row)}: {row['caption']}")
    for row in trace["seen"]:
        yield from _seen(row)
    for row in trace["not_learnt"]:
        yield _line("train", f"run {row['run']} leaves {row['image']} out: {row['reason']}")
    for one in trace["decisions"]:
        yield _line("people", f"{one['file']}:{one['line']}: {one['target']} {one['said']}")
    yield from (_line("absent", path) for path in trace["absent"])
    yield from (_line("damaged", problem) for problem in trace["damaged"].values())


def lines_of_sample(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a sample was drawn by, and what it is near to."""
    row = found["drawn"]
    plays = f", {row['frames']} frames at {row['rate']:g} a second" if row["rate"] is not None else ""
    yield found["sample"]
    yield _line(
        "sample", f"seed {row['seed']}, {row['width']}x{row['height']}{plays} in {row['shard']}, sha256 {row['sha256']}"
    )
    for one in row["by_frame"] or [{"frame": 0, "text": row["prompt_text"]}]:
        yield _line("", f"from frame {one['frame']}: {one['text']}" if row["by_frame"] else one["text"])
    yield _line("train", found["checkpoint"] or "drawn by the base")
    for image in found["images"]:
        yield _line(
            "evaluate",
            f"near to {image['image']}, frame {image['still']}, difference {image['difference']:.3f}{_looks(image)}",
        )
    for clip in found["clips"]:
        yield _line("evaluate", f"near by {clip['by']} to {clip['clip']}: {clip['says']}{_looks(clip)}")
        if clip["frames"]:
            yield _line("clipset", f"{clip['clip']}: {_moving(clip)}: {clip['caption']}")
            yield _line("", f"frames {' '.join(map(str, clip['frames']))} of {clip['video']}, sha256 {clip['sha256']}")
    yield from (_line("absent", path) for path in found["absent"])
    yield from (_line("damaged", problem) for problem in found["damaged"].values())


def _moving(row: Row) -> str:
    return f"{len(row['frames'])} frames of {len({*row['frames']})} drawings at {row['rate']:g}/s"


def _looks(row: Row) -> str:
    return "" if row["looks"] is None else f", looked at {row['looks']} times before"


def _line(stage: str, text: str) -> str:
    return f"  {stage:<11}{text}"


def _shown(trace: Mapping[str, Any]) -> str:
    if trace["shown_by"] in (None, trace["frame"]):
        return ""
    return f"; shown by {trace['shown_by']}, of which all below speaks"


def _box(row: Row) -> str:
    return " ".join(str(row[side]) for side in ("x0", "y0", "x1", "y1"))


def _tags(rows: list[Row]) -> Iterator[str]:
    """A line for what is kept on the still and on each person, one for what is not, with the reasons."""
    for box in dict.fromkeys(row["box"] for row in rows):
        of = "the still" if box is None else f"person {box}"
        own = [row for row in rows if row["box"] == box]
        kept = ", ".join(f"{row['tag']} {row['score']:.2f} {row['origin']}" for row in own if row["kept"])
        yield _line("tag", f"{of}: {kept or 'none'}")
        if left := ", ".join(f"{row['tag']} {row['score']:.2f} {row['reason']}" for row in own if not row["kept"]):
            yield _line("", f"not kept: {left}")


def _seen(row: Row) -> Iterator[str]:
    yield _line("train", f"run {row['run']} saw {row['image']} at step {', '.join(map(str, row['steps']))}")
    for file, times in row["checkpoints"].items():
        yield _line("", f"{file}: {times} times" if times else f"{file}: not yet")
