"""Roles, files and sha256 of two sets of models."""

import hashlib
import json
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import external_data_helper, helper, numpy_helper

from genga.errors import GengaError
from genga.models import registry
from genga.models.download import pull
from genga.models.models_file import tree_sha256, weights_outside
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
    root.mkdir(exist_ok=True)
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
    assert (published.name, published.entry.licence, published.knows) == ("person_v1", "MIT", "anime")
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


def test_a_motion_module_lies_beside_the_folder_of_its_base(tmp_path):
    alone = registry.load(EMBEDDED, project(tmp_path)).model("base")
    (tmp_path / "demo/motion.safetensors").write_bytes(PERSON)
    motion = "files: {{motion: {{path: demo/motion.safetensors, sha256: {motion}}}}}}}"
    text = MODELS.replace("{base}}}", "{base}, " + motion)
    values = {"embedded": SHA, "published": SHA, "base": alone.sha256, "revision": "null"}
    (tmp_path / "models.yaml").write_text(text.format(**values, motion=SHA))
    base = registry.load(EMBEDDED, tmp_path).model("base").verify()
    assert base.is_pinned and base.path == tmp_path / "demo/base"
    assert [(file.part, file.path) for file in base.beside] == [("motion", tmp_path / "demo/motion.safetensors")]
    listed = {"demo/motion.safetensors": SHA, **{name: hashlib.sha256(data).hexdigest() for name, data in
              {"model_index.json": b"{}", "unet/config.json": b"[]"}.items()}}  # fmt: skip
    assert base.sha256 == tree_sha256(listed) != alone.sha256
    (tmp_path / "demo/motion.safetensors").write_bytes(b"another")
    with pytest.raises(GengaError, match=r"demo/motion.safetensors: sha256 is .*expected"):
        registry.load(EMBEDDED, tmp_path).model("base").verify()
    (tmp_path / "models.yaml").write_text(text.replace("motion: {{", "model: {{").format(**values, motion=SHA))
    with pytest.raises(GengaError, match=r"models.yaml:embedded.base: either files or folder is needed"):
        registry.load(EMBEDDED, tmp_path)


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
        ("embedded: {a: {name: [3], licence: b, knows: c}}\npublished: {}", "models.yaml:embedded.a.name: "),
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
        "person", "halfbody", "head", "face", "tagger-1", "tagger-2", "tagger-3", "ccip-feature", "ccip-metric",
        *(["aesthetic", "ocr", "base", "vocabulary"] if section is PUBLISHED else ["base", "animatediff"]),
    ]  # fmt: skip
    if section is EMBEDDED and filled.model("base").path.exists():
        assert all(model.verify().is_pinned for model in filled.models.values())


@pytest.mark.parametrize(
    "path", ["../p.onnx", "/p.onnx", "a/../../p.onnx", "a//p.onnx", "./p.onnx", "p.onnx/", r"a\p.onnx", "", "a\n"]
)
@pytest.mark.parametrize("where", ["embedded.a.files.model.path", "published.a.files.model.path", "embedded.a.folder"])
def test_a_path_stays_below_its_folder(tmp_path, where, path):
    entry = {"name": "a", "licence": "b", "knows": "c"}
    if where.startswith("published"):
        entry["repo"] = "a/b"
    entry |= {"folder": path} if where.endswith("folder") else {"files": {"model": {"path": path}}}
    sets = {"embedded": {}, "published": {}} | {where.split(".")[0]: {"a": entry}}
    (tmp_path / "models.yaml").write_text(json.dumps(sets))
    with pytest.raises(GengaError) as error:
        registry.load(EMBEDDED, tmp_path)
    said = (
        "either files or folder is needed" if where.endswith("folder") and not path else f"{path!r} is not a path below"
    )
    assert said in str(error.value) and f"models.yaml:{where.split('.')[0]}.a" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("repo", ["../b", "a/..", "/a/b", "a", "a/b/c", "a/b ", ".incoming/b", "a/b\n"])
def test_a_repo_is_owner_and_name(tmp_path, repo):
    entry = {"name": "a", "licence": "b", "knows": "c", "repo": repo, "files": {"model": {"path": "p"}}}
    (tmp_path / "models.yaml").write_text(json.dumps({"embedded": {}, "published": {"a": entry}}))
    with pytest.raises(GengaError, match=r"published\.a\.repo: .* is not the name of a repo; write owner/name"):
        registry.load(EMBEDDED, tmp_path)


ENTRY = {"name": "a", "licence": "b", "knows": "c", "repo": "a/b", "revision": "one"}
OTHER = {"path": "q", "repo": "d/e"}


@pytest.mark.parametrize(
    ("which", "entry", "message"),
    [
        ("published", {"files": {"p": {**OTHER, "repo": "d"}}}, "a.files.p.repo: 'd' is not the name of a repo; write"),
        (
            "published",
            {"files": {"p": {"path": "q", "revision": "one"}}},
            "a.files.p.revision: is of another repo than",
        ),
        ("published", {"folder": ".", "files": {"p": OTHER}}, "a.files.p.repo: a folder's files, and embedded ones"),
        ("embedded", {"files": {"p": OTHER}}, "a.files.p.repo: a folder's files, and embedded ones, lie together; lea"),
        (
            "published",
            {"files": {"p": OTHER, "q": {**OTHER, "revision": "two"}}},
            "a.files.q.revision: d/e lies there at one revision; write the same for all its files",
        ),
        (
            "published",
            {"sha256": SHA, "files": {"p": {"path": "q"}}},
            "a.sha256: is of a folder's list of files, and there is no folder; write it under files",
        ),
    ],
)
def test_a_file_is_of_one_repo_at_one_revision(tmp_path, which, entry, message):
    sets = {"embedded": {}, "published": {}} | {which: {"a": {**ENTRY, **entry}}}
    (tmp_path / "models.yaml").write_text(json.dumps(sets))
    with pytest.raises(GengaError) as error:
        registry.load(PUBLISHED, tmp_path)
    assert f"models.yaml:{which}.{message}" in str(error.value) and "\n" not in str(error.value)


def test_a_published_folder_is_held_to_its_one_sha256(tmp_path):
    listing = hashlib.sha256(f"{SHA}  unet/x.safetensors\n".encode()).hexdigest()
    place = tmp_path / "weights/a/b/unet/x.safetensors"
    place.parent.mkdir(parents=True)
    place.write_bytes(PERSON)
    written = BASE.format(folder=f"folder: .\n    sha256: {listing}", unet="unet/x.safetensors", sha="null")
    (tmp_path / "models.yaml").write_text(written)
    assert registry.load(PUBLISHED, tmp_path).model("base").verify().sha256 == listing
    place.write_bytes(b"damaged")
    with pytest.raises(
        GengaError, match=rf"weights/a/b: content is .*, expected {listing[:12]}… \(model b, role base\)"
    ):
        registry.load(PUBLISHED, tmp_path).model("base").verify()


@pytest.mark.parametrize(
    ("section", "link"),
    [
        (EMBEDDED, "demo/p.onnx"),
        (EMBEDDED, "demo"),
        (PUBLISHED, "weights/someone/person/v1/model.onnx"),
        (PUBLISHED, "weights/someone/person/v1"),
        (PUBLISHED, "weights/someone/person"),
    ],
)
def test_a_link_out_of_the_folder_is_neither_read_nor_written_through(tmp_path, section, link):
    root = project(tmp_path / "here")
    (root / link).rename(tmp_path / "elsewhere")
    (root / link).symlink_to(tmp_path / "elsewhere")
    model = registry.load(section, root).model("person")
    with pytest.raises(GengaError, match="is a link that leads out of .*; put the file itself there"):
        model.verify()
    with pytest.raises(GengaError, match="is a link that leads out of"):
        list(pull(model, root, root / "weights", None))


def test_the_folder_of_models_may_be_a_link(tmp_path):
    root = project(tmp_path / "here")
    (root / "weights").rename(tmp_path / "disk")
    (root / "weights").symlink_to(tmp_path / "disk")
    assert registry.load(PUBLISHED, root).model("person").verify().sha256 == SHA


BASE = """
embedded: {{}}
published:
  base:
    name: b
    knows: c
    licence: MIT
    repo: a/b
    {folder}
    files:
      unet: {{path: {unet}, sha256: {sha}}}
"""


@pytest.mark.parametrize(
    ("folder", "unet", "others"),
    [
        ("folder: .", "unet/x.safetensors", "unet/x.safetensors.index.json"),
        ("folder: .", "unet/x.safetensors", "unet/x-00001-of-00002.safetensors"),
        ("folder: .", "unet/x.safetensors", "vae/config.json"),
        ("", "x.safetensors", "x/unet/config.json"),  # a single file, and its configuration beside it
    ],
)
def test_a_file_that_no_list_names_and_a_loader_may_read_is_refused(tmp_path, folder, unet, others):
    (tmp_path / "models.yaml").write_text(BASE.format(folder=folder, unet=unet, sha=SHA))
    for path, content in (
        (unet, PERSON),
        (others, b"{}"),
        ("README.md", b""),
        ("unet/.cache/x", b""),
        ("LICENSE", b""),
    ):
        (tmp_path / "weights/a/b" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "weights/a/b" / path).write_bytes(content)
    model = registry.load(PUBLISHED, tmp_path).model("base")
    with pytest.raises(GengaError, match="move it away, or list it under files with its sha256") as error:
        model.verify()
    assert str(error.value).startswith(
        f"{tmp_path / 'weights/a/b' / others}: models.yaml names no such file (model b, "
    )
    (tmp_path / "weights/a/b" / others).unlink()
    assert model.verify().sha256


def graph(path: Path, inside: bool = False) -> None:
    """An ONNX graph whose weights lie in the file `more/w.bin`; inside: those of a branch."""
    weights = numpy_helper.from_array(np.zeros(300, np.float32), "w")
    body = helper.make_graph([], "g", [], [], [weights])
    if inside:
        node = helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body)
        body = helper.make_graph([node], "g", [], [])
    model = helper.make_model(body)
    for tensor in external_data_helper._get_all_tensors(model):
        external_data_helper.set_external_data(tensor, "more/w.bin")
        tensor.ClearField("raw_data")
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize("inside", [False, True])
def test_weights_that_a_graph_keeps_in_another_file_are_pinned_or_refused(tmp_path, inside):
    root = project(tmp_path)
    graph(root / "demo/p.onnx", inside)
    assert weights_outside(root / "demo/p.onnx") == ["more/w.bin"]
    sha256 = hashlib.sha256((root / "demo/p.onnx").read_bytes()).hexdigest()
    project(root, embedded=sha256)
    graph(root / "demo/p.onnx", inside)
    with pytest.raises(GengaError, match=r"demo/more/w.bin: models.yaml names no such file .*list it under files"):
        registry.load(EMBEDDED, root).model("person").verify()
    (root / "demo/more").mkdir()
    (root / "demo/more/w.bin").write_bytes(PERSON)
    both = f"{sha256}}}, weights: {{path: demo/more/w.bin, sha256: {SHA}"
    (root / "models.yaml").write_text((root / "models.yaml").read_text().replace(sha256, both))
    assert len(registry.load(EMBEDDED, root).model("person").verify().digests) == 2


def test_a_graph_with_its_weights_inside_and_no_graph_name_no_file(tmp_path):
    weights = numpy_helper.from_array(np.zeros(300, np.float32), "location")
    onnx.save(helper.make_model(helper.make_graph([], "g", [], [], [weights])), tmp_path / "a.onnx")
    for name, content in (("b", b""), ("c", b"\xff" * 40), ("d", (tmp_path / "a.onnx").read_bytes()[:-9])):
        (tmp_path / f"{name}.onnx").write_bytes(content)
    assert [weights_outside(tmp_path / f"{name}.onnx") for name in "abcd"] == [[], [], [], []]


@pytest.mark.parametrize("text", ["[]", '{"a/b": 3}', '{"a/b": {"files": []}}'])
def test_a_lock_of_another_form_is_one_line(tmp_path, text):
    (project(tmp_path) / "models.lock").write_text(text)
    with pytest.raises(GengaError, match=r"models\.lock: is not what `genga models pull` wrote; `git checkout"):
        registry.load(PUBLISHED, tmp_path)
