"""`genga models`: pull from a hub and from a folder, verify, list, lock-embedded."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub import COMMIT, serving

ROOT = Path(__file__).parents[1]

GRAPH, TAGS = b"graph" * 40_000, b"tag_id,name,category,count\n"
REPO = {"someone/tagger-v3": {"model.onnx": GRAPH, "selected_tags.csv": TAGS}}
PLACE = "weights/someone/tagger-v3"

PARAMS = "models: {use: embedded, folder: weights, device: cpu, batch: 1}\n"
MODELS = """# a comment that stays
embedded:
  person:
    name: small
    knows: the drawn world
    licence: Apache-2.0
    files:
      model: {path: demo/p.onnx, sha256: null} # so does this
  base:
    name: base
    knows: the drawn world
    licence: Apache-2.0
    folder: demo/base # and this
    sha256: null
published:
  tagger-1:
    name: tagger-v3
    knows: tags
    licence: MIT
    repo: someone/tagger-v3
    files:
      model: {path: model.onnx, sha256: null}
      tags: {path: selected_tags.csv, sha256: null}
"""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def project(tmp_path):
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "models.yaml").write_text(MODELS)
    for path in ("demo/p.onnx", "demo/base/model_index.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    return tmp_path


def genga(project: Path, *arguments: str, hub: str = "http://127.0.0.1:9") -> subprocess.CompletedProcess:
    """Run `genga models …` in a folder, with `hub` as the hub."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_ENDPOINT": hub, "HF_HUB_OFFLINE": "0"}
    environment |= {"HF_HOME": str(project / ".hf"), "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, "-m", "genga", "models", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=60)


def failed(done: subprocess.CompletedProcess) -> str:
    """The one line of a command that ended with an error."""
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def lock_of(project: Path) -> dict:
    return json.loads((project / "models.lock").read_text())


def test_pull_from_the_hub_records_revision_and_sha256(project):
    with serving(REPO) as (hub, _):
        done = genga(project, "pull", hub=hub)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"tagger-1: {PLACE}/model.onnx matches the hub's checksum, recorded",
        f"tagger-1: {PLACE}/selected_tags.csv recorded",
        "pull: 1 models under weights/; models.use: published switches them on",
    ]
    files = {"model.onnx": sha256(GRAPH), "selected_tags.csv": sha256(TAGS)}
    assert lock_of(project) == {"someone/tagger-v3": {"revision": COMMIT, "files": files}}
    assert (project / PLACE / "model.onnx").read_bytes() == GRAPH
    assert sorted(path.name for path in (project / PLACE).iterdir()) == ["model.onnx", "selected_tags.csv"]
    assert genga(project, "verify", "--set", "published").returncode == 0
    again = genga(project, "pull")  # no hub is needed for what is in place
    assert again.stdout.splitlines()[0] == "tagger-1: tagger-v3 is in place and verified"


def test_pull_goes_on_where_a_download_broke_off(project):
    large = bytes(24 << 20)  # written to disk 10 MiB at a time: what came before the break is there
    with serving({"someone/tagger-v3": {"model.onnx": large, "selected_tags.csv": TAGS}}, cuts=1) as (hub, handler):
        done = genga(project, "pull", hub=hub)
    assert done.returncode == 0, done.stderr
    assert handler.ranges == [f"bytes={10 << 20}-"]
    assert (project / PLACE / "model.onnx").read_bytes() == large


def test_pull_of_another_content_than_on_record(project):
    text = MODELS.replace("model.onnx, sha256: null", f"model.onnx, sha256: {sha256(b'other')}")
    (project / "models.yaml").write_text(text)
    with serving(REPO) as (hub, _):
        line = failed(genga(project, "pull", hub=hub))
    assert f"sha256 is {sha256(GRAPH)[:12]}…, expected {sha256(b'other')[:12]}…" in line and "model tagger-v3" in line
    assert not (project / PLACE / "model.onnx").exists()


def test_pull_without_a_network_names_the_way_out(project):
    line = failed(genga(project, "pull"))
    assert "someone/tagger-v3 (model tagger-v3, role tagger-1) cannot be fetched" in line
    assert "genga models pull --from FOLDER" in line


def test_pull_of_a_file_that_the_hub_does_not_have(project):
    with serving({"someone/tagger-v3": {"model.onnx": GRAPH}}) as (hub, _):
        line = failed(genga(project, "pull", hub=hub))
    assert "someone/tagger-v3/selected_tags.csv (model tagger-v3, role tagger-1) cannot be fetched" in line
    assert list(lock_of(project)["someone/tagger-v3"]["files"]) == ["model.onnx"]  # what came stays


@pytest.mark.parametrize("folder", ["someone/tagger-v3", "tagger-v3"])
def test_pull_from_a_folder(project, folder):
    home = project / "stick" / folder
    home.mkdir(parents=True)
    (home / "model.onnx").write_bytes(GRAPH)
    line = failed(genga(project, "pull", "--from", "stick"))
    assert "stick/someone/tagger-v3/selected_tags.csv: no such file (model tagger-v3, role tagger-1)" in line
    (home / "selected_tags.csv").write_bytes(TAGS)
    assert genga(project, "pull", "--from", "stick").returncode == 0
    assert lock_of(project)["someone/tagger-v3"]["revision"] is None  # a folder does not know it
    (home / "model.onnx").write_bytes(b"other")
    (project / PLACE / "model.onnx").unlink()
    assert f"expected {sha256(GRAPH)[:12]}…" in failed(genga(project, "pull", "--from", "stick"))


def test_pull_records_what_was_put_in_place_by_hand(project):
    for name, data in REPO["someone/tagger-v3"].items():
        (project / PLACE).mkdir(parents=True, exist_ok=True)
        (project / PLACE / name).write_bytes(data)
    assert "no sha256 is on record" in failed(genga(project, "verify", "--set", "published"))
    assert genga(project, "pull", "--from", "weights").returncode == 0
    assert genga(project, "verify", "--set", "published").returncode == 0


def test_lock_embedded_changes_nothing_but_sha256(project):
    done = genga(project, "lock-embedded")
    assert done.stdout == "lock-embedded: 2 sha256 changed in models.yaml\n"
    person = sha256(b"demo/p.onnx")
    base = sha256(f"{sha256(b'demo/base/model_index.json')}  model_index.json\n".encode())
    expected = MODELS.replace("p.onnx, sha256: null", f"p.onnx, sha256: {person}")
    expected = expected.replace("    sha256: null", f"    sha256: {base}")
    assert (project / "models.yaml").read_text() == expected
    assert genga(project, "lock-embedded").stdout == "lock-embedded: 0 sha256 changed in models.yaml\n"
    (project / "demo/p.onnx").write_text("other")
    assert f"expected {person[:12]}…" in failed(genga(project, "verify"))


def test_lock_embedded_of_a_folder_and_a_file_beside_it(project):
    """The folder's own sha256 is that of the base of whose folder it is; the file has its own."""
    (project / "demo/m.safetensors").write_bytes(b"moves")
    beside = """  moving:
    name: m
    knows: the drawn world
    licence: Apache-2.0
    family: animatediff
    folder: demo/base
    sha256: null
    files:
      motion: {path: demo/m.safetensors, sha256: null}

published:"""
    (project / "models.yaml").write_text(MODELS.replace("published:", beside, 1))
    assert genga(project, "lock-embedded").stdout == "lock-embedded: 4 sha256 changed in models.yaml\n"
    base = sha256(f"{sha256(b'demo/base/model_index.json')}  model_index.json\n".encode())
    text = (project / "models.yaml").read_text()
    assert text.count(f"    sha256: {base}") == 2 and f"m.safetensors, sha256: {sha256(b'moves')}" in text
    assert genga(project, "verify").returncode == 0


def test_list(project):
    rows = genga(project, "list", "--set", "published").stdout.splitlines()
    assert rows[0].split() == ["tagger-1", "tagger-v3", "2", "of", "2", "missing", "MIT"]
    rows = genga(project, "list").stdout.splitlines()
    assert rows[0].split() == ["person", "small", "in", "place,", "not", "pinned", "Apache-2.0"]
    assert rows[-1].startswith("embedded models: these models know the drawn world only")


def test_unknown_role(project):
    assert "models.yaml:embedded.wings is missing" in failed(genga(project, "list", "--role", "wings"))


TWO = """embedded: {}
published:
  base:
    name: five
    knows: little
    licence: MIT
    repo: someone/base
    files:
      model: {path: files/model.onnx, sha256: null}
      words: {path: words/tokenizer.json, sha256: null, repo: someone/folder}
      more: {path: words/tokenizer.json, sha256: null, repo: else/folder, revision: REVISION}
"""


def test_files_of_other_repos_are_pulled_recorded_and_verified(project):
    (project / "models.yaml").write_text(TWO.replace("REVISION", COMMIT))
    contents = {"someone/base": {"files/model.onnx": GRAPH}}
    contents |= {repo: {"words/tokenizer.json": repo.encode()} for repo in ("someone/folder", "else/folder")}
    with serving(contents) as (hub, _):
        done = genga(project, "pull", hub=hub)
    assert done.returncode == 0, done.stderr
    assert lock_of(project) == {
        repo: {"revision": COMMIT, "files": {path: sha256(data) for path, data in files.items()}}
        for repo, files in contents.items()
    }
    for repo, files in contents.items():
        for path, data in files.items():
            assert (project / "weights" / repo / path).read_bytes() == data
    assert not list((project / "weights").rglob("someone/base/words*"))
    listed = {"files/model.onnx": GRAPH, "someone/folder/words/tokenizer.json": b"someone/folder"}
    lines = sorted({**listed, "else/folder/words/tokenizer.json": b"else/folder"}.items())
    whole = sha256("".join(f"{sha256(data)}  {path}\n" for path, data in lines).encode())
    assert genga(project, "verify", "--set", "published").stdout.splitlines()[0] == f"base: five {whole}"

    (project / "weights/else/folder/words/tokenizer.json").write_bytes(b"other")
    line = failed(genga(project, "verify", "--set", "published"))
    assert line.startswith(f"error: weights/else/folder/words/tokenizer.json: sha256 is {sha256(b'other')[:12]}")
    (project / "models.yaml").write_text(TWO.replace("REVISION", "beef"))  # of which the lock knows nothing
    line = failed(genga(project, "verify", "--set", "published"))
    assert "weights/else/folder/words/tokenizer.json: no sha256 is on record" in line


def test_files_of_several_repos_come_from_a_folder_too(project):
    (project / "models.yaml").write_text(TWO.replace("REVISION", "null"))
    for path in ("someone/base/files/model.onnx", "folder/words/tokenizer.json", "else/folder/words/tokenizer.json"):
        (project / "stick" / path).parent.mkdir(parents=True, exist_ok=True)
        (project / "stick" / path).write_text(path)
    done = genga(project, "pull", "--from", "stick")
    assert done.returncode == 0, done.stderr
    assert (project / "weights/someone/folder/words/tokenizer.json").read_text() == "folder/words/tokenizer.json"
    assert (project / "weights/else/folder/words/tokenizer.json").read_text() == "else/folder/words/tokenizer.json"


def test_a_profile_has_what_joins_it(project):
    more = """  tagger-2:
    name: larger
    knows: tags
    licence: Apache-2.0
    profiles: [published-large, published-2026]
    repo: someone/larger
    files:
      model: {path: model.onnx, sha256: null}
      tags: {path: selected_tags.csv, sha256: null}
"""
    (project / "models.yaml").write_text(MODELS + more)
    hub = {**REPO, "someone/larger": REPO["someone/tagger-v3"]}
    named = [[line.split()[1] for line in genga(project, "list", "--set", use).stdout.splitlines()[:-1]]
             for use in ("published", "published-large")]  # fmt: skip
    assert named == [["tagger-v3"], ["tagger-v3", "larger"]]
    with serving(hub) as (address, _):
        assert "pull: 1 models" in genga(project, "pull", hub=address).stdout
        assert not (project / "weights/someone/larger").exists()
        done = genga(project, "pull", "--set", "published-2026", hub=address)
    assert done.stdout.splitlines()[-1] == "pull: 2 models under weights/; models.use: published-2026 switches them on"
    (project / "params.yaml").write_text(PARAMS.replace("embedded", "published-large"))
    assert genga(project, "verify").stdout.splitlines()[-1].startswith("verify: 2 models")
    assert genga(project, "pull").stdout.splitlines()[-1].endswith("models.use: published-large switches them on")
    (project / "params.yaml").write_text(PARAMS.replace("embedded", "published-small"))
    assert "params.yaml:models.use: input should be " in failed(genga(project, "verify"))


def test_the_anima_of_the_docs_is_recorded_file_by_file(project):
    """Its sha256 are null: models.lock has them after the first pull, and holds every later use to them."""
    text = (ROOT / "docs/training.md").read_text()
    entry = text[
        text.index("  base: # a diffusers folder, 5.6 GB") : text.index("```\n\nOr the files that ComfyUI loads")
    ]
    (project / "models.yaml").write_text(f"embedded: {{}}\npublished:\n{entry}")
    paths = [line.split("path: ")[1].split(",")[0] for line in entry.splitlines() if "path: " in line]
    assert len(paths) == 14 and "transformer/diffusion_pytorch_model.safetensors" in paths
    repo = "circlestone-labs/Anima-Base-v1.0-Diffusers"
    for path in paths:
        (project / "stick" / repo / path).parent.mkdir(parents=True, exist_ok=True)
        (project / "stick" / repo / path).write_text(path)
    done = genga(project, "pull", "--role", "base", "--from", "stick")
    assert done.returncode == 0, done.stderr
    assert lock_of(project)[repo]["files"] == {path: sha256(path.encode()) for path in paths}
    assert genga(project, "verify", "--set", "published").returncode == 0
    (project / "weights" / repo / "vae/config.json").write_text("other")
    line = failed(genga(project, "verify", "--set", "published"))
    assert f"expected {sha256(b'vae/config.json')[:12]}…" in line and "vae/config.json" in line
