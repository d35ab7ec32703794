"""What a package says of itself: README.md, as hubs read it, and Croissant's JSON-LD.

The card is YAML between dashes, then Markdown: what is in it, what of others' pictures, under which licence, how to get
the pictures from the videos. Croissant 1.0 (https://docs.mlcommons.org/croissant) is written by hand, since it has to
be the same bytes wherever the package is made again; its own library checks it in tests/test_formats.py.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from genga.errors import GengaError
from genga.exchange.folders import FOLDERS
from genga.exchange.markdown import code, row, text
from genga.exchange.package import FRAMES_FILE, NOTE, ROWS, Licence, Package, counted
from genga.exchange.package_origins import told

CARD, CROISSANT, PREVIEW = "README.md", "croissant.json", "preview.png"
OTHER = "other"
MASKED = {"text": "all but burnt-in text", "person": "people", "both": "people, but for burnt-in text"}
# As https://huggingface.co/docs/hub/repositories-licenses has them.
_LICENCES = """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
    afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0
    cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0
    cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0
    cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl
    gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr
    mpl-2.0 odc-by odbl openmdw-1.0 openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr unknown
    other
"""
LICENCES = frozenset(_LICENCES.split())
_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_COLUMNS = {  # what Croissant says of the columns that a reader needs; genga/tables/package.py has all
    "id": ("sc:Text", "the crop's id, or the still's"), "split": ("sc:Text", "train or held-out"),
    "caption": ("sc:Text", "what is learnt with the image"),
    "kind": ("sc:Text", "fullbody, halfbody, head, still or scenery"),
    "character": ("sc:Text", "who is on it, if anybody was named"), "tier": ("sc:Text", "quality of the still"),
    "repeats": ("sc:Integer", "looks per epoch"), "weight": ("sc:Float", "of the loss"),
    "episode": ("sc:Text", "series/episode"), "frame": ("sc:Integer", "its number in the video, from 0"),
    "width": ("sc:Integer", "px"), "height": ("sc:Integer", "px"), "sha256": ("sc:Text", "of the image as PNG"),
}  # fmt: skip
# Croissant's own words, as its documents name them.
_WORDS = """
    citeAs column dataBiases dataCollection extract field fileObject fileProperty fileSet format includes isLiveDataset
    jsonPath key md5 parentField path personalSensitiveInformation recordSet references regex repeated replace separator
    source subField transform
"""
_JSON = "data examples"  # of these, those that hold JSON
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{word: f"cr:{word}" for word in _WORDS.split()},
    **{word: {"@id": f"cr:{word}", "@type": "@json"} for word in _JSON.split()},
}


def licence(id: str | None, name: str, link: str, rights: str) -> Licence:
    """Return what a package says of rights. Raises GengaError for a licence that is missing or unknown to hubs."""
    if not id:
        raise GengaError(
            "no licence is named: --license, as hubs name them (cc-by-4.0, cc0-1.0, …), or --license other "
            "--license-name NAME; it is of what is yours in it: choice, captions, boxes, weights"
        )
    if id not in LICENCES:
        raise GengaError(f"--license {id}: hubs know no such licence; say --license other --license-name {id}")
    if id == OTHER and not name:
        raise GengaError("--license other: has no name; say --license-name NAME, and --license-link URL if it has one")
    for option, value in (("--license-name", name), ("--license-link", link), ("--rights", rights)):
        if len(value.splitlines()) > 1:
            raise GengaError(f"{option}: has a line end in it; say it on one line")
    return Licence(id, name, link, rights)


def licence_fields(said: Mapping[str, str]) -> dict[str, str]:
    """Return the keys that a card's YAML has for a licence."""
    keys = {"license": "id", "license_name": "name", "license_link": "link"}
    return {key: said[of] for key, of in keys.items() if of in said}


def front(values: Mapping[str, Any]) -> str:
    """Return a card's YAML between its dashes. No line is folded: whoever looks for the dashes finds these."""
    return (
        f"---\n{yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=float('inf')).rstrip()}\n---\n"
    )


def card(package: Package) -> str:
    """Return README.md."""
    said = [f"# {text(package.name)}", "", *_contents(package), *_rights(package), *_reading(package), *_again(package)]
    return front(_front(package)) + "\n".join(["", *said]) + "\n"


def _front(package: Package) -> dict[str, Any]:
    images = package.rows.height
    size = next((number for number, top in enumerate(_SIZES) if images < top), len(_SIZES))
    words = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "n>1M")
    ending = "parquet" if package.note["layout"] == "parquet" else "tar"
    rows = [{"split": FOLDERS[split], "path": f"{ROWS}/{FOLDERS[split]}.parquet"} for split in package.sides]
    own = [{"split": FOLDERS[split], "path": f"{FOLDERS[split]}-*.{ending}"} for split in package.sides]
    configs = [{"config_name": "images", "data_files": own, "default": True}] if package.pixels else []
    configs += [{"config_name": ROWS, "data_files": rows}]
    return {
        **licence_fields(package.note["licence"]),
        "pretty_name": package.name,
        "task_categories": ["text-to-image"],
        "tags": ["anime", "genga"],
        "size_categories": [words[size]],
        "configs": configs,
    }


def _contents(package: Package) -> Iterator[str]:
    rows = package.rows
    sides = ", ".join(f"{package.side(split).height} {FOLDERS[split]}" for split in package.sides)
    yield f"Images of a series with captions, to train on: {rows.height} ({sides})."
    yield ""
    if package.pixels:
        yield from [f"![some of the training images]({PREVIEW})", ""]
    yield from ["| | images |", "|---|---|"]
    for what in ("kind", "character", "tier"):
        counts = Counter(value for value in rows[what] if value)
        yield from (row(text(f"{what} {value}"), text(count)) for value, count in sorted(counts.items()))
    yield ""


def _rights(package: Package) -> Iterator[str]:
    of, said = counted(package), package.note["licence"]
    yield from ["## What it has of others' pictures", ""]
    about = f"{of['frames']} frames of {of['videos']} videos: {of['whole']} whole, {of['parts']} parts cut out of them"
    if package.pixels:
        yield f"The pixels of {about}."
    else:
        yield f"No pixel. It says where {of['images']} images are in {about}:"
        also = ", which px are people's" if package.masks in ("person", "both") else ""
        yield f"frame numbers, boxes{also}, captions, and sha256 sums."
    yield f"The rights in these pictures: {text(said.get('rights') or 'not stated; they are those of the videos')}."
    name = said.get("name") or said["id"]
    at = f" ({text(said['link'])})" if "link" in said else ""
    yield f"The licence {text(name)}{at} is of what was added: the choice, the captions, the boxes."
    yield from ["", "| video | sha256 | file |", "|---|---|---|"]
    for episode, video in package.note["videos"].items():
        yield row(text(episode), code(video["sha256"]), text(video.get("file", "")))
    yield ""
    yield from told(package.origins)


def _reading(package: Package) -> Iterator[str]:
    yield from ["## How to read it", ""]
    for split in package.sides if package.pixels else ():
        if package.note["layout"] == "parquet":
            yield f"- `{FOLDERS[split]}-*.parquet`: `image`, `text` (the caption), and what is known of each"
        else:
            yield f"- `{FOLDERS[split]}-*.tar`: WebDataset, `.png`, `.txt` and `.json` of one key"
    if package.pixels and package.masks:
        where = "`mask`" if package.note["layout"] == "parquet" else "`.mask.png`"
        yield f"- {where}: a mask of each, white where it is to be learnt: {MASKED[package.masks]}"
    yield f"- `{ROWS}/*.parquet`: a row for each image, with its episode, frame, box and sha256"
    yield f"- `{FRAMES_FILE}`: the frames that these are of, by their times; `{NOTE}`: videos, software, counts"
    yield from [f"- `{CROISSANT}`: the same for readers of Croissant", ""]


def _again(package: Package) -> Iterator[str]:
    yield from ["## How to make it from the videos", ""]
    yield "Who has the videos of the table above gets these very images from them, checked by sha256:"
    yield from ["", "```", "genga rebuild THIS_FOLDER --videos FOLDER --out NEW_FOLDER", "```", ""]
    if package.pixels:
        yield "That takes a package without pixels (`genga package dataset --no-pixels`); this one has them."
    software = ", ".join(f"{name} {version}" for name, version in package.note["software"].items())
    yield f"They were decoded with {software}."


def croissant(package: Package, sums: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON-LD. sums: sha256 of each file that is described."""
    objects = [
        {"@type": "cr:FileObject", "@id": path, "name": path, "contentUrl": path, "encodingFormat": _mime(path),
         "sha256": sha256}
        for path, sha256 in sums.items() if _mime(path)
    ]  # fmt: skip
    sets = [_records(f"{ROWS}/{FOLDERS[split]}.parquet", f"{ROWS}-{FOLDERS[split]}") for split in package.sides]
    said = package.note["licence"]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": package.name,
        "description": f"{package.rows.height} images of the series {package.name} with captions, "
        + ("with" if package.pixels else "without") + " their pixels.",
        "license": said.get("link") or said.get("name") or said["id"],
        "version": "1.0.0",
        "distribution": objects,
        "recordSet": sets,
    }  # fmt: skip


def _mime(path: str) -> str:
    return {"parquet": "application/x-parquet", "tar": "application/x-tar"}.get(path.rpartition(".")[2], "")


def _records(file: str, name: str) -> dict[str, Any]:
    fields = [
        {"@type": "cr:Field", "@id": f"{name}/{column}", "name": column, "description": said, "dataType": kind,
         "source": {"fileObject": {"@id": file}, "extract": {"column": column}}}
        for column, (kind, said) in _COLUMNS.items()
    ]  # fmt: skip
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": "a row for each image", "field": fields}
