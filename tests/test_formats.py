"""What leaves for auditors, made and held against the rules by the formats' own libraries.

They have an environment of their own (`make audit`); elsewhere only the line that says so is tested.
"""

import importlib.util
import json
from pathlib import Path

import packed
import pytest
from audited import BASE, FIRST, HEAD, PLACE, SELECTED, SERIES, add_merge, make, tamper
from typer.testing import CliRunner

from genga.__main__ import app
from genga.audit.card import card
from genga.audit.extras import library
from genga.audit.provenance import facts, gather
from genga.errors import GengaError
from genga.store.files import read_json, sha256_of
from genga.workflow.records import read_records

needs = {
    name: pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name}: make audit")
    for name in ("cyclonedx", "mlcroissant", "model_signing", "rocrate", "rocrate_validator")
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make(tmp_path)


def behind() -> dict:
    return facts(gather(SELECTED, read_records()))


def test_a_library_that_is_not_there_is_one_line_with_the_way_out() -> None:
    with pytest.raises(GengaError, match="no_such_library: is not installed .*; `make audit`, then run"):
        library("no_such_library")


@needs["cyclonedx"]
def test_the_bill_of_materials_is_valid_and_names_everything(project: Path) -> None:
    from genga.audit.mlbom import check, mlbom

    text = mlbom(behind(), read_json("data/evaluate/r.json"))
    assert text == mlbom(behind(), read_json("data/evaluate/r.json")), "equal records, equal bytes"
    bill = json.loads(text)
    model = bill["metadata"]["component"]
    assert (model["type"], model["name"], model["version"]) == ("machine-learning-model", "r", "4")
    assert model["hashes"][0]["content"] == behind()["checkpoint"]["sha256"]
    assert model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"][0]["value"] == "0.4"
    assert {"name": "genga:tag.threshold", "value": "0.35"} in model["modelCard"]["properties"]
    kinds = {one["bom-ref"]: one["type"] for one in bill["components"]}
    assert kinds["model:base"] == "machine-learning-model" and kinds["software:torch@2.13.0"] == "library"
    assert kinds[f"data/dataset/{SERIES}.parquet"] == "data"
    with pytest.raises(GengaError, match="is not valid CycloneDX"):
        check(text.replace('"modelCard"', '"modelcard"'))


@needs["cyclonedx"]
def test_the_bill_of_a_merge_names_its_parents(project: Path) -> None:
    from genga.audit.mlbom import mlbom

    add_merge("one", 91, a=("base", "base", BASE), b=("run", "r", SELECTED))
    known = facts(gather("models/one/one.safetensors", read_records()))
    model = json.loads(mlbom(known, None))["metadata"]["component"]
    assert model["name"] == "one" and "version" not in model
    assert model["hashes"][0]["content"] == sha256_of("models/one/one.safetensors")
    assert model["modelCard"]["modelParameters"]["modelArchitecture"] == "merge of base base and run r"


@needs["rocrate"]
def test_the_crate_of_a_merge_has_its_job_and_its_parents(project: Path) -> None:
    from genga.audit.crate import crate

    Path("Snakefile").write_text("rule all:\n    input: []\n")
    add_merge("one", 91, a=("base", "base", BASE), b=("run", "r", SELECTED))
    Path("out").mkdir()
    Path("models/one/README.md").write_text(card("one", read_records()), encoding="utf-8")
    crate(facts(gather("models/one/one.safetensors", read_records())), Path("out"))
    assert {path.name for path in Path("out/models/one").iterdir()} == {"README.md"}, "not the model: it is large"
    graph = {one["@id"]: one for one in read_json("out/ro-crate-metadata.json")["@graph"]}
    assert graph["./"]["name"] == "one, a merge"
    assert graph["./"]["description"].startswith("A merge of base base and run r, and everything on record")
    named = {one.get("name"): one.get("sha256") for one in graph.values()}
    for path in ("models/one/one.safetensors", SELECTED, BASE, f"data/raw/{PLACE}.mkv"):
        assert named[path] == sha256_of(path), path
    run = graph["#run-one"]
    assert run["name"] == "run one: from the videos to the merge"
    assert len([one for one in graph.values() if one["@type"] == "CreateAction" and one["@id"] != "#run-one"]) > 10


@needs["mlcroissant"]
def test_the_croissant_loads_and_yields_the_records_and_the_pictures(project: Path) -> None:
    import mlcroissant
    import numpy as np

    from genga.audit.croissant import croissant
    from genga.audit.tables import OF_DATASET
    from genga.images.codec import encode
    from genga.params.stills import Format
    from genga.store.parquet import read_table
    from genga.store.shards import writing_shard

    with writing_shard("pictures.tar") as writer:
        kinds: tuple[Format, Format] = ("png", "jxl")  # a crop, and a still as it is kept
        places = [writer.add(f"{n}", encode(np.full((4, 4, 3), n, np.uint8), kind)) for n, kind in enumerate(kinds)]
    rows = read_table(f"data/dataset/{SERIES}.parquet", OF_DATASET)
    for name in places[0]:
        rows = rows.with_columns(type(rows)({name: [place[name] for place in places]})[name])
    Path("out").mkdir()
    croissant(SERIES, rows, Path("out"))
    dataset = mlcroissant.Dataset("out/croissant.json")
    read = [{key.split("/")[1]: value for key, value in row.items()} for row in dataset.records("rows")]
    assert [row["image"].decode() for row in read] == [FIRST, HEAD]
    assert read[1]["caption"].decode() == "hana, 1girl, long hair, smile, red hat"
    pictures = {row["images/name"].decode(): row["images/picture"] for row in dataset.records("images")}
    assert pictures[read[1]["file"].decode()].getpixel((0, 0)) == (1, 1, 1)


def signed() -> None:
    """Sign run r with a new key."""
    from genga.cli.sign import app

    assert CliRunner().invoke(app, ["r", "key", "--new-key"], catch_exceptions=False).exit_code == 0


def verify(key: str = "key.pub") -> None:
    from genga.cli.verify import app

    assert CliRunner().invoke(app, ["r", key], catch_exceptions=False).exit_code == 0


@needs["model_signing"]
def test_a_signature_holds_until_a_byte_a_file_or_the_key_is_another(project: Path) -> None:
    from genga.audit.signing import make_key

    signed()
    verify()
    assert Path("key").stat().st_mode & 0o077 == 0
    tamper(SELECTED)
    with pytest.raises(GengaError, match="models/r: is not what was signed.*r.safetensors"):
        verify()
    tamper(SELECTED)
    make_key(Path("another"))
    with pytest.raises(GengaError, match="is not what was signed"):
        verify("another.pub")
    with pytest.raises(GengaError, match="key: is there already"):
        signed()


@needs["model_signing"]
@pytest.mark.parametrize(
    "name", ["more.txt", ".gitattributes", ".gitignore", ".git/config", ".github/a.yml", ".hidden/a"]
)
@pytest.mark.parametrize("passing_over", [False, True])
def test_a_file_more_is_found_whatever_it_is_called(project: Path, name: str, passing_over: bool) -> None:
    if passing_over:  # a signature of before, or of another tool: it says that git's own files are passed over
        from model_signing.signing import Config

        from genga.audit.signing import make_key

        make_key(Path("key"))
        Config().use_elliptic_key_signer(private_key=Path("key")).sign(Path("models/r"), Path("models/r.sig"))
    else:
        signed()
    verify()
    Path("models/r", name).parent.mkdir(exist_ok=True)
    Path("models/r", name).touch()
    with pytest.raises(GengaError, match=rf"models/r: is not what was signed.*Extra files found.*{name}"):
        verify()


@needs["model_signing"]
def test_a_signature_or_key_that_is_another_or_none_is_a_verdict(project: Path) -> None:
    signed()
    whole = Path("models/r.sig").read_bytes()
    flipped = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), 37)]
    others = [b"", whole[:99], b"{}", b"[]", b"3", b"\xff" * 9, b"[" * 100_000, b'{"dsseEnvelope":{}}']
    for content in [*flipped, *others]:
        Path("models/r.sig").write_bytes(content)
        with pytest.raises(GengaError, match="models/r: is not what was signed, or models/r.sig is not its") as error:
            verify()
        assert "\n" not in str(error.value)
    Path("models/r.sig").write_bytes(whole)
    for content in (
        b"",
        b"a key",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        Path("key").read_bytes(),
    ):
        Path("no.pub").write_bytes(content)
        with pytest.raises(GengaError, match="is not its signature by the key of no.pub"):
            verify("no.pub")
    verify()


@needs["model_signing"]
def test_what_is_behind_a_model_is_held_against_the_signature(project: Path) -> None:
    from genga.audit.roots import root_of
    from genga.audit.verify import audit

    signed()

    def found() -> dict:
        return audit(SELECTED, read_records(), against=root_of("models/r.sig", Path("key.pub")))

    assert found()["verified"]
    assert found()["records"]["root"] == "signature models/r.sig by the key of key.pub"
    tag = f"data/tag/{PLACE}.parquet"
    tamper(tag)
    rewritten = Path("records.jsonl").read_text().replace(read_records().maker[tag].outputs[tag].sha256, sha256_of(tag))
    Path("records.jsonl").write_text(rewritten)
    changed = {(check["what"], check["name"]) for check in found()["checks"] if check["state"] == "changed"}
    assert {("table", tag), ("record", tag)} <= changed and found()["verdict"] == "changed"
    Path("records.jsonl").unlink()
    assert found()["verdict"] == "changed"
    tamper(tag)
    assert found()["verified"], "nobody needs the folder's own records"
    tamper("models/r/records.jsonl")
    with pytest.raises(GengaError, match="is not what was signed"):
        found()


@needs["model_signing"]
def test_a_merge_is_signed_with_all_that_is_behind_it(project: Path) -> None:
    from genga.audit.roots import root_of
    from genga.audit.verify import audit
    from genga.cli.sign import app as sign_app
    from genga.cli.verify import app as verify_app

    add_merge("one", 91, a=("base", "base", BASE), b=("run", "r", SELECTED))
    assert CliRunner().invoke(sign_app, ["one", "key", "--new-key"], catch_exceptions=False).exit_code == 0
    Path("records.jsonl").unlink()
    assert CliRunner().invoke(verify_app, ["one", "key.pub"], catch_exceptions=False).exit_code == 0
    model, root = "models/one/one.safetensors", root_of("models/one.sig", Path("key.pub"))
    assert audit(model, read_records(), against=root)["verified"]
    tamper(SELECTED)
    assert audit(model, read_records(), against=root)["verdict"] == "changed"
    tamper(model)
    with pytest.raises(GengaError, match="models/one: is not what was signed"):
        CliRunner().invoke(verify_app, ["one", "key.pub"], catch_exceptions=False)
    with pytest.raises(GengaError, match="'..': no such run here"):
        CliRunner().invoke(verify_app, ["..", "key.pub"], catch_exceptions=False)


@needs["model_signing"]
def test_a_signature_without_records_is_no_root(project: Path) -> None:
    from genga.audit import signing
    from genga.audit.roots import root_of

    signing.make_key(Path("key"))
    signing.sign(Path("models/r"), Path("key"))
    with pytest.raises(GengaError, match=r"models/r/records.jsonl: no such file; sign again"):
        root_of("models/r.sig", Path("key.pub"))


@needs["rocrate_validator"]
def test_the_crate_meets_what_its_profile_requires(project: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from genga.audit.crate import crate

    (project / "Snakefile").write_bytes((root / "Snakefile").read_bytes())
    first, again = project / "crate", project / "again"
    for folder in (first, again):
        folder.mkdir()
        crate(behind(), folder)
    text = (first / "ro-crate-metadata.json").read_text(encoding="utf-8")
    assert text == (again / "ro-crate-metadata.json").read_text(encoding="utf-8")
    assert str(project) not in text
    assert (first / SELECTED).is_file() or (first / "models/r/checkpoints/r-000004.safetensors").is_file()
    _without_network(monkeypatch)
    for profile in ("workflow-run-crate", "provenance-run-crate"):
        assert _problems(first, profile) == []
    broken = json.loads(text)
    broken["@graph"] = [
        {**one, "instrument": []} if one["@type"] == "ControlAction" else one for one in broken["@graph"]
    ]
    (first / "ro-crate-metadata.json").write_text(json.dumps(broken), encoding="utf-8")
    assert _problems(first, "provenance-run-crate") != []


@needs["rocrate_validator"]
def test_the_crate_has_every_job_with_what_it_read_and_made(project: Path, root: Path) -> None:
    from genga.audit.crate import crate

    (project / "Snakefile").write_bytes((root / "Snakefile").read_bytes())
    Path("data/probe", f"{PLACE}.json").write_text("changed since")
    (project / "crate").mkdir()
    crate(behind(), project / "crate")
    graph = json.loads((project / "crate/ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    by_id = {one["@id"]: one for one in graph}
    of = {name: [one for one in graph if one["@type"] == name] for name in ("CreateAction", "ControlAction")}
    assert len(of["CreateAction"]) == 15 + 1 and len(of["ControlAction"]) == 15, "15 jobs, and the run"
    tag = by_id[f"#job-data/tag/{PLACE}.parquet".replace(" ", "%20")]
    assert tag["instrument"] == {"@id": "#tool-tag"}
    read = {by_id[one["@id"]]["name"]: by_id[one["@id"]] for one in tag["object"]}
    assert {name for name in read if "/" in name} == {
        f"corrections/{PLACE}/tags.csv", f"data/detect/{PLACE}.parquet", f"data/stills/{PLACE}.parquet",
    }  # fmt: skip
    assert read["tag"]["value"] == '{"threshold": 0.35}'
    (made,) = tag["result"]
    assert by_id[made["@id"]]["sha256"] == read_records().maker[f"data/tag/{PLACE}.parquet"].outputs[
        f"data/tag/{PLACE}.parquet"
    ].sha256  # fmt: skip
    assert not (project / "crate/data/probe").exists(), "what is not as recorded is named by its record alone"


def _problems(folder: Path, profile: str) -> list[str]:
    from rocrate_validator import models, services

    settings = models.ValidationSettings(
        rocrate_uri=str(folder), profile_identifier=profile, requirement_severity=models.Severity.REQUIRED
    )
    return [f"{issue.check.identifier}: {issue.message}" for issue in services.validate(settings).get_issues()]


def _without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve the crate's JSON-LD context from the copy that comes with `rocrate`.

    That copy is of 1.3, where two names of Bioschemas moved: they are put back to what 1.1 has.
    """
    from importlib.resources import files

    importlib.import_module("rdflib.plugins.parsers.jsonld")  # before the patch: it takes the function of `util` along
    import rdflib.plugins.shared.jsonld.context as context
    import rdflib.plugins.shared.jsonld.util as util
    import requests
    from rocrate_validator.utils.http import HttpRequester

    known = json.loads((files("rocrate") / "data/ro-crate.jsonld").read_text(encoding="utf-8"))
    for name in ("ComputationalWorkflow", "FormalParameter"):
        known["@context"][name] = f"https://bioschemas.org/{name}"
    answer = requests.Response()
    answer.status_code, answer._content = 200, json.dumps(known).encode()
    answer.headers["Content-Type"] = "application/ld+json"
    monkeypatch.setattr(HttpRequester, "get", lambda self, url, **more: answer, raising=False)
    for module in (context, util):
        monkeypatch.setattr(module, "source_to_json", lambda *given, **more: (known, None), raising=False)


@needs["mlcroissant"]
@pytest.mark.parametrize("pixels", [True, False])
def test_a_packages_croissant_is_valid_and_reads_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pixels: bool
) -> None:
    import mlcroissant

    monkeypatch.chdir(tmp_path)
    packed.make(tmp_path)
    said = ["package", "dataset", "s", "--license", "cc-by-4.0", *([] if pixels else ["--no-pixels"])]
    CliRunner().invoke(app, said, catch_exceptions=False)
    read = mlcroissant.Dataset(jsonld="packages/s/croissant.json")
    assert not read.metadata.ctx.issues.errors and read.metadata.name == "s"
    rows = list(read.records("rows-train"))
    assert [row["rows-train/frame"] for row in rows] == [7, 7, 7, 30, 5]
    assert rows[1]["rows-train/caption"].decode() == "hana, star (symbol), 1girl"
    files = {one.content_url for one in read.metadata.distribution}
    assert ("train-00000-of-00001.parquet" in files) is pixels and "rows/test.parquet" in files


@needs["model_signing"]
def test_a_packages_signature_holds_beside_it_and_as_a_hub_has_it_in_it(project: Path) -> None:
    from genga.audit.signing import make_key

    make_key(Path("key"))
    said = ["package", "model", "r", "--license", "mit", "--key", "key", "--previews", "0"]
    printed = CliRunner().invoke(app, said, catch_exceptions=False).output
    assert printed.endswith("card and 0 pictures, signed: packages/r.sig\n")
    verify = ["verify", "packages/r", "key.pub"]
    told = CliRunner().invoke(app, verify, catch_exceptions=False).output
    assert told.endswith("is what was signed with the key of key.pub\n")
    Path("packages/r.sig").rename("packages/r/model.sig")
    Path("packages/r/.gitattributes").write_text("*.safetensors filter=lfs\n")
    CliRunner().invoke(app, verify, catch_exceptions=False)
    Path("packages/r/more.txt").touch()
    with pytest.raises(GengaError, match="packages/r: is not what was signed"):
        CliRunner().invoke(app, verify, catch_exceptions=False)
    Path("packages/r/more.txt").unlink()
    tamper("packages/r/r.safetensors")
    with pytest.raises(GengaError, match="packages/r: is not what was signed"):
        CliRunner().invoke(app, verify, catch_exceptions=False)
