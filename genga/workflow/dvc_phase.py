"""The last command of each phase in dvc.yaml: that it has all it made, before DVC puts what is here in its place.

DVC takes for the result of a phase what its folders hold when its commands end well. Files that were never pulled, or
are lost and could not be made again, would go off dvc.lock without a word.
"""

import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.params.notation import read_yaml
from genga.tables.places import RAW
from genga.video.episodes import Episode, find_episodes
from genga.workflow.dvc_lock import PHASE, PHASES, is_below
from genga.workflow.missing_videos import videos_on_record, with_recorded
from genga.workflow.records import Record, Records, read_records


def outs_of(phase: str, declared: Any) -> list[str]:
    """Return what a phase makes, `train@hana` for instance. declared: dvc.yaml."""
    name, _, key = phase.partition("@")
    stage = declared["stages"][name]
    outs = stage.get("do", stage)["outs"]
    return [(out if isinstance(out, str) else next(iter(out))).replace("${key}", key) for out in outs]


def not_here(records: Records, outs: Collection[str], episodes: Collection[Episode]) -> Iterator[str]:
    """Yield the files on record below `outs` that are not here, in order; not those of episodes that were taken away.

    episodes: those that there are.
    """
    for path, job in sorted(records.maker.items()):
        if is_below(path, outs) and not Path(path).exists() and _is_wanted(job, episodes):
            yield path


def _is_wanted(job: Record, episodes: Collection[Episode]) -> bool:
    of = job.wildcards
    if "episode" in of:
        return (of["series"], of["episode"]) in episodes
    return "series" not in of or any(series == of["series"] for series, _ in episodes)


def main() -> None:
    """Check the phase that DVC runs. Raises GengaError if something of it is not here."""
    phase = os.environ[PHASE]
    declared = read_yaml(PHASES)
    episodes = with_recorded(find_episodes(RAW), videos_on_record())
    missing = list(not_here(read_records(), outs_of(phase, declared), episodes))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise GengaError(
            f"{missing[0]}{more}: on record and not here, and DVC would forget it; `dvc pull {phase}` brings what was "
            "pushed, what was not is made by `snakemake --cores all` where its inputs are; `genga forget SERIES` takes "
            "a series that is to go off the record"
        )


if __name__ == "__main__":
    try:
        main()
    except GengaError as error:
        sys.exit(f"error: {error}")
