"""Bad input: one line that names the file and the way out, an exit status that is not 0, and nothing written.

A line of a table below is an input: what is wrong, how it comes into a small project, the command that meets it, and
words that its one line must have. To add one, add a line.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from standin import copy_project, put, snakemake

pytestmark = pytest.mark.slow

Make = Callable[[Path], object]  # puts something wrong into the project


class Bad(NamedTuple):
    name: str
    make: Make
    command: tuple[str, ...]
    words: tuple[str, ...]  # of the line


def write(path: str, content: str | bytes) -> Make:
    """The file says this, whatever it said."""

    def make(project: Path) -> None:
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)  # it may be a link to the project's own
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    return make


def change(path: str, pattern: str, other: str) -> Make:
    """The file has `other` where it had `pattern`; with "$" at its end."""

    def make(project: Path) -> None:
        text, count = re.subn(pattern, lambda _: other, (project / path).read_text(encoding="utf-8"), count=1)
        assert count, pattern
        write(path, text)(project)

    return make


def recoded(path: str, encoding: str, first: str = "# é\n") -> Make:
    """The file is in another encoding, `first` in front."""

    def make(project: Path) -> None:
        text = first + (project / path).read_text(encoding="utf-8")
        write(path, text.encode(encoding, "replace"))(project)

    return make


def gone(path: str) -> Make:
    return lambda project: (project / path).unlink()


def run(name: str, of: str = "{series: s, character: null}") -> Make:
    """A training run is called that."""
    return change("params.yaml", r"(?m)^  akari:$", f"  {name}: {of}\n  akari:")


def tags(content: str | bytes) -> Make:
    return write("corrections/s/ep1/tags.csv", content)


DRY = ("snakemake", "-n")
TAG = (
    "scripts/tag.py", "--in-stills", "none.parquet", "--in-detect", "none.parquet",
    "--in-quality", "none.parquet", "--in-dedup", "none.parquet",
    "--out", "data/tag/s/ep1.parquet",
    "--corrections", "corrections/s/ep1/tags.csv",
)  # fmt: skip
SUMMARY = ("-m", "genga", "summary")
HEAD = "still_or_crop,box,tag,decision\n"


def nothing(project: Path) -> None:
    """Nothing is wrong with the project, but with the command."""


BAD = [
    # params.yaml, as a file
    Bad("no params.yaml", gone("params.yaml"), DRY, ("params.yaml: cannot be read (No such file or directory)",)),
    Bad(
        "params.yaml in Latin-1",
        recoded("params.yaml", "latin-1"),
        DRY,
        ("params.yaml: is not UTF-8", "save the file as UTF-8"),
    ),
    Bad(
        "params.yaml in UTF-16",
        recoded("params.yaml", "utf-16"),
        DRY,
        ("params.yaml: is not UTF-8", "save the file as UTF-8"),
    ),
    Bad(
        "a byte order mark",
        recoded("params.yaml", "utf-8", "\ufeff"),
        DRY,
        ("params.yaml: begins with a byte order mark", "without one"),
    ),
    Bad("a byte of 0", write("params.yaml", "models: \0\n"), DRY, ("params.yaml: is not valid YAML", "#x0000")),
    Bad(
        "an empty params.yaml",
        write("params.yaml", ""),
        DRY,
        ("params.yaml: must be a mapping of sections, got NoneType",),
    ),
    Bad(
        "a list of sections",
        write("params.yaml", "- models\n"),
        DRY,
        ("params.yaml: must be a mapping of sections, got list",),
    ),
    Bad("an open bracket", write("params.yaml", "models: [1, 2\n"), DRY, ("params.yaml: is not valid YAML", "line 2")),
    Bad("a tab", write("params.yaml", "models:\n\tuse: embedded\n"), DRY, ("params.yaml: is not valid YAML", "line 2")),
    Bad(
        "a value that holds itself",
        run("hana", "&a {series: *a}"),
        DRY,
        ("params.yaml: is not valid YAML", "holds itself"),
    ),
    Bad(
        "an object of Python's",
        run("hana", "!!python/object:os.system x"),
        DRY,
        ("params.yaml: is not valid YAML", "python/object"),
    ),
    # its keys
    Bad(
        "a section twice",
        change("params.yaml", "$", "\nprobe: {}\n"),
        DRY,
        ("params.yaml:", "probe is on line", "keep one of them"),
    ),
    Bad("a run twice", run("akari"), DRY, ("params.yaml:", "runs.akari is on line", "keep one of them")),
    Bad(
        "a key twice, deep",
        run("hana", "{series: s, character: null, train: {seed: 1, rank: 2, seed: 1}}"),
        DRY,
        ("params.yaml:", "runs.hana.train.seed is on line", "keep one of them"),
    ),
    Bad(
        "a key in two quotings",
        change("params.yaml", r"(?m)^  lines: 120", '  "lines": 120\n  lines: 120'),
        DRY,
        ("params.yaml:", "frames.lines is on line", "keep one of them"),
    ),
    Bad(
        "an unknown section",
        change("params.yaml", "$", "\nprobes: {}\n"),
        DRY,
        ("params.yaml:probes is not a known section",),
    ),
    Bad(
        "an unknown key",
        change("params.yaml", r"(?m)^  lines: 120", "  line: 120"),
        DRY,
        ("params.yaml:frames.line is not a known key (known: lines,",),
    ),
    Bad(
        "a section of nothing",
        change("params.yaml", r"(?ms)^overview:.*?^characters:", "overview:\ncharacters:"),
        DRY,
        ("params.yaml:overview must be a mapping of keys, got None",),
    ),
    Bad(
        "a list of runs",
        change("params.yaml", r"(?ms)^runs:.*", "runs: [akari]\n"),
        DRY,
        ("params.yaml:runs must be a mapping of runs, got ['akari']",),
    ),
    Bad("a run of nothing", run("hana", ""), DRY, ("params.yaml:runs.hana must be a mapping of keys, got None",)),
    # its values
    Bad(
        "yes for true",
        change("params.yaml", "shuffle: true", "shuffle: yes"),
        DRY,
        ('params.yaml:train.shuffle must be true or false, got "yes"',),
    ),
    Bad(
        "false for off",
        change("params.yaml", 'hwaccel: "off"', "hwaccel: false"),
        DRY,
        ("params.yaml:frames.hwaccel: input should be 'off'", "got False"),
    ),
    Bad(
        "a number in quotes",
        change("params.yaml", "rank: 16", "rank: '16'"),
        DRY,
        ("params.yaml:train.rank: input should be a valid integer, got '16'",),
    ),
    Bad(
        "half a step",
        change("params.yaml", "max_steps: 300", "max_steps: 1.5"),
        DRY,
        ("params.yaml:train.max_steps: input should be a valid integer, got 1.5",),
    ),
    Bad(
        "infinity",
        change("params.yaml", "best: 400.0", "best: .inf"),
        DRY,
        ("params.yaml:quality.sharpness.best: input should be a finite number, got inf",),
    ),
    Bad(
        "no number",
        change("params.yaml", "best: 400.0", "best: .nan"),
        DRY,
        ("params.yaml:quality.sharpness.best: input should be a finite number, got nan",),
    ),
    Bad(
        "too small",
        change("params.yaml", "rank: 16", "rank: 0"),
        DRY,
        ("params.yaml:train.rank must be 1..1024, got 0",),
    ),
    Bad(
        "a folder that is a pattern",
        change("params.yaml", "folder: weights", "folder: 'weights/{x}'"),
        DRY,
        ("params.yaml:models.folder", "got 'weights/{x}'"),
    ),
    # names of runs
    Bad(
        "a run called by a number",
        run("86"),
        DRY,
        ("params.yaml:", "runs.86 is no name as it is written", "put it in quotes"),
    ),
    Bad(
        "a run called by an exponent",
        run("1e3"),
        DRY,
        ("params.yaml:", "runs.1e3 is no name as it is written", "put it in quotes"),
    ),
    Bad(
        "a run called null",
        run("null"),
        DRY,
        ("params.yaml:", "runs.null is no name as it is written", "put it in quotes"),
    ),
    Bad("a run called ..", run("'..'"), DRY, ("params.yaml:runs: a run cannot be called '..'", "begins with a dot")),
    Bad(
        "a run called a/b",
        run("a/b"),
        DRY,
        ("params.yaml:runs: a run cannot be called 'a/b'", "has a slash in it; take that out"),
    ),
    Bad(
        "a run called {x}",
        run("'{x}'"),
        DRY,
        ("params.yaml:runs: a run cannot be called '{x}'", "has braces in it", "take them out"),
    ),
    Bad(
        "a run called a.b",
        run("a.b"),
        DRY,
        ("params.yaml:runs: a run cannot be called 'a.b'", "has . in it", "take it out"),
    ),
    Bad(
        "a run called *",
        run("'*'"),
        DRY,
        ("params.yaml:runs: a run cannot be called '*'", "has * in it", "take it out"),
    ),
    Bad(
        "a run of 300 letters",
        run("".join(map(chr, range(0x4E00, 0x4E00 + 300)))),
        DRY,
        ("params.yaml:runs: a run cannot be called", "it is 900 bytes long, and may have 200; shorten it"),
    ),
    Bad(
        "a run on two lines",
        run('"a\\nb"'),
        DRY,
        ("params.yaml:runs: a run cannot be called 'a\\nb'", "line end or control character", "take that out"),
    ),
    Bad("a run without a name", run("''"), DRY, ("params.yaml:runs: a run cannot be called ''", "it is empty")),
    Bad(
        "a series that is null",
        run("hana", "{series: null, character: null}"),
        DRY,
        ("params.yaml:runs.hana.series: must be text, in quotes", "got null"),
    ),
    Bad(
        "a series called 007",
        run("hana", "{series: 007, character: null}"),
        DRY,
        ("params.yaml:runs.hana.series: must be text, in quotes", "got 7"),
    ),
    # models.yaml
    Bad("no models.yaml", gone("models.yaml"), DRY, ("models.yaml: cannot be read (No such file or directory)",)),
    Bad(
        "models.yaml in Latin-1",
        recoded("models.yaml", "latin-1"),
        DRY,
        ("models.yaml: is not UTF-8", "save the file as UTF-8"),
    ),
    Bad(
        "a role twice",
        change("models.yaml", r"(?m)^  base:", "  base: {}\n  base:"),
        DRY,
        ("models.yaml:", "embedded.base is on line", "keep one of them"),
    ),
    Bad(
        "a list of models",
        write("models.yaml", "- base\n"),
        DRY,
        ("models.yaml: must be a mapping with the keys embedded and published",),
    ),
    Bad(
        "a set of models that is a list",
        write("models.yaml", "embedded: [base]\npublished: {}\n"),
        DRY,
        ("models.yaml:embedded: must be a mapping of roles, each with its model",),
    ),
    Bad(
        "a model that is a word",
        write("models.yaml", "embedded: {base: sd15}\npublished: {}\n"),
        DRY,
        ("models.yaml:embedded.base:", "got 'sd15'"),
    ),
    # Files of videos and decisions
    Bad(
        "two videos of one episode",
        write("data/raw/s/ep1.mp4", b""),
        DRY,
        ("data/raw/s/ep1.mp4: data/raw/s/ep1.mkv is the same episode", "rename one"),
    ),
    Bad(
        "two videos that look alike",
        lambda project: [put(project / f"data/raw/s/{name}.mkv", "") for name in ("é", "e\u0301")],
        DRY,
        ("is the same episode", "rename one"),
    ),
    Bad(
        "tag.csv",
        write("corrections/s/ep1/tag.csv", HEAD),
        DRY,
        ("corrections/s/ep1/tag.csv: no stage reads it", "call it corrections/s/ep1/tags.csv"),
    ),
    Bad(
        "TAGS.CSV",
        write("corrections/s/ep1/TAGS.CSV", HEAD),
        DRY,
        ("corrections/s/ep1/TAGS.CSV: no stage reads it", "call it corrections/s/ep1/tags.csv"),
    ),
    Bad(
        "tags of a series",
        write("corrections/s/tags.csv", HEAD),
        DRY,
        ("corrections/s/tags.csv: no stage reads it", "read in corrections/<series>/<episode>/"),
    ),
    Bad(
        "two tables that look alike",
        lambda project: [put(project / f"corrections/{name}/characters.csv", "") for name in ("é", "e\u0301")],
        DRY,
        ("characters.csv: is the same table as corrections/", "make one of the two"),
    ),
    # What stands in tables of decisions
    Bad("no table", nothing, TAG, ("corrections/s/ep1/tags.csv: cannot be read (No such file or directory)",)),
    Bad(
        "a table in Latin-1",
        tags(HEAD.encode() + b"s/ep1/000001,,caf\xe9,add\n"),
        TAG,
        ("tags.csv:2: is not UTF-8", "save the file as UTF-8"),
    ),
    Bad("a table in UTF-16", tags(HEAD.encode("utf-16")), TAG, ("tags.csv:1: is not UTF-8", "save the file as UTF-8")),
    Bad(
        "a table in UTF-16, no mark",
        tags(HEAD.encode("utf-16-le")),
        TAG,
        ("tags.csv:1: is no text", "save the file as UTF-8"),
    ),
    Bad(
        "a table by semicolons",
        tags(HEAD.replace(",", ";")),
        TAG,
        ("tags.csv:1: column still_or_crop is missing", "with commas, not semicolons"),
    ),
    Bad(
        "a table without a column",
        tags("still_or_crop,tag\n"),
        TAG,
        ("tags.csv:1: column decision is missing; the first line must be",),
    ),
    Bad(
        "a table with another column",
        tags("still_or_crop,tag,decision,wer\n"),
        TAG,
        ("tags.csv:1: column 'wer' is not known", "take it out"),
    ),
    Bad(
        "a line that ends early",
        tags(HEAD + "s/ep1/000001\n"),
        TAG,
        ("tags.csv:2: ends before column tag", "written by a comma"),
    ),
    Bad(
        "a line with too much",
        tags(HEAD + "s/ep1/000001,,sky,add,or so\n"),
        TAG,
        ("tags.csv:2: has more fields than the first line",),
    ),
    Bad(
        "a field of 200,000 letters",
        tags(HEAD + 's,,"' + "x" * 200_000),
        TAG,
        ("tags.csv:2: is not CSV", "put its quotes right"),
    ),
    Bad(
        "a comma in a tag",
        tags(HEAD + 's/ep1/000001,,"a, b",add\n'),
        TAG,
        ("tags.csv:2: 'a, b' holds a comma", "write a line for each"),
    ),
    Bad(
        "a bell in a tag",
        tags(HEAD + "s/ep1/000001,,a\x07b,add\n"),
        TAG,
        ("tags.csv:2: tag has a control character in it", "take it out"),
    ),
    Bad(
        "a box called x",
        tags(HEAD + "s/ep1/000001,x,sky,add\n"),
        TAG,
        ("tags.csv:2: box must be a person's number, * or empty, got 'x'",),
    ),
    Bad(
        "a box of 5,000 digits",
        tags(HEAD + f"s/ep1/000001,{'1' * 5000},sky,add\n"),
        TAG,
        ("tags.csv:2: box must be a person's number",),
    ),
    Bad(
        "neither add nor remove",
        tags(HEAD + "s/ep1/000001,,sky,drop\n"),
        TAG,
        ("tags.csv:2: decision must be add or remove, got 'drop'",),
    ),
    # Commands
    Bad("parameters that are no JSON", nothing, (*TAG, "--params", "{"), ("--params: is not JSON",)),
    Bad("nothing is made yet", nothing, SUMMARY, ("data/dedup: nothing is made of any series yet", "run snakemake")),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one episode that no run learns from, nothing made of it."""
    folder = tmp_path_factory.mktemp("bad") / "project"
    folder.mkdir()
    copy_project(folder)
    put(folder / "data/raw/s/ep1.mkv", "a video")
    return folder


@pytest.fixture
def project(small: Path, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "project"
    shutil.copytree(small, folder, copy_function=os.link)
    yield folder
    shutil.rmtree(folder)


def files(project: Path) -> dict[str, bytes]:
    """What there is, by its path; not what Snakemake and Python keep for themselves."""
    own = {".snakemake", "__pycache__"}
    paths = (path for path in project.rglob("*") if path.is_file() and not own & set(path.parts))
    return {path.as_posix(): path.read_bytes() for path in paths if "weights" not in path.parts}


def ran(project: Path, command: tuple[str, ...]) -> tuple[int, str, list[str]]:
    """Run a command; return its exit status, all that it said, and the lines that say what is wrong."""
    if command[0] == "snakemake":
        done = snakemake(project, *command[1:])
        return done.code, done.text, done.errors
    environment = {**os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"}
    said = subprocess.run(
        [sys.executable, *command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    return said.returncode, said.stdout + said.stderr, said.stderr.splitlines()


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_one_line_names_the_file_and_the_way_out_and_nothing_is_written(project: Path, bad: Bad) -> None:
    bad.make(project)
    before = files(project)
    status, text, lines = ran(project, bad.command)
    assert status != 0 and "Traceback" not in text, text
    assert len(lines) == 1 and lines[0].startswith("error: "), text
    assert all(word in lines[0] for word in bad.words), lines[0]
    assert files(project) == before


def test_no_bad_input_is_there_twice() -> None:
    names = [bad.name for bad in BAD]
    assert len(names) == len(set(names)) and all(bad.words for bad in BAD)
