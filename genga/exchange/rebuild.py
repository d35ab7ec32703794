"""The pictures of a package from the videos: found by their sha256, decoded and cut as the line does it, each checked.

What is decoded is what stage stills decodes, by its own function, told of these frames alone. Images lie in a folder
beside the new one until all are there: a rebuild that was interrupted goes on with the next video.
"""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from genga.drawings.stills import stills
from genga.errors import GengaError
from genga.exchange.package import FRAMES_FILE, OF_DEDUP, OF_FRAMES, Package, note_of, pixels_sum
from genga.exchange.package_files import write_package
from genga.images.codec import encode
from genga.images.image import cut
from genga.images.reading import read_images
from genga.jobs.script import progress
from genga.params.section import parse_section
from genga.params.stills import Params as Stills
from genga.store.files import read_notes, sha256_of, write_json
from genga.store.folders import check_ours, replacing_folder
from genga.store.parquet import digest_of, read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.schema import SHARD
from genga.tables.stills import FILES
from genga.video.episodes import files_below
from genga.video.libraries import libraries

_PLACES = {"still": FILES["still"], **SHARD}  # of an image; `still` is its id
_NAMED = 3  # videos that a message names
_DONE = "done.json"


def rebuild(package: Package, videos: Path, out: Path, threads: int) -> int:
    """Write `out`, the package with its pictures, from the videos below a folder; return how many images it has.

    Raises GengaError if it has them already, if a video is missing or another, or if an image comes out otherwise.
    """
    if package.pixels:
        raise GengaError(f"{package.name}: has its pictures already; there is nothing to be made again")
    check_ours(out.absolute())
    found = find_videos(package.note["videos"], videos)
    work = out.absolute().with_name(f".{out.name}.rebuilding")
    same = {"package": sums_of(package), "software": libraries()}
    if read_notes(work / _DONE) != same:
        shutil.rmtree(work, ignore_errors=True)
        write_json(work / _DONE, same)
    places = [
        _episode(package, episode, path, work / f"{number:04d}", threads)
        for number, (episode, path) in enumerate(found.items())
    ]
    with replacing_folder(out) as folder:
        write_package(folder, package.with_pixels(), pl.concat(places).rename({"still": "id"}))
    shutil.rmtree(work, ignore_errors=True)
    return package.rows.height


def sums_of(package: Package) -> str:
    """Return one sum of all that a package says, to know it by."""
    tables = [digest_of(table) for table in (package.rows, package.frames, package.origins)]
    return hashlib.sha256("\n".join([str(note_of(package)), *tables]).encode()).hexdigest()


def find_videos(wanted: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[str, Path]:
    """Return the file of each episode's video below a folder, by its sha256.

    wanted: what the package says of each. Those of its name are looked at first, then those of its size, then all
    others if its size is not on record. Raises GengaError that names the videos that are not there.
    """
    if not folder.is_dir():
        raise GengaError(f"{folder}: is no folder; name the one that has the videos")
    files = sorted(files_below(folder))
    sums: dict[Path, str] = {}
    found: dict[str, Path] = {}
    lacking: list[str] = []
    for episode, video in progress(wanted.items(), len(wanted), f"look for videos in {folder}", "videos"):
        near = sorted(files, key=lambda path: path.name != video.get("file"))
        likely = [path for path in near if video.get("size") in (None, path.stat().st_size)]
        for path in likely:
            if path not in sums:
                sums[path] = sha256_of(path)
            if sums[path] == video["sha256"]:
                found[episode] = path
                break
        else:
            lacking.append(_lacking(episode, video, [path for path in files if path.name == video.get("file")]))
    if lacking:
        more = f"; and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        raise GengaError(f"{folder}: has not all of the videos: {'; '.join(lacking[:_NAMED])}{more}; put them there")
    return found


def _lacking(episode: str, video: Mapping[str, Any], named: list[Path]) -> str:
    known = f"sha256 {video['sha256'][:12]}…"
    if not named:
        return f"{episode} ({known}{', ' + video['file'] if 'file' in video else ''}) is not there"
    return f"{episode}: {named[0]} is another file ({sha256_of(named[0])[:12]}…), wanted is that of {known}"


def _episode(package: Package, episode: str, path: Path, work: Path, threads: int) -> pl.DataFrame:
    """Return where the images of an episode are, as PNG; what was made before is taken. work: files of that stem."""
    table, shard = work.with_suffix(".parquet"), work.with_suffix(".tar")
    if table.is_file() and shard.is_file():
        return read_table(table, _PLACES)
    rows, frames = package.rows.filter(episode=episode), package.frames.filter(episode=episode)
    probed = {**package.note["videos"][episode]["probe"], "sha256": package.note["videos"][episode]["sha256"]}
    how = parse_section("stills", Stills, {**package.note["stills"], "hwaccel": "off"})
    whole = work.with_suffix(".stills.tar")
    with writing_shard(whole) as writer:
        drawn = stills(
            path, probed, frames.select(list(OF_FRAMES)), frames.drop_nulls("reason").select(list(OF_DEDUP)), episode,
            writer, how, threads,
        )  # fmt: skip
    if lost := sorted(set(rows["still"]) - set(drawn["still"])):
        raise GengaError(f"{FRAMES_FILE}: does not say how {lost[0]} is made; get the package again")
    of_still = rows.partition_by("still", as_dict=True)
    made: list[dict[str, Any]] = []
    with writing_shard(shard) as writer:
        needed = drawn.filter(pl.col("still").is_in(rows["still"].implode()))
        for still, image in read_images(needed, "still", f"rebuild {episode}"):
            for row in of_still[(still,)].iter_rows(named=True):
                part = image if row["box"] is None else cut(image, *row["box"])
                data = encode(part)
                if hashlib.sha256(data).hexdigest() != row["sha256"]:
                    raise GengaError(_otherwise(package, row, pixels_sum(part)))
                made.append({"still": row["id"], **writer.add(row["id"], data)})
    whole.unlink()
    places = pl.DataFrame(made, schema=_PLACES)
    write_table(table, places, _PLACES)
    return places


def _otherwise(package: Package, row: Mapping[str, Any], pixels: str) -> str:
    """What to say of an image that is not what it was."""
    then, now = package.note["software"], libraries()
    other = [f"{name} {then[name]}, here {now.get(name, 'none')}" for name in then if now.get(name) != then[name]]
    what = "its pixels are another's" if pixels != row["pixels"] else "its pixels are the same, its PNG is not"
    way_out = f"it was made with {'; '.join(other)}: install those" if other else "the software is the same: say so"
    return f"{row['id']}: does not come out as it was ({what}); {way_out}"
