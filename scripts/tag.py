"""Tag the stills of an episode and everybody in them: taggers averaged, held against the boxes, corrected by people."""

from pathlib import Path

import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.ensemble import Ensemble
from genga.onnx import batched
from genga.params.models import Params as Models
from genga.params.tag import Params
from genga.pictures import OF_STILLS, pictures
from genga.progress import progress
from genga.registry import load
from genga.shards import ShardReader
from genga.store.parquet import read_table, write_table
from genga.tables.detect import DETECT as BOXES
from genga.tables.tag import TAG
from genga.tag import correct, tag
from genga.tagcorrections import read_corrections
from genga.tagger import open_taggers


def main(
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    in_detect: Path = typer.Option(..., help="detect table of the episode"),
    out: Path = typer.Option(..., help="table of tags"),
    corrections: Path | None = typer.Option(None, help="CSV: still_or_crop, box, tag, decision, who, why"),
    params: str = typer.Option("", help=PARAMS_HELP),
    models: str = typer.Option("", help="section models as JSON"),
    threads: int = typer.Option(2, min=1, help="CPU threads of the taggers"),
) -> None:
    """Tag the stills of an episode and everybody in them."""
    values = params_of("tag", Params, params)
    registry = load(params_of("models", Models, models))
    decided = read_corrections(corrections) if corrections else []
    taggers = open_taggers(registry, threads)
    stills = read_table(in_stills, OF_STILLS)
    batch, name = registry.section.batch, f"tag {out.parent.name}/{out.stem}"
    with ShardReader() as shards:
        shown = progress(pictures(stills, "still", shards), len(stills), name, "stills")
        found = tag(
            batched(shown, batch), read_table(in_detect, BOXES), Ensemble(taggers, values.threshold), values, batch
        )
    table = correct(found, decided, str(corrections))
    write_table(out, table, TAG)
    kept, people = table["kept"].sum(), table.drop_nulls("box").select("still", "box").n_unique()
    named = ", ".join(tagger.name for tagger in taggers)
    summary(
        f"{name}: {len(stills)} stills and {people} persons, {kept} tags kept of {len(table)}, "
        f"{len(decided)} corrections; taggers {named}"
    )


if __name__ == "__main__":
    run(main)
