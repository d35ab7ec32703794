"""A small project of two real videos, its pictures made by the line's own functions: what packages are tried on.

`s/ep 1` is H.264 with B-frames, its stills as the video has them; one is stitched of two frames. `s/ep2` is FFV1.
Six images: a whole still and two crops of it, a stitched still, a still held out, a crop of nobody.
"""

import hashlib
from pathlib import Path

import numpy as np
import polars as pl
import yaml
from films import texture, with_box, write_film

from genga.drawings.stills import stills
from genga.exchange.package import OF_CROP, OF_DATASET, OF_DEDUP, OF_FRAMES
from genga.images.codec import encode
from genga.images.image import cut
from genga.images.reading import read_images
from genga.params.probe import Params as Probe
from genga.params.section import parse_section, section_of_file
from genga.params.stills import Params as Stills
from genga.store.files import write_facts
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables.schema import SHARD
from genga.video.album import write_album
from genga.video.decode import decode
from genga.video.deinterlace import Part
from genga.video.interlace import Fields
from genga.video.probe import probe
from genga.vocabulary.text import pieces_of

PARAMS = Path(__file__).resolve().parent.parent / "params.yaml"
FIRST, SECOND = "s/ep 1", "s/ep2"
STITCHED = [(30, "kept", 30), (33, "stitched", 30)]
# image, box in its still, kind, side, who, caption, how many words of it are names
IMAGES = [
    (f"{FIRST}/000007", None, "still", "train", None, "hana, outdoors", 1),
    (f"{FIRST}/000007-0-fullbody", (4, 2, 60, 48), "fullbody", "train", "hana", r"hana, star \(symbol\), 1girl", 1),
    (f"{FIRST}/000007-0-head", (10, 4, 42, 36), "head", "train", "hana", "hana, smile", 1),
    (f"{FIRST}/000030", None, "scenery", "train", None, "sky", 0),
    (f"{SECOND}/000003", None, "still", "held-out", None, "rain", 0),
    (f"{SECOND}/000005-0-head", (0, 0, 33, 40), "head", "train", None, "solo", 0),
]


def make(root: Path, kind: str = "h264", album: bool = False, **looked: object) -> None:
    """Make the project in `root`, which is the working folder.

    kind: the format of its stills. album: whether `s/ep2` is one, of PNGs. looked: other values of section probe.
    """
    values = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    values["stills"] |= {"format": kind, "hwaccel": "off"}
    (root / "params.yaml").write_text(yaml.safe_dump(values))
    places = {}
    wide = np.dstack([texture(3, 200, 48)] * 3)
    moving = [with_box(wide[:, 2 * n : 2 * n + 64], n % 40, 9, 12, 230) for n in range(48)]
    film = write_film(root / "data/raw/s/ep 1.mkv", moving, "libx264", "yuv420p", 24, {"g": "12", "bf": "2"})
    places |= _episode(film, FIRST, [(7, "kept", 7), *STITCHED], looked)
    drawn = [with_box(np.dstack([texture(9, 64, 48)] * 3), 3 * n, 5, 8, 10) for n in range(8)]
    film = root / f"data/raw/s/ep2.{'mov' if album else 'mkv'}"
    if album:
        write_album(film, [encode(picture) for picture in drawn], "png", (64, 48))
    else:
        write_film(film, drawn, rate=12)
    places |= _episode(film, SECOND, [(3, "kept", 3), (5, "restored", 5)], looked)
    _dataset(places)


def _episode(film: Path, episode: str, kept: list[tuple[int, str, int]], looked: dict) -> dict[str, dict]:
    """Write an episode's tables and shards; where each of its images is, with its size."""
    probed = probe(film, parse_section("probe", Probe, section_of_file(PARAMS, "probe") | looked))
    write_facts(f"data/probe/{episode}.json", probed)
    numbered = decode(film, fields=Fields.of(probed["fields"]), part=Part.of(probed))
    frames = pl.DataFrame([{"frame": d.number, "time": d.time, "keyframe": d.keyframe} for d in numbered])
    reasons = {frame: (reason, keeper) for frame, reason, keeper in kept}
    rows = [
        {"frame": n, "shot": 0, "keeper": reasons.get(n, ("held", 7))[1], "reason": reasons.get(n, ("held", 7))[0]}
        for n in range(len(frames))
    ]
    dedup = pl.DataFrame(rows, schema=dict(OF_DEDUP))
    write_table(f"data/frames/{episode}.parquet", frames, OF_FRAMES)
    write_table(f"data/dedup/{episode}.parquet", dedup, OF_DEDUP)
    how = parse_section("stills", Stills, section_of_file("params.yaml", "stills"))
    with writing_shard(f"data/stills/{episode}.tar") as shard:
        table = stills(film, probed, frames, dedup, episode, shard, how, 1)
    found = {row["still"]: row for row in table.select("still", "width", "height", *SHARD).to_dicts()}
    crops = []
    with writing_shard(f"data/crop/{episode}.tar") as shard:
        for still, image in read_images(table, "still", ""):
            for name, box, *_ in IMAGES:
                if box and name.rsplit("-", 2)[0] == still:
                    part = cut(image, *box)
                    crops.append({"crop": name, **dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))})
                    found[name] = {"width": part.shape[1], "height": part.shape[0], **shard.add(name, encode(part))}
    write_table(f"data/crop/{episode}.parquet", pl.DataFrame(crops, schema=dict(OF_CROP)), OF_CROP)
    return found


def _dataset(places: dict[str, dict]) -> None:
    rows = []
    for image, box, kind, split, who, caption, names in IMAGES:
        still = image.rsplit("-", 2)[0] if box else image
        parts = [{"part": part, "text": text} for part, text in pieces_of(caption, names)]
        rows.append(
            {"image": image, "still": still, "crop": image if box else None, "kind": kind,
             "shot": f"{still.rpartition('/')[0]}/0", "split": split, "character": who, "outfit": None, "tier": "best",
             "tags": caption.split(", ")[names:], "caption": caption, "captions": [{"form": "tags", "parts": parts}],
             "keep_tokens": names, "repeats": 2, "weight": 1.0, "text": [[0, 40, 20, 48]] if kind == "still" else [],
             "persons": [[1, 2, 30, 40]] if box else [],
             **{key: places[image][key] for key in ("width", "height", *SHARD)}}
        )  # fmt: skip
    write_table("data/dataset/s.parquet", pl.DataFrame(rows, schema=dict(OF_DATASET)), OF_DATASET)


def sums(folder: Path) -> dict[str, str]:
    """The sha256 of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
