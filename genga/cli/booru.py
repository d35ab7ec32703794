"""`genga booru push|pull SERIES`: a series' images in posts of a server of Danbooru's kind, and what people change."""

import sys
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(
    help="Send a series to a server of Danbooru's kind by its JSON, and take back what people changed there.",
    no_args_is_help=True,
    add_completion=False,
)

Series = Annotated[str, typer.Argument(help="series whose data set it is about: data/dataset/SERIES.parquet")]
Url = Annotated[str, typer.Option(envvar="BOORU_URL", help="where the server answers")]
Login = Annotated[str, typer.Option(envvar="BOORU_LOGIN", help="name of the account", show_default=False)]
Key = Annotated[
    str, typer.Option(envvar="BOORU_API_KEY", help="its API key; better in the environment", show_default=False)
]
Many = list[str] | None


@app.command()
def push(
    series: Series,
    url: Url,
    login: Login = "",
    key: Key = "",
    tiers: Annotated[bool, typer.Option("--tiers", help="send tiers as tags, too: tier:best")] = False,
    upload: Annotated[bool, typer.Option("--upload", help="make posts of images that have none")] = False,
    rating: Annotated[
        str, typer.Option(help="with --upload: g, s, q or e; default: as taggers have each image", show_default=False)
    ] = "",
    character: Annotated[str | None, typer.Option(help="only images of this character")] = None,
) -> None:
    """Send general tags to the posts that have an image of the data set, by md5; what people decided there stays."""
    from genga.exchange import booru
    from genga.exchange.hydrus_base import base_file
    from genga.exchange.writing import rows_of

    path, rows = base_file(series, booru.FOLDER), rows_of(series, character)
    ratings = booru.ratings_of(rows, rating) if upload else None
    with booru.Booru(url, login, key) as server:
        done = booru.push(server, rows, path, tiers, ratings)
    for refused in done.refused:
        print(refused, file=sys.stderr)
    more = f", {done.made} made" if upload else f", {done.none} images have none"
    more += f", {done.deleted} deleted there are let be" if done.deleted else ""
    more += f", {len(done.refused)} not taken" if done.refused else ""
    summary(f"booru push {series}: {done.posts} posts changed, {done.same} as they were{more}")


@app.command()
def pull(
    series: Series,
    url: Url,
    login: Login = "",
    key: Key = "",
    rating: Annotated[
        Many, typer.Option(help="LETTER=TIER, =drop or =TAG, of posts that people rated so, as e=reject; repeat it")
    ] = None,
    score: Annotated[
        Many, typer.Option(help="VOTES=TIER, =drop or =TAG: so many or more, of minus so few or fewer, as -3=reject")
    ] = None,
    deleted: Annotated[
        str, typer.Option(help="TIER, drop or TAG, of posts that were deleted; default: let be", show_default=False)
    ] = "",
    who: Annotated[str, typer.Option(help="what stands in the column who of new lines")] = "",
    dry: Annotated[bool, typer.Option("--dry", help="say what would be written, and write nothing")] = False,
) -> None:
    """Turn what people changed there since the push into lines under corrections/, and only that."""
    from genga.exchange import booru
    from genga.exchange.corrections import in_words, plans_of, settle
    from genga.exchange.hydrus_base import sent_before

    path, wishes = sent_before(series, booru.FOLDER), booru.wishes_of(rating or [], score or [], deleted)
    odd: list[str] = []
    with booru.Booru(url, login, key) as server:
        plans = plans_of(booru.pull(server, path, wishes, odd), who)
    for line in odd:
        print(line, file=sys.stderr)
    for table, values in settle(plans, dry):
        print(f"{table}: {', '.join(v for k, v in values.items() if k not in ('who', 'at') and v)}", file=sys.stderr)
    nothing = f"{f'; {len(odd)} not understood' if odd else ''}{', and nothing is written' if dry else ''}"
    summary(f"booru pull {series}: {in_words(plans) or 'nothing new'}{nothing}")
