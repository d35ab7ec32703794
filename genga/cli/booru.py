"""`genga booru push|pull SERIES`: the tags of a series' images in posts of a server of Danbooru's kind, and back."""

import sys
from typing import Annotated

import typer

from genga.jobs.script import summary

app = typer.Typer(
    help="Send tags to posts of a server of Danbooru's kind by its JSON, and take back what people changed there.",
    no_args_is_help=True,
    add_completion=False,
)

Series = Annotated[str, typer.Argument(help="series whose data set it is about: data/dataset/SERIES.parquet")]
Url = Annotated[str, typer.Option(envvar="BOORU_URL", help="where the server answers")]
Login = Annotated[str, typer.Option(envvar="BOORU_LOGIN", help="name of the account", show_default=False)]
Key = Annotated[
    str, typer.Option(envvar="BOORU_API_KEY", help="its API key; better in the environment", show_default=False)
]


@app.command()
def push(series: Series, url: Url, login: Login = "", key: Key = "") -> None:
    """Send general tags to the posts that have an image of the data set, by md5; what people decided there stays."""
    from genga.exchange import booru
    from genga.exchange.hydrus_base import base_file
    from genga.exchange.writing import rows_of

    path, rows = base_file(series, booru.FOLDER), rows_of(series, None)
    with booru.Booru(url, login, key) as server:
        done = booru.push(server, rows, path)
    summary(f"booru push {series}: {done.posts} posts changed, {done.same} as they were, {done.none} images have none")


@app.command()
def pull(
    series: Series,
    url: Url,
    login: Login = "",
    key: Key = "",
    who: Annotated[str, typer.Option(help="what stands in the column who of new lines")] = "",
    dry: Annotated[bool, typer.Option("--dry", help="say what would be written, and write nothing")] = False,
) -> None:
    """Turn what people changed there since the push into lines of corrections/<series>/<episode>/tags.csv."""
    from genga.exchange import booru
    from genga.exchange.corrections import in_words, plans_of, settle
    from genga.exchange.hydrus_base import sent_before

    path = sent_before(series, booru.FOLDER)
    with booru.Booru(url, login, key) as server:
        plans = plans_of(booru.pull(server, path), who)
    for table, values in settle(plans, dry):
        print(f"{table}: {values['still_or_crop']} {values['decision']} {values['tag']}", file=sys.stderr)
    summary(f"booru pull {series}: {in_words(plans) or 'nothing new'}{', and nothing is written' if dry else ''}")
