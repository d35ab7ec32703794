"""genga.workflow.snakemake_patches: what each patch does, and that Snakemake as it comes still needs it."""

import asyncio
import os
import re
from importlib.metadata import version
from inspect import isfunction
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.io import IOFile, _IOFile
from standin import snakemake

from genga.workflow import snakemake_patches
from genga.workflow.snakemake_patches import S3_PLUGIN, SNAKEMAKE, let_lent_files_be_replaced, mend_s3_objects

ROOT = Path(__file__).resolve().parent.parent


def test_the_versions_that_are_locked_were_looked_at() -> None:
    """With another version: read what it says of the patched places, then change the version here."""
    main, cluster = ((ROOT / f"envs/{name}.lock").read_text() for name in ("requirements", "cluster"))
    assert f"\nsnakemake=={SNAKEMAKE}" in f"\n{main}" and version("snakemake") == SNAKEMAKE
    assert re.search(rf"^snakemake-storage-plugin-s3=={re.escape(S3_PLUGIN)}$", cluster, re.MULTILINE)


@pytest.fixture
def as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Snakemake without the patch, whatever ran before in this process."""
    monkeypatch.setattr(_IOFile, "protected", getattr(_IOFile.protected, "of_snakemake", _IOFile.protected))


def _lent(tmp_path: Path) -> list[str]:
    """A write-protected file, and one that is lent: it has two names."""
    for name in ("protected", "lent"):
        (tmp_path / name).write_text("x")
    os.link(tmp_path / "lent", tmp_path / "cache")
    for name in ("protected", "lent"):
        (tmp_path / name).chmod(0o444)
    return [str(tmp_path / name) for name in ("protected", "lent")]


def _protected(path: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    # root may write anything: the patch is about what the mode says, as it does to everybody else.
    monkeypatch.setattr(os, "access", lambda path, mode, **_: not mode & os.W_OK or bool(os.stat(path).st_mode & 0o200))
    rule = SimpleNamespace(workflow=SimpleNamespace(iocache=SimpleNamespace(active=False)))
    file = IOFile(path)
    file.rule = rule
    return asyncio.run(file.protected())


def test_snakemake_still_takes_a_lent_file_for_protected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_it_comes: None
) -> None:
    """If this fails, let_lent_files_be_replaced is no longer needed."""
    assert [_protected(path, monkeypatch) for path in _lent(tmp_path)] == [True, True]


def test_a_lent_file_may_be_replaced_and_a_protected_one_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_it_comes: None
) -> None:
    let_lent_files_be_replaced()
    let_lent_files_be_replaced()  # of two Snakefiles read in one process
    assert [_protected(path, monkeypatch) for path in _lent(tmp_path)] == [True, False]


class Remembering:
    """A storage object as the plugin makes it: it asks once whether there is such a folder."""

    there = False
    path = Path("/work here/.snakemake/storage/s3/bucket/data/x.parquet")

    def is_dir(self) -> bool:
        if getattr(self, "_is_dir", None) is None:
            self._is_dir = Remembering.there
        return self._is_dir

    def local_path(self) -> Path:
        return self.path


class Provider:
    def get_storage_object_cls(self) -> type:
        return Remembering


@pytest.mark.parametrize(("in_pod", "where"), [(True, "data/x.parquet"), (False, None)])
def test_folders_are_looked_for_again_and_in_pods_lie_here(
    in_pod: bool, where: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    provider = Provider()
    mend_s3_objects(provider, Path("/work here/.snakemake/storage/s3/bucket"), in_pod)
    made = provider.get_storage_object_cls()()
    monkeypatch.setattr(Remembering, "there", False)
    assert not made.is_dir()
    monkeypatch.setattr(Remembering, "there", True)
    assert made.is_dir()
    assert made.local_path() == (tmp_path / where if where else Remembering.path)


def test_the_plugin_still_remembers_that_there_was_no_folder() -> None:
    """If this fails, Object.is_dir in mend_s3_objects is no longer needed. Run with the plugins: make cluster."""
    plugin = pytest.importorskip(
        "snakemake_storage_plugin_s3", reason="its plugin is in the environment of make cluster"
    )
    source = Path(plugin.__file__).read_text(encoding="utf-8")
    assert re.search(r"def is_dir\(self\):.*?self\._is_dir", source, re.DOTALL)


def test_every_patch_says_version_and_reason() -> None:
    patches = [of for name, of in vars(snakemake_patches).items() if isfunction(of) and not name.startswith("_")]
    assert len(patches) == 6
    for patch in patches:
        assert re.search(r"\d+\.\d+\.\d+", patch.__doc__ or ""), patch.__name__
    assert "_IOFile" not in "".join(
        path.read_text()
        for path in (ROOT / "genga").rglob("*.py")
        if path.name not in ("snakemake_patches.py", "snakemake_growth.py")
    )


_TWO = """
{patch}
rule b:
    input: "a"
    output: "b"
    shell: "cp a b"
rule a:
    output: "a"
    shell: "{command}"
"""


def _two(folder: Path, patch: str = "", command: str = "echo 1 > a") -> Path:
    (folder / "Snakefile").write_text(_TWO.format(patch=patch, command=command))
    return folder


@pytest.mark.slow
def test_snakemake_still_removes_what_a_job_is_to_replace_and_passes_over_what_is_gone(tmp_path: Path) -> None:
    """If this fails, keep_outputs_until_replaced or make_again is no longer needed."""
    assert snakemake(_two(tmp_path)).code == 0
    (tmp_path / "a").unlink()
    assert snakemake(tmp_path, "-n").nothing
    (tmp_path / "a").touch()
    assert snakemake(_two(tmp_path, command="false"), "-F", "a").code != 0
    assert not (tmp_path / "a").exists()


@pytest.mark.slow
def test_what_a_failing_job_was_to_replace_stays(tmp_path: Path) -> None:
    patch = "from genga.workflow.snakemake_patches import keep_outputs_until_replaced as keep; keep(); keep()"
    assert snakemake(_two(tmp_path, patch)).code == 0
    assert snakemake(_two(tmp_path, patch, command="false"), "-F", "a").code != 0
    assert (tmp_path / "a").read_text() == "1\n"
    assert snakemake(_two(tmp_path, patch), "--rerun-incomplete").code == 0


@pytest.mark.slow
def test_a_lost_file_is_made_again_alone_and_before_what_waits_for_it(tmp_path: Path) -> None:
    patch = "from genga.workflow.snakemake_patches import make_again; make_again({'a'}, {'a': {'a'}})"
    assert snakemake(_two(tmp_path)).code == 0
    (tmp_path / "a").unlink()
    ran = snakemake(_two(tmp_path, patch), "-n")
    assert "Missing output files: a" in ran.text and "rule b:" not in ran.text, ran.text
    ran = snakemake(tmp_path, "--forcerun", "b")
    assert ran.code == 0 and ran.text.index("rule a:") < ran.text.index("rule b:"), ran.text


@pytest.mark.slow
def test_what_was_asked_for_is_told_where_nothing_is_to_be_done(tmp_path: Path) -> None:
    """If Snakemake says `by itself`, after_nothing is no longer needed."""
    patch = (
        "from genga.workflow.snakemake_patches import after_nothing\n"
        "after_nothing(workflow, lambda outputs: print('asked for', *sorted(outputs)))\n"
        "onstart:\n    print('by itself')\nonsuccess:\n    print('by itself')\n"
    )
    ran = snakemake(_two(tmp_path, patch))
    assert ran.code == 0 and "by itself" in ran.text and "asked for" not in ran.text, "there was something to do"
    assert "asked for" not in snakemake(tmp_path, "-n").text
    ran = snakemake(tmp_path)
    assert ran.nothing and "asked for a b\n" in ran.text and "by itself" not in ran.text, ran.text
