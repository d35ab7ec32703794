"""The command `genga fetch`: which sources, what it says, how it ends."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from rooms import graph_of, sources_of
from sites import picture
from test_sources_local import saved
from typer.testing import CliRunner

from genga.cli.fetch import app
from genga.errors import GengaError
from genga.exchange.sources.record import read_origins
from genga.params.sources import KINDS

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    saved(Path("in/a.png"), 1)
    picture(2).save("in/b.gif", save_all=True, append_images=[picture(3)], duration=100)
    mine = {"kind": "folder", "series": "s", "path": "in", "names": "keep"}
    written({"mine": mine, "gone": {**mine, "path": "gone"}, "again": {**mine, "series": "t"}})
    return tmp_path


def written(sources: object) -> None:
    Path("params.yaml").write_text(yaml.safe_dump({"sources": sources}, sort_keys=False))


def test_every_source_is_fetched_and_one_that_fails_does_not_end_the_others() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "genga", "fetch", "--yes"],
        env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "  b.gif  ->  s/b  (its own name)",
        "fetch mine: 1 picture in 1 album, 1 video",
        "fetch again: 2 were here",
    ]
    assert done.stderr == "error: fetch gone: gone: no such folder, zip, cbz or parquet (params.yaml:sources)\n"
    assert sorted(path.name for path in Path("data/raw/s").iterdir()) == ["b.gif", "mine 001.mov"]


def test_releases_that_nobody_can_be_asked_about_stay_where_they_are() -> None:
    done = CliRunner().invoke(app, ["mine"])
    assert done.exit_code == 0
    assert "fetch mine: 1 picture in 1 album, 1 not placed" in done.output
    assert "--yes believes them" in done.output
    assert [path.name for path in Path("data/raw/s").iterdir()] == ["mine 001.mov"]


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
sys.argv = ["genga", "fetch", "mine"]
runpy.run_module("genga", run_name="__main__", alter_sys=True)
"""


def test_a_file_system_that_takes_no_more_is_one_line_and_what_is_whole_stays() -> None:
    for name, seed in (("0", 0), ("1", 1)):
        noise = np.random.default_rng(seed).integers(0, 256, (50, 50 + 250 * seed, 3), dtype=np.uint8)
        Image.fromarray(noise).save(f"in/{name}.png")  # of 8 kB, and of 45
    written({"mine": {"kind": "folder", "series": "s", "path": "in", "names": "keep", "album": 1}})
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", LIMITED], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1, "error: fetch mine: data/raw/s/mine 002.mov: cannot be written (File too large); make room, and run again\n"
    )  # fmt: skip
    assert [path.name for path in Path("data/raw/s").iterdir()] == ["mine 001.mov"]
    assert len(read_origins()) == 2


@pytest.mark.parametrize(("answer", "placed"), [(b"y\n", ["b.gif", "mine 001.mov"]), (b"n\n", ["mine 001.mov"])])
def test_a_person_is_asked_and_believed(answer: bytes, placed: list[str]) -> None:
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "genga", "fetch", "mine"], env={"PYTHONPATH": str(ROOT), "PATH": ""},
            stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        shown = b""
        while b"Place them so? [y/N]" not in shown:
            shown += os.read(ours, 4096)
        assert b"  b.gif  ->  s/b  (its own name)" in shown
        os.write(ours, answer)
        assert process.wait(60) == 0
    finally:
        os.close(ours)
    assert sorted(path.name for path in Path("data/raw/s").iterdir()) == placed


@pytest.mark.parametrize(
    ("sources", "words", "message"),
    [
        ({}, [], "params.yaml:sources names nothing to fetch; add an entry"),
        ({"a": {"kind": "folder", "series": "s", "path": "in"}}, ["b"], "sources.b is missing; its sources: a"),
        ([], ["b"], "params.yaml:sources.b is missing; its sources: none"),
        (["a"], [], "params.yaml:sources must be a mapping of sources"),
        ({"a/b": {}}, [], "params.yaml:sources: a source cannot be called 'a/b': it has a slash in it"),
        (
            {"a": {"kind": "gallery", "series": "s", "urls": ["https://x"]}}, ["--watch"],
            "--watch is for one source of kind folder",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_fetched_is_one_line(sources: object, words: list[str], message: str) -> None:
    written(sources)
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, GengaError) and message in str(done.exception)
    assert not Path("data").exists()


def test_the_workflow_fetches_nothing(root: Path) -> None:
    """No rule, no stage and no module of the workflow knows of it."""
    users = {name for name, of in graph_of(sources_of(root)).items() if any("sources.fetch" in one for one in of)}
    assert users == {"cli.fetch"}
    assert all("fetch" not in path.read_text(encoding="utf-8") for path in (root / "rules").glob("*.smk"))


def test_the_page_has_every_key_and_every_run() -> None:
    page = (ROOT / "docs/sources.md").read_text(encoding="utf-8")
    keys = {key for kind in KINDS.values() for key in kind.model_fields}
    assert [key for key in sorted(keys) if f"| `{key}` |" not in page] == []
    assert [kind for kind in KINDS if f"kind: {kind}" not in page] == []
