"""Look at a video file: is it sound, and what is in it."""

from pathlib import Path

import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.damage import told
from genga.files import write_facts
from genga.params.probe import Params
from genga.probe import probe


def main(
    in_video: Path = typer.Option(..., help="video file"),
    out: Path = typer.Option(..., help="JSON file of what is known about it"),
    params: str = typer.Option("", help=PARAMS_HELP),
) -> None:
    """Look at a video file: is it sound, and what is in it."""
    found = probe(in_video, params_of("probe", Params, params))
    write_facts(out, found)
    fields, late = found["fields"], found["missing_end"]
    damaged = f", damaged: {told(found['damaged'])}" if found["damaged"] else ""
    kind = "" if fields["kind"] == "progressive" else f", fields: {fields['kind']} (by {fields['by']})"
    summary(
        f"probe {out.parent.name}/{out.stem}: {found['codec']} {found['width']}x{found['height']}, "
        f"{found['frames']} frames in {found['duration']:.1f} s"
        f"{', variable rate' if found['is_vfr'] else ''}{kind}{', weaves: held still' if found['weave'] else ''}"
        f"{damaged}{f', its last {late:.1f} s are missing: cut short' if late else ''}"
    )


if __name__ == "__main__":
    run(main)
