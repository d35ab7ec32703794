"""Were the stills of a series made as params.yaml says now? What a package without pictures is made again by."""

from collections.abc import Iterable

from genga.errors import GengaError
from genga.params.stills import Params
from genga.tables.places import path_of
from genga.workflow.records import Records

_WHAT = ("scaling", "format")  # what of the section makes other pictures, or other files of them


def check_stills(episodes: Iterable[str], params: Params, records: Records) -> None:
    """Raise GengaError for stills that are on record with other values. episodes: series/episode."""
    for episode in episodes:
        path = path_of("stills", episode)
        job = records.maker.get(path)
        made = {} if job is None else job.params.get("stills") or {}
        for key in _WHAT:
            if (was := made.get(key, getattr(params, key))) != getattr(params, key):
                raise GengaError(
                    f"{path}: was made with stills.{key} {was}, and params.yaml says {getattr(params, key)}; run "
                    "snakemake, or put params.yaml right: the same pictures could not be made again"
                )
