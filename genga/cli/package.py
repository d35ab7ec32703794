"""`genga package`: a data set, or a model, as one uploads it; `--push` uploads it."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from genga.errors import GengaError
from genga.exchange.package import Layout
from genga.jobs.script import summary

app = typer.Typer(
    help="Make what one uploads: a data set, or a model, with card, licence and what is in it of others' pictures.",
    no_args_is_help=True,
    add_completion=False,
)

Out = Annotated[
    Path | None, typer.Option(help="folder to make; one from an earlier export is replaced; default: packages/NAME")
]
License = Annotated[str | None, typer.Option("--license", help="of what is yours in it, as hubs name it: cc-by-4.0")]
LicenseName = Annotated[str, typer.Option(help="the name of a licence that hubs do not know, with --license other")]
LicenseLink = Annotated[str, typer.Option(help="where that licence can be read")]
Rights = Annotated[str, typer.Option(help="whose the pictures are, and what they allow: a line for the card")]
Push = Annotated[str | None, typer.Option(help="OWNER/NAME on the hub to upload it to, with the token that is set")]
Public = Annotated[bool, typer.Option("--public", help="a repo that --push makes is one that everybody sees")]


@app.command()
def dataset(
    name: Annotated[str, typer.Argument(help="series whose data set to pack: data/dataset/NAME.parquet")],
    out: Out = None,
    license: License = None,
    license_name: LicenseName = "",
    license_link: LicenseLink = "",
    rights: Rights = "",
    layout: Annotated[Layout, typer.Option(help="how the pictures lie in it")] = "parquet",
    no_pixels: Annotated[bool, typer.Option("--no-pixels", help="no picture: frames, boxes, captions, sums")] = False,
    masks: Annotated[
        Literal["text", "person", "both"] | None, typer.Option(help="masks beside: without text, all but people, both")
    ] = None,
    character: Annotated[str | None, typer.Option(help="only images of this character")] = None,
    push: Push = None,
    public: Public = False,
) -> None:
    """Write a data set as hubs have it: Parquet or WebDataset, card, Croissant, and notes to make it again from."""
    from genga.audit.origins import origins
    from genga.audit.stills_made import check_stills
    from genga.audit.tables import Reader
    from genga.exchange.package_card import licence
    from genga.exchange.package_writing import package_dataset
    from genga.exchange.writing import path_in
    from genga.workflow.records import read_records

    path_in("dataset", name)
    said = licence(license, license_name, license_link, rights)
    target = _checked(push, out or Path("packages", name))
    records = read_records()
    package = package_dataset(
        name, target, said, layout, not no_pixels, character, masks or "",
        lambda of, how: check_stills(of, how, records), partial(origins, Reader(".")),
    )  # fmt: skip
    pictures = "with" if package.pixels else "without"
    summary(f"package {name}: {package.rows.height} images in {target}, {pictures} their pixels")
    _push(push, target, "dataset", public)


@app.command()
def model(
    name: Annotated[str, typer.Argument(help="run or merge whose model to pack: models/NAME")],
    out: Out = None,
    license: License = None,
    license_name: LicenseName = "",
    license_link: LicenseLink = "",
    rights: Rights = "",
    step: Annotated[int | None, typer.Option(help="its checkpoint; default: the selected one")] = None,
    previews: Annotated[int, typer.Option(min=0, max=100, help="pictures that it drew, at most")] = 8,
    key: Annotated[Path | None, typer.Option(help="private key, PEM, to sign the folder with (genga sign)")] = None,
    push: Push = None,
    public: Public = False,
) -> None:
    """Write a model as hubs and UIs have it: file, card, pictures with their prompts, words that call it, summary."""
    from genga.audit.model_package import package_model
    from genga.exchange.package_card import licence
    from genga.workflow.records import read_records

    said = licence(license, license_name, license_link, rights)
    target = _checked(push, out or Path("packages", _plain(name)))
    shown = package_model(name, target, said, read_records(), step, previews, key)
    signed = f", signed: {target}.sig" if key else ""
    summary(f"package {name}: {target}/{name}.safetensors with card and {shown} pictures{signed}")
    _push(push, target, "model", public)


def _plain(name: str) -> str:
    """A name that can be a folder's. Raises GengaError for a path."""
    if name != Path(name).name or name in ("", ".."):
        raise GengaError(f"a run or merge is named as its folder in models/, as in akari; got {name!r}")
    return name


def _checked(push: str | None, out: Path) -> Path:
    """Return where the package goes; before anything is written it is known whether it could be uploaded."""
    if push is not None:
        from genga.exchange.hub import check

        check(push)
    return out


def _push(push: str | None, folder: Path, kind: str, public: bool) -> None:
    if push is not None:
        from genga.exchange.hub import upload

        summary(f"push: {upload(push, folder, kind, public)}")
