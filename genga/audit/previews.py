"""Pictures and clips that a model drew, as a package of it shows them, each with how it was drawn.

A picture has its prompt and settings in its PNG, where UIs read them. A clip lies there as it was drawn, and, where
that is no WebP or GIF, as an animated WebP beside it, which a page plays wherever it shows pictures; its prompt and
settings are in a text of its name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from genga.audit.safetensors_header import header_of
from genga.errors import GengaError
from genga.exchange.png_text import KEY, infotext, with_text
from genga.images.codec import EXTENSION, as_png
from genga.store.parquet import read_table
from genga.store.shards import ShardReader
from genga.tables.places import path_of
from genga.tables.sample import SAMPLE
from genga.tables.schema import SHARD, only
from genga.training.checkpoints import Checkpoint
from genga.video.writing import as_video, frames_of
from genga.workflow.records import Records

IMAGES = "images"
OF_SAMPLE = only(
    SAMPLE, "sample", "step", "prompt_text", "seed", "frames", "rate", "by_frame", "width", "height", *SHARD
)
# How UIs call what draws here.
_SAMPLERS = {"ddim": "DDIM", "dpm++": "DPM++ 2M", "euler": "Euler"}
_SHORT, _SHORT_BASE = 12, 10  # hex digits by which UIs know a LoRA, a base
_BEGIN = {b"RIFF": "webp", b"GIF8": "gif", b"\x1aE\xdf\xa3": "webm"}  # the first bytes of a clip's file; else mp4
_SHOWN_AS_THEY_ARE = ("webp", "gif")


@dataclass(frozen=True)
class Shown:
    """A picture, or a clip, that the model drew."""

    file: str  # below the package: what is shown
    prompt: str
    data: bytes
    beside: dict[str, bytes] = field(default_factory=dict)  # other files of it: the clip as drawn, how it was drawn

    @property
    def ending(self) -> str:
        return self.file[self.file.rindex(".") :]

    @property
    def files(self) -> dict[str, bytes]:
        return {self.file: self.data, **self.beside}

    @property
    def drawn(self) -> str:
        """The file as it was drawn."""
        return next((name for name in self.beside if not name.endswith(".txt")), self.file)


def drawn(name: str, taken: Checkpoint, known: Mapping[str, Any], records: Records, previews: int) -> Iterator[Shown]:
    """Yield what a checkpoint drew: of each prompt that with the first seed, then the next seeds.

    known: facts of the checkpoint (genga.audit.provenance). previews: how many at most. Raises GengaError if no record
    says how they were drawn.
    """
    table = path_of("sample", name)
    if not Path(table).is_file() or not previews:
        return
    if (made := records.maker.get(table)) is None or not isinstance(made.params.get("sample"), Mapping):
        raise GengaError(f"{table}: no record says how it was drawn; run snakemake, or pack with --previews 0")
    rows = read_table(table, OF_SAMPLE).filter(step=taken.step)
    order = rows.with_columns(turn=pl.col("seed").rank("dense").over("prompt_text")).sort("turn", maintain_order=True)
    with ShardReader() as reader:
        for number, row in enumerate(order.head(previews).iter_rows(named=True)):
            data = reader.read(*(row[column] for column in SHARD))
            said = _parameters(name, taken, known, made.params["sample"], row)
            stem = f"{IMAGES}/{number:02d}"
            if row["rate"] is not None:
                yield _clip(stem, row, data, said)
            else:
                png = with_text(as_png(data, row["sample"]), {KEY: said})
                yield Shown(f"{stem}{EXTENSION}", row["prompt_text"], png)


def _clip(stem: str, row: Mapping[str, Any], data: bytes, said: str) -> Shown:
    """A clip as it was drawn, and as an animated picture."""
    kind = next((kind for begin, kind in _BEGIN.items() if data.startswith(begin)), "mp4")
    text = {f"{stem}.txt": f"{said}\n".encode()}
    if kind in _SHOWN_AS_THEY_ARE:
        return Shown(f"{stem}.{kind}", row["prompt_text"], data, text)
    moving = as_video(frames_of(data, row["sample"]), row["rate"], "webp", row["sample"])
    return Shown(f"{stem}.webp", row["prompt_text"], moving, {f"{stem}.{kind}": data, **text})


def _parameters(
    name: str, taken: Checkpoint, known: Mapping[str, Any], drawn_by: Mapping[str, Any], row: Mapping[str, Any]
) -> str:
    """How a picture was drawn, as UIs say it. drawn_by: the section `sample` as it was."""
    lora = known["kind"] != "model"
    base, seal = known["base"], header_of(taken.file).get("sshs_model_hash", taken.sha256)
    model = {"Model hash": base["sha256"][:_SHORT_BASE], "Model": base["name"]}
    own = {"Model hash": taken.sha256[:_SHORT_BASE], "Model": name}
    settings = {
        "Steps": drawn_by["steps"],
        "Sampler": _SAMPLERS.get(drawn_by["scheduler"], drawn_by["scheduler"]),
        "CFG scale": f"{drawn_by['guidance']:g}",
        "Seed": row["seed"],
        "Size": f"{row['width']}x{row['height']}",
        **({} if row["rate"] is None else {"Frames": row["frames"], "FPS": f"{row['rate']:g}"}),
        **(model if lora else own),
        **({"Lora hashes": f"{name}: {seal[:_SHORT]}"} if lora else {}),
        "Version": "genga",
    }
    prompts = [f"{one['frame']}: {one['text']}" for one in row["by_frame"] or ()] or [row["prompt_text"]]
    prompt = "\n".join(prompts) + (f" <lora:{name}:1>" if lora else "")
    return infotext(prompt, drawn_by.get("negative", ""), settings)
