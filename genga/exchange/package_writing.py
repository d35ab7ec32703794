"""A data set from the project's tables to the folder of a package, whole or not at all."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genga.exchange.package import Layout, Licence, Package, described, measured
from genga.exchange.package_files import write_package
from genga.exchange.package_origins import origins_of
from genga.params.section import params_of
from genga.params.stills import Params as Stills
from genga.store.folders import check_ours, replacing_folder
from genga.store.shards import writing_shard


def package_dataset(
    series: str,
    out: Path,
    licence: Licence,
    layout: Layout,
    pixels: bool,
    character: str | None,
    masks: str = "",
    check: Callable[[Iterable[str], Stills], None] = lambda _, __: None,
    from_where: Callable[[Collection[str], Collection[str]], Iterable[Mapping[str, Any]]] = lambda _, __: (),
) -> Package:
    """Write a series' data set, or a character's part of it, as a package into `out`; return it.

    check: raises GengaError for episodes whose stills were made otherwise than these parameters say. from_where: lines
    of sources.jsonl about episodes and stills. masks: as exports have them, "" for none. Raises GengaError if there is
    no such data set, or something else is in the folder.
    """
    check_ours(out.absolute())
    stills = params_of("stills", Stills, "")
    package, places = described(series, licence, layout, pixels, stills, character, masks)
    check(package.note["videos"], stills)
    lines = from_where([*package.note["videos"]], package.rows["still"].unique().to_list())
    package = replace(package, origins=origins_of(lines))
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    with replacing_folder(out) as folder, ExitStack() as stack:
        shard = None
        if pixels:
            beside = stack.enter_context(TemporaryDirectory(prefix=".package-", dir=folder.parent))
            with writing_shard(Path(beside, "images.tar")) as shard:
                package, places = measured(package, places, shard)
        else:
            package, places = measured(package, places, None)
        write_package(folder, package, places)
    return package
