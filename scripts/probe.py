"""Look at a video file: is it sound, and what is in it."""

from pathlib import Path

import typer

from genga.jobs.script import PARAMS, params_of, run, summary
from genga.params.probe import Params
from genga.store.files import write_facts
from genga.video.facts import in_words
from genga.video.probe import probe


def main(
    in_video: Path = typer.Option(..., help="video file"),
    out: Path = typer.Option(..., help="JSON file of what is known about it"),
    params: str = PARAMS,
) -> None:
    probed = probe(in_video, params_of("probe", Params, params))
    write_facts(out, probed)
    summary(f"probe {out.parent.name}/{out.stem}: {in_words(probed)}")


if __name__ == "__main__":
    run(main)
