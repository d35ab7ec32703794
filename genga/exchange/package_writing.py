"""A data set from the project's tables to the folder of a package, whole or not at all."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from genga.exchange.package import Layout, Licence, Package, described, measured
from genga.exchange.package_files import write_package
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
    check: Callable[[Iterable[str], Stills], None] = lambda _, __: None,
) -> Package:
    """Write a series' data set, or a character's part of it, as a package into `out`; return it.

    check: raises GengaError for episodes whose stills were made otherwise than these parameters say.
    Raises GengaError if there is no such data set, or something else is in the folder.
    """
    check_ours(out.absolute())
    stills = params_of("stills", Stills, "")
    package, places = described(series, licence, layout, pixels, stills, character)
    check(package.note["videos"], stills)
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
