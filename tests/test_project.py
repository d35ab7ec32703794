"""genga.workflow.project and opening: what there is to work on, and what a person is told when it is opened."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.iocontainers import Wildcards

from genga.decisions.folder import tables
from genga.errors import GengaError
from genga.models import registry
from genga.params.models import Params as Models
from genga.workflow import opening
from genga.workflow.decided import Decided
from genga.workflow.opening import as_now, open_project, over, use_this_python
from genga.workflow.project import Project
from genga.workflow.records import Record
from genga.workflow.restore import Lost
from genga.workflow.snakemake_metadata import each

ROOT = Path(__file__).resolve().parent.parent
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
RUNS = {
    "hana": {"series": "s", "character": "hana", "base": "base", "train": {"threads": 3}},
    "gone": {"series": "t", "character": None, "base": "base"},
}
EPISODES = {(series, name): f"data/raw/{series}/{name}.mkv" for series, name in
            (("s", "ep10"), ("s", "ep2"), ("bare", "one"))}  # fmt: skip


class FullJournal:
    """A session that cannot write down what was made."""

    def finish(self, noted: object) -> list[Record]:
        raise GengaError("records.jsonl: cannot be written (No space left on device); make room, and run again")


class StubJournal:
    """What a project asks of the session; `odd` is what it reads."""

    def __init__(self, *odd: str) -> None:
        self.odd, self.read_it, self.lost = list(odd), False, Lost()

    def read(self) -> list[str]:
        self.read_it = True
        return self.odd

    def families(self, stage: str) -> list[str]:
        return ["every family"] if stage in ("train", "sample") else []

    def listed(self, names: object) -> str:
        return f"a list of {names}"

    def code(self, stage: str, *also: str) -> str:
        return " and ".join([f"code of {stage}", *also])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    models = registry.load(Models(use="embedded", folder="weights", device="cpu", batch=1), ROOT)
    return Project(ROOT, {**PARAMS, "runs": RUNS}, StubJournal(), models, EPISODES, frozenset({"s", "bare"}))


def test_series_runs_and_episodes(project: Project) -> None:
    assert project.series == ["bare", "s"] and project.runs == ["hana"] and project.learned == ["s"]
    assert project.ordered["s"] == ["ep2", "ep10"] and project.names_of("s") == ["ep10", "ep2"]
    assert project.series_for({"run": "hana"}) == project.series_for({"series": "s", "episode": "ep2"}) == ["s"]
    assert project.videos("s", "ep2") == {"ep2": "data/raw/s/ep2.mkv"}
    assert project.videos("s", "new") == {"new": "data/raw/s/new.mkv"}


def test_the_family_of_the_base_is_in_the_code_of_stages_that_look_for_one(project: Project) -> None:
    assert project.code("train") == "code of train and genga/training/families/sd15.py"
    assert project.code("tag") == "code of tag"


def test_a_run_is_held_to_its_own_base(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = project.models.models["base"]
    other = replace(entry, role="base-2", entry=entry.entry.model_copy(update={"family": "sdxl"}))
    project.models = replace(project.models, models={**project.models.models, "base-2": other})
    monkeypatch.setitem(RUNS, "big", {"series": "s", "character": None, "base": "base-2"})
    families = "genga/training/families"
    assert project.code("train", "hana") == f"code of train and {families}/sd15.py"
    assert project.code("train", "big") == f"code of train and {families}/sdxl.py"
    assert project.code("train") == f"code of train and {families}/sd15.py and {families}/sdxl.py", "of no run: of any"
    assert list(project.held.contracts([project.base("big")])) == ["base-2"]
    assert list(project.held.contracts([project.base("hana")])) == ["base"], "base is one role, and no kind of roles"


def test_what_is_made_of_them(project: Project) -> None:
    assert project.made("tag", ["s"]) == ["data/tag/s/ep2.parquet", "data/tag/s/ep10.parquet"]
    assert project.made("frames", ["bare", "none"], "tar") == ["data/frames/bare/one.tar"]
    assert project.earlier("dedup", "s", "ep10") == ["data/dedup/s/ep2.parquet"]
    assert project.earlier("dedup", "s", "ep2") == []
    assert project.pages == ["data/overview/bare.html", "data/overview/s.html"]
    assert project.reports == ["reports/hana/index.html"]
    assert project.without_run == ["data/quality/bare/one.parquet", "data/characters/bare.parquet"]


def test_phases_end_with_these_files(project: Project) -> None:
    assert project.phases == {
        "stills": ["data/stills/bare/one.parquet", "data/stills/s/ep2.parquet", "data/stills/s/ep10.parquet",
                   *project.pages],
        "tags": [f"data/{stage}/{episode}.parquet" for stage in ("quality", "tag")
                 for episode in ("bare/one", "s/ep2", "s/ep10")],
        "dataset": ["data/dataset/s.parquet", *project.without_run],
        "clips": ["data/dataset/s.parquet"],  # no run's base moves
        "train@hana": ["models/hana/checkpoints.json"],
        "evaluate@hana": ["reports/hana/index.html"],
    }  # fmt: skip


@pytest.mark.parametrize("well", [True, False])
def test_a_run_that_cannot_write_down_what_it_made_ends_badly(
    project: Project, well: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    project.journal = FullJournal()
    with pytest.raises(SystemExit) as ended:
        project.end(well)
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "error: records.jsonl: cannot be written (No space left on device); make room, and run again\n"
    )


def test_sections_as_a_run_has_them(project: Project) -> None:
    assert project.section("train")["threads"] == PARAMS["train"]["threads"]
    assert project.section("train", "hana")["threads"] == 3
    assert list(project.sections("hana")) == [name for name in PARAMS if name not in ("series", "runs", "merges")]
    assert project.launch("hana") == ({}, None) and project.training_threads("hana") == 3


def test_threads_of_processes_started_together(project: Project) -> None:
    Path("four.yaml").write_text("num_processes: 4\nnum_machines: 2\n")
    RUNS["hana"]["train"]["launch"] = "four.yaml"
    try:
        assert project.training_threads("hana") == 2 * 3
        Path("four.yaml").unlink()
        assert "four.yaml: cannot be read" in project.launch("hana")[0]["cannot be read"]
    finally:
        del RUNS["hana"]["train"]["launch"]


def test_models_by_role(project: Project) -> None:
    taggers = [model.role for model in project.held.in_roles(["tagger"])]
    assert taggers and all(role.startswith("tagger-") for role in taggers)
    assert all(Path(ROOT, path).is_file() for path in project.held.pins(["tagger"]))
    assert sorted(project.held.files(["tagger"])) == sorted(project.held.pins(["tagger"]))
    assert project.held.contracts(["tagger-1"]) == {
        "tagger-1": {"name": "genga-demo-tagger-a", "type": "yolo", "folder": None, "family": "sd15"}
    }
    assert project.held.pins(["nobody"]) == {} and project.held.files(["nobody"]) == []


def test_what_people_decided(project: Project) -> None:
    wildcards = {"series": "s", "episode": "ep2"}
    assert project.decided("tags", wildcards) == []
    Path("corrections/s/ep2").mkdir(parents=True)
    Path("corrections/s/ep2/tags.csv").write_text("a\n")
    project = replace(project, people=Decided(tables()))
    assert project.decided("tags", wildcards) == ["corrections/s/ep2/tags.csv"]
    job = Record("crop", wildcards, {}, {}, {"crop": {}, "pins": {}}, "", "", "")
    assert as_now(project, job) == {
        "crop": PARAMS["crop"],
        "code": "code of crop",
        "corrections": {
            "corrections/s/ep2/tags.csv": "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
        },
    }
    of_series = Wildcards(fromdict={"series": "s"})
    assert project.decided("characters", of_series) == ["corrections/s/ep2/tags.csv"]
    assert project.corrections(["characters"], of_series)[1] == ["a list of ['corrections/s/ep2/tags.csv']"]
    picture = Path("corrections/s/references/hana/1.png")
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a\n")
    Path("corrections/s/references/hana/.hidden").touch()
    assert project.decided("characters", of_series) == ["corrections/s/ep2/tags.csv", str(picture)]
    assert project.corrections(["characters"], of_series)[0][str(picture)].startswith("87428fc5")
    of_episode = Wildcards(fromdict=wildcards)
    assert project.corrections(["tags"], of_episode)[1] == ["corrections/s/ep2/tags.csv"]
    assert project.corrections(["frames"], of_episode) == ({}, [])


def test_an_episode_is_held_to_other_episodes_lines_about_its_drawings(project: Project) -> None:
    lines = [[3, "s/ep2/000007", None, "sky", "add", ""]]
    project.people.landed["s/ep2"] = {"corrections/s/ep1/tags.csv": lines}
    said, files = project.corrections(["tags"], {"series": "s", "episode": "ep2"})
    assert said == {"corrections/s/ep1/tags.csv, about drawings of this episode": lines}
    assert files == [f"a list of {{'corrections/s/ep1/tags.csv': {lines}}}"]
    assert project.corrections(["tags"], {"series": "s", "episode": "ep1"}) == ({}, [])


def test_each_is_quoted() -> None:
    assert each("--earlier", ["a.parquet", "花 s/b.parquet"]) == "--earlier a.parquet --earlier '花 s/b.parquet'"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.yaml").write_bytes((ROOT / "models.yaml").read_bytes())
    shutil.copytree(ROOT / "captions", tmp_path / "captions")
    for name in ("s/ep1.mkv", "s/.gitkeep"):
        (tmp_path / "data/raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data/raw" / name).touch()
    return tmp_path


def test_what_lies_beside_the_videos_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("s/note.txt", "loose.mkv", "s/Season 2/1.gif"):
        (folder / "data/raw" / name).parent.mkdir(exist_ok=True)
        (folder / "data/raw" / name).touch()
    opened = open_project(folder, {**PARAMS, "runs": {}}, StubJournal())
    assert opened.names_of("s") == ["Season 2 - 1", "ep1"]
    assert capsys.readouterr().err.splitlines() == [
        "note: data/raw/loose.mkv is left out, for it is in no folder of a series; move it to one",
        "note: data/raw/s/note.txt: left out, by ending or beginning no video, or hidden",
    ]


def test_opening_says_what_is_odd(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = open_project(folder, {**PARAMS, "runs": RUNS}, StubJournal("data/tag/s/ep1.parquet"))
    assert opened.episodes == {("s", "ep1"): "data/raw/s/ep1.mkv"} and opened.here == {"s"}
    assert capsys.readouterr().err.splitlines() == [
        "note: data/tag/s/ep1.parquet is not what records.jsonl says; what depends on its content is made again",
        "run gone is left out: no video under data/raw/t/",
    ]


def test_a_job_elsewhere_reads_no_records_and_says_nothing_of_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = StubJournal("data/tag/s/ep1.parquet")
    open_project(folder, {**PARAMS, "runs": {}}, journal, is_main=False)
    assert not journal.read_it and capsys.readouterr().err == ""


def dataset_with(**changes: object) -> dict[str, object]:
    return {**PARAMS, "runs": {}, "dataset": {**PARAMS["dataset"], **changes}}


def test_captions_that_cannot_be_written_end_it_before_anything_is_made(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        open_project(folder, dataset_with(caption_style="sdxl"), StubJournal())
    said = "error: params.yaml:dataset.caption_style: there is no captions/sdxl.yaml (styles: anima, noobai, sd15)\n"
    assert capsys.readouterr().err == said


def test_a_word_of_a_series_that_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = {"style": None, "series": {"s": "a work", "sss": "another"}, "artist": {}, "year": {}}
    open_project(folder, dataset_with(caption_words=words), StubJournal())
    said = capsys.readouterr().err
    assert "note: params.yaml:dataset.caption_words.series.sss: there is no series of that name\n" in said
    assert "series.s:" not in said


def test_no_episodes_yet(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "data/raw/s/ep1.mkv").unlink()
    open_project(folder, {**PARAMS, "runs": {}}, StubJournal())
    assert capsys.readouterr().err == "no episodes yet: put videos under data/raw/<series>/\n"


def test_decisions_that_nothing_reads_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "corrections/s/ep2").mkdir(parents=True)
    (folder / "corrections/s/ep2/tags.csv").touch()
    open_project(folder, {**PARAMS, "runs": {}}, StubJournal())
    said = "warning: corrections/s/ep2/tags.csv: nothing reads it: s has no episode ep2 (is ep1 meant?)"
    assert capsys.readouterr().err.splitlines() == [said]
    (folder / "corrections/s/ep2/tags.csv").rename(folder / "corrections/s/ep2/tag.csv")
    with pytest.raises(SystemExit):
        open_project(folder, {**PARAMS, "runs": {}}, StubJournal())
    remedy = "call it corrections/s/ep2/tags.csv, or take it away"
    assert capsys.readouterr().err == f"error: corrections/s/ep2/tag.csv: no stage reads it; {remedy}\n"


def test_a_video_that_cannot_be_called_so_is_named_and_the_others_go_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "data/raw/s/ep{2}.mkv").touch()
    opened = open_project(folder, {**PARAMS, "runs": {}}, StubJournal())
    assert list(opened.episodes) == [("s", "ep1")]
    assert capsys.readouterr().err == (
        "note: data/raw/s/ep{2}.mkv is left out, for its name or its folder's: "
        "it has braces in it, which Snakemake takes for a pattern; take them out\n"
    )


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, {"a": {"b": 1, "c": 2}, "d": 3}),
        ({"a": {"b": "5e-05"}}, {"a": {"b": 0.00005, "c": 2}, "d": 3}),
        ({"a": {"e": "off", "c": "null"}}, {"a": {"b": 1, "c": None, "e": "off"}, "d": 3}),
        ({"d": {"x": "true"}, "e": "a: b"}, {"a": {"b": 1, "c": 2}, "d": {"x": True}, "e": "a: b"}),
    ],
)
def test_what_snakemake_is_told_goes_over_the_file(said: dict[str, object], found: dict[str, object]) -> None:
    assert over({"a": {"b": 1, "c": 2}, "d": 3}, said) == found


def test_what_must_be_put_right_first_ends_it_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        open_project(folder, {**PARAMS, "crop": {**PARAMS["crop"], "repeat": 7}}, StubJournal())
    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: params.yaml:crop.repeat must be 0..1, got 7\n"


def test_a_base_of_an_unknown_family_ends_it_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = (folder / "models.yaml").read_text(encoding="utf-8").replace("family: sd15", "family: sd99")
    (folder / "models.yaml").write_text(entry, encoding="utf-8")
    with pytest.raises(SystemExit):
        open_project(folder, {**PARAMS, "runs": RUNS}, StubJournal())
    assert re.fullmatch(
        r"error: models.yaml:embedded.base.family: there is no family sd99 \(families: .*sd15.*\)\n",
        capsys.readouterr().err,
    )


def test_jobs_run_this_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(opening.sys, "executable", "/there/bin/python")
    use_this_python(tmp_path)
    assert opening.os.environ["PATH"] == "/there/bin:/elsewhere"
    assert opening.os.environ["PYTHONPATH"] == str(tmp_path)


@pytest.mark.parametrize(("said", "had"), [(None, ("4", "__all__")), ("20", ("20", "20"))])
def test_threads_of_openblas_sleep_in_jobs_and_plug_ins_are_not_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str | None, had: tuple[str, str]
) -> None:
    own = "OPENBLAS_THREAD_TIMEOUT", "PYDANTIC_DISABLE_PLUGINS"
    for name in ("PATH", "PYTHONPATH", *own):
        monkeypatch.setenv(name, said or "")
    if said is None:
        for name in own:
            monkeypatch.delenv(name)
    use_this_python(tmp_path)
    assert tuple(opening.os.environ[name] for name in own) == had


def test_without_a_bucket_nothing_is_mended() -> None:
    assert opening.bucket_of(SimpleNamespace(storage_registry=SimpleNamespace(default_storage_provider=None))) is None
