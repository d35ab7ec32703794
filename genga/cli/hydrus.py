"""`genga hydrus push|pull SERIES`: a series' images and tags in Hydrus Network, and what people change there back."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from genga.exchange.corrections import in_words, plans_of, settle
from genga.exchange.hydrus_client import (
    FILES,
    LIKE,
    LOCAL_TAGS,
    RATINGS,
    REPOSITORY,
    SEARCH,
    STARS,
    TAGS,
    URL,
    Client,
)
from genga.exchange.hydrus_pull import Found
from genga.jobs.script import summary

app = typer.Typer(
    help="Send a series to Hydrus Network by its Client API, and take back what people changed there.",
    no_args_is_help=True,
    add_completion=False,
)

Series = Annotated[str, typer.Argument(help="series whose data set it is about: data/dataset/SERIES.parquet")]
Url = Annotated[str, typer.Option(envvar="HYDRUS_API_URL", help="where the client answers")]
Key = Annotated[
    str, typer.Option(envvar="HYDRUS_ACCESS_KEY", help="the access key; better in the environment", show_default=False)
]
Tags = Annotated[str, typer.Option(help="tag service, by name or key")]
Rating = Annotated[str | None, typer.Option(help="rating service, by name or key; default: ratings are let be")]
Who = Annotated[str | None, typer.Option(help="only images of this character")]
Tiers = Annotated[bool, typer.Option("--tiers", help="send tiers as tags, too: tier:best")]


@app.command()
def push(
    series: Series,
    url: Url = URL,
    key: Key = "",
    tags: Tags = "my tags",
    rating: Rating = None,
    stars: Annotated[list[str] | None, typer.Option(help="with --rating: TIER=STARS, as best=5; repeat it")] = None,
    tiers: Tiers = False,
    character: Who = None,
    sidecars: Annotated[
        Path | None, typer.Option(help="folder to make, for Hydrus to import, where there is no Client API")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="with --sidecars: in JSON, not a tag a line")] = False,
) -> None:
    """Send images that the client lacks, and the tags of all; what people decided there stays."""
    from genga.exchange import hydrus_sidecars as by_folder
    from genga.exchange.hydrus_base import base_file, read_sent
    from genga.exchange.hydrus_push import items_of, stars_of
    from genga.exchange.hydrus_push import push as sent
    from genga.exchange.tools import hydrus as format_of
    from genga.exchange.writing import rows_of
    from genga.store.shards import ShardReader
    from genga.tables.quality import TIERS

    path, rows = base_file(series), rows_of(series, character)
    if sidecars is not None:
        with ShardReader() as reader:
            items = items_of(rows, read_sent(path, by_folder.SERVICE), {}, reader, tiers)
        by_folder.push(series, rows, sidecars, format_of(as_json, tiers), items, path)
        summary(f"hydrus push {series}: {len(items)} files in {sidecars}; import them there with their sidecars")
        return
    with Client(url, key) as client, ShardReader() as reader:
        version = client.check((FILES, TAGS, SEARCH, *([RATINGS] if rating else ())))
        service = client.service(tags, (LOCAL_TAGS, REPOSITORY))
        rated = client.service(rating, (STARS, LIKE)) if rating else None
        by_tier = stars_of(stars or [], TIERS, rated.most if rated else 0)
        items = items_of(rows, read_sent(path, service.key), by_tier, reader, tiers)
        done = sent(client, service, rated, items, path, reader)
    for refused in done.refused:
        print(refused, file=sys.stderr)
    more = f", {done.deleted} deleted there are let be" if done.deleted else ""
    more += f", {len(done.refused)} not taken" if done.refused else ""
    summary(f"hydrus push {series}: {done.files} files sent or changed, {done.same} as they were{more} ({version})")


@app.command()
def pull(
    series: Series,
    url: Url = URL,
    key: Key = "",
    tags: Tags = "my tags",
    rating: Rating = None,
    stars: Annotated[
        list[str] | None,
        typer.Option(help="with --rating: STARS=TIER, =drop or =TAG, as 5=best; likes are 0 and 1"),
    ] = None,
    drop_deleted: Annotated[bool, typer.Option("--drop-deleted", help="drop what was deleted there")] = False,
    keep_archived: Annotated[
        bool, typer.Option("--keep-archived", help="keep the stills that were archived there")
    ] = False,
    deleted: Annotated[str, typer.Option(help="tier of what was deleted there, as reject", show_default=False)] = "",
    archived: Annotated[str, typer.Option(help="tier of what was archived there, as best", show_default=False)] = "",
    who: Annotated[str, typer.Option(help="what stands in the column who of new lines")] = "",
    dry: Annotated[bool, typer.Option("--dry", help="say what would be written, and write nothing")] = False,
    sidecars: Annotated[
        Path | None, typer.Option(help="folder that Hydrus exported to, with the tags in sidecars; no client is asked")
    ] = None,
) -> None:
    """Turn what people changed there since the push into lines under corrections/, and only that."""
    from genga.exchange import hydrus_sidecars as by_folder
    from genga.exchange.corrections import DROP
    from genga.exchange.hydrus_base import read_sent, sent_before
    from genga.exchange.hydrus_pull import KEEP, Wishes, meanings, stars_meant
    from genga.exchange.hydrus_pull import pull as found_in

    path = sent_before(series)
    gone = meanings("--deleted", [DROP] if drop_deleted else [], deleted)
    kept = meanings("--archived", [KEEP] if keep_archived else [], archived)
    if sidecars is not None:
        _tell(series, by_folder.pull(sidecars, read_sent(path, "")), who, dry, f"; by {sidecars}")
        return
    with Client(url, key) as client:
        version = client.check((SEARCH,))
        service = client.service(tags, (LOCAL_TAGS, REPOSITORY))
        rated = client.service(rating, (STARS, LIKE)) if rating else None
        meant = stars_meant(stars or [], rated.most if rated else 0)
        wishes = Wishes(rated, meant, gone, kept)
        found = found_in(client, service, read_sent(path, service.key), wishes)
    more = f"; {found.deleted} are deleted there (--drop-deleted)" if found.deleted and not gone else ""
    _tell(series, found, who, dry, f"{more} ({version})")


def _tell(series: str, found: Found, who: str, dry: bool, more: str) -> None:
    """Write what was found, and say so."""
    for odd in found.odd:
        print(odd, file=sys.stderr)
    plans = plans_of(found.said, who)
    for table, values in settle(plans, dry):
        told = ", ".join(value for key, value in values.items() if key not in ("who", "at") and value)
        print(f"{table}: {told}", file=sys.stderr)
    unknown = f"; {found.unknown} are not known" if found.unknown else ""
    nothing = ", and nothing is written" if dry else ""
    told = f"{in_words(plans) or 'nothing new'}; {len(found.odd)} not understood{nothing}"
    summary(f"hydrus pull {series}: {found.files} files, {told}{unknown}{more}")
