"""Roles, files and sha256 of two sets of models."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from genga.errors import GengaError
from genga.models import registry
from genga.params.models import Params

EMBEDDED = Params(use="embedded", folder="weights", device="cpu", batch=1)
PUBLISHED = EMBEDDED.model_copy(update={"use": "published"})
PERSON = b"person"
SHA = hashlib.sha256(PERSON).hexdigest()

MODELS = """
embedded:
  person:
    {{name: small-person, knows: the drawn world, licence: Apache-2.0, files: {{model: {{path: demo/p.onnx, sha256: {embedded}}}}}}}
  base:
    {{name: small-base, knows: the drawn world, licence: Apache-2.0, folder: demo/base, sha256: {base}}}
published:
  person:
    name: person_v1
    knows: anime
    licence: MIT
    repo: someone/person
    revision: {revision}
    files: {{model: {{path: v1/model.onnx, sha256: {published}}}}}
  tagger-1:
    {{name: t1, knows: tags, licence: MIT, repo: a/t1, files: {{model: {{path: m.onnx}}, tags: {{path: t.csv}}}}}}
  tagger-2:
    {{name: t2, knows: tags, licence: MIT, repo: a/t2, files: {{model: {{path: m.onnx}}, tags: {{path: t.csv}}}}}}
"""  # noqa: E501


def project(root: Path, **values: str) -> Path:
    """Write models.yaml with the given values, and files where they belong. Returns `root`."""
    values = {"embedded": SHA, "published": SHA, "base": "null", "revision": "null"} | values
    (root / "models.yaml").write_text(MODELS.format(**values))
    for path in ("demo/p.onnx", "weights/someone/person/v1/model.onnx"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(PERSON)
    (root / "demo/base/unet").mkdir(parents=True, exist_ok=True)
    (root / "demo/base/model_index.json").write_text("{}")
    (root / "demo/base/unet/config.json").write_text("[]")
    (root / "demo/base/.cache").mkdir(exist_ok=True)
    (root / "demo/base/.cache/notes").write_text("not a part of the model")
    return root


def test_a_role_in_either_set(tmp_path):
    embedded = registry.load(EMBEDDED, project(tmp_path)).model("person").verify()
    assert (embedded.name, embedded.set, embedded.revision, embedded.sha256) == ("small-person", "embedded", None, SHA)
    assert embedded.paths == [str(tmp_path / "demo/p.onnx")]
    published = registry.load(PUBLISHED, tmp_path).model("person").verify()
    assert (published.name, published.licence, published.knows) == ("person_v1", "MIT", "anime")
    assert published.part("model") == published.path == tmp_path / "weights/someone/person/v1/model.onnx"


def test_taggers_in_order(tmp_path):
    assert [model.name for model in registry.load(PUBLISHED, project(tmp_path)).taggers()] == ["t1", "t2"]


@pytest.mark.parametrize(
    ("section", "path", "remedy"),
    [
        (EMBEDDED, "demo/p.onnx", "restore it: git checkout --"),
        (PUBLISHED, "weights/someone/person/v1/model.onnx", "fetch it: genga models pull --role person"),
    ],
)
def test_missing_and_wrong_files_say_what_to_do(tmp_path, section, path, remedy):
    project(tmp_path)
    (tmp_path / path).write_bytes(b"damaged")
    with pytest.raises(GengaError) as error:
        registry.load(section, tmp_path).model("person").verify()
    wrong = hashlib.sha256(b"damaged").hexdigest()[:12]
    assert f"{tmp_path / path}: sha256 is {wrong}…, expected {SHA[:12]}… (model " in str(error.value)
    assert remedy in str(error.value) and "\n" not in str(error.value)
    (tmp_path / path).unlink()
    with pytest.raises(GengaError, match=r"missing \(model .*, role person\); ") as error:
        registry.load(section, tmp_path).model("person").verify()
    assert remedy in str(error.value)


def test_published_file_that_nobody_vouches_for_is_refused(tmp_path):
    with pytest.raises(GengaError, match="no sha256 is on record for it"):
        registry.load(PUBLISHED, project(tmp_path, published="null")).model("person").verify()


def test_embedded_file_without_sha256_is_noted(tmp_path, capsys):
    registry.load(EMBEDDED, project(tmp_path, embedded="null")).model("person").verify()
    assert "note: " in (said := capsys.readouterr().err) and "no sha256 in models.yaml" in said


@pytest.mark.parametrize(
    ("revision", "is_pinned"),
    [("null", True), ("cafe", True), ("beef", False)],  # a lock of revision cafe says nothing of beef
)
def test_lock_pins_what_models_yaml_does_not_know(tmp_path, revision, is_pinned):
    project(tmp_path, published="null", revision=revision)
    lock = {"someone/person": {"revision": "cafe", "files": {"v1/model.onnx": SHA}}}
    (tmp_path / "models.lock").write_text(json.dumps(lock))
    model = registry.load(PUBLISHED, tmp_path).model("person")
    assert model.is_pinned == is_pinned
    assert model.revision == ("cafe" if revision == "null" else revision)


def test_folder_is_hashed_as_sha256sum_lists_it(tmp_path):
    base = registry.load(EMBEDDED, project(tmp_path)).model("base")
    listing = "sha256sum model_index.json unet/config.json | sha256sum"
    done = subprocess.run(listing, shell=True, cwd=tmp_path / "demo/base", capture_output=True, text=True, check=True)
    assert base.sha256 == done.stdout.split()[0]
    assert base.path == tmp_path / "demo/base"
    registry.load(EMBEDDED, project(tmp_path, base=base.sha256)).model("base").verify()
    (tmp_path / "demo/base/unet/config.json").write_text("[1]")
    with pytest.raises(GengaError, match=r"demo/base: content is .*expected"):
        registry.load(EMBEDDED, tmp_path).model("base").verify()


def test_missing_folder_names_the_file_that_should_be_there(tmp_path):
    project(tmp_path)
    for path in sorted((tmp_path / "demo/base").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    base = registry.load(EMBEDDED, tmp_path).model("base")
    assert base.paths == [str(tmp_path / "demo/base/model_index.json")]
    with pytest.raises(GengaError, match=r"model_index\.json: missing"):
        base.verify()


def test_unknown_role(tmp_path):
    with pytest.raises(GengaError, match=r"models\.yaml:embedded\.wings is missing \(roles: person, base\)"):
        registry.load(EMBEDDED, project(tmp_path)).model("wings")
    with pytest.raises(GengaError, match=r"embedded\.tagger-1 is missing"):
        registry.load(EMBEDDED, tmp_path).taggers()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("embedded: {}", "must be a mapping with the keys embedded and published"),
        ("embedded: {}\npublished: {a: {name: a, licence: b, knows: c}}", "published.a: repo and files are needed"),
        ("embedded: {a: {name: a, licence: b, knows: c}}\npublished: {}", "embedded.a: either files or folder"),
        ("embedded: {a: {name: 3, licence: b, knows: c}}\npublished: {}", "models.yaml:embedded.a.name: "),
        ("embedded: {a: {nom: a}}\npublished: {}", "models.yaml:embedded.a."),
        ("embedded: [", "is not valid YAML"),
    ],
)
def test_models_yaml_that_is_wrong(tmp_path, text, message):
    (tmp_path / "models.yaml").write_text(text)
    with pytest.raises(GengaError) as error:
        registry.load(EMBEDDED, tmp_path)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_summary_says_what_embedded_models_know(tmp_path):
    assert registry.load(EMBEDDED, project(tmp_path)).summary() == (
        "embedded models: these models know the drawn world only; for own video set models.use: published"
    )
    assert registry.load(PUBLISHED, tmp_path).summary() == "published models: person_v1, t1, t2"


@pytest.mark.parametrize("section", [EMBEDDED, PUBLISHED])
def test_this_project_fills_every_role(section):
    root = Path(__file__).parents[1]
    filled = registry.load(section, root)
    assert list(filled.models) == [
        "person", "halfbody", "head", "face", "tagger-1", "tagger-2", "tagger-3", "ccip-feature", "ccip-metric", "base",
    ]  # fmt: skip
    if section is EMBEDDED and filled.model("base").path.exists():
        assert all(model.verify().is_pinned for model in filled.models.values())
