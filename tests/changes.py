"""Everything that may happen to a finished project, and what reruns then: for tests, and for docs/staleness.md.

`python -m tests.changes docs/staleness.md` writes the table.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent))  # as pytest does

from conftest import ROOT
from standin import EPISODES, MERGE, MERGED, RUN, SERIES, change_params, put, shuffle_times, video

from genga.stages import EPISODE_STAGES, STAGES
from genga.tables.places import path_of

Do = Callable[[Path], object]  # does it to a project
Jobs = dict[str, int]  # how many of a stage rerun
Changes = dict[str, tuple[Do, Jobs]]

FOLLOWS = {
    "probe": ["frames", "report"],
    "frames": ["shots", "dedup", "stills", "review", "dataset"],
    "shots": ["dedup", "review", "quality", "report"],
    "dedup": ["stills", "review", "characters", "report"],
    "stills": ["review", "detect", "quality", "tag", "crop", "describe", "characters", "dataset", "report"],
    "review": ["overview"],
    "detect": ["tag", "crop", "characters", "dataset", "report"],
    "quality": ["tag", "crop", "dataset", "report"],
    "tag": ["crop", "characters", "dataset", "report"],
    "crop": ["describe", "embed", "characters", "dataset", "report"],
    "describe": ["dataset"],
    "embed": ["characters"],
    "characters": ["dataset", "report"],
    "dataset": ["train", "evaluate", "report"],
    "train": ["sample", "evaluate", "report"],
    "sample": ["evaluate", "report"],
    "evaluate": ["report", "merge"],
}


def after(*stages: str, episodes: int = 2, but: str = "") -> dict[str, int]:
    """The jobs that follow from any of `stages`, those included, where so many episodes are concerned; `but` one."""
    found = set(stages)
    for stage in STAGES:
        found |= {following for following in FOLLOWS.get(stage, []) if stage in found}
    return {stage: episodes if stage in EPISODE_STAGES else 1 for stage in found if stage != but}


def append(path: str, text: str) -> Callable[[Path], None]:
    def do(project: Path) -> None:
        with open(project / path, "a", encoding="utf-8") as file:
            file.write(text)

    return do


def replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def do(project: Path) -> None:
        text = (project / path).read_text(encoding="utf-8")
        assert old in text
        (project / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return do


def section(name: str, **values: object) -> Callable[[Path], None]:
    return lambda project: change_params(project, name, **values)


RULES, RULE = f"corrections/{SERIES}/tag_rules.csv", "tag,decision,episode,character,why\n"
CORRECTION = "still_or_crop,box,tag,decision,who,why\n"
PERSON = re.findall(r"person.onnx, sha256: ([0-9a-f]{64})", (ROOT / "models.yaml").read_text(encoding="utf-8"))[0]


def own_base(project: Path) -> None:
    """Name another base for the run, of the same content."""
    models = yaml.safe_load((project / "models.yaml").read_text(encoding="utf-8"))
    models["embedded"]["second"] = {**models["embedded"]["base"], "name": "second"}
    put(project / "models.yaml", yaml.safe_dump(models, sort_keys=False))
    change_params(project, "runs", **{RUN: {"series": SERIES, "character": "hana", "base": "second"}})


NOTHING: Changes = {
    "nothing": (lambda project: None, {}),
    "times of files only": (shuffle_times, {}),
    "comments of params.yaml": (append("params.yaml", "# a comment\n"), {}),
    "the lock file of packages": (append("envs/requirements.lock", "other==1.0\n"), {}),
}

PARAMETERS: Changes = {
    "probe": (section("probe", looked_at=20), after("probe")),
    "frames": (section("frames", changed=13.0), after("frames")),
    "shots": (section("shots", black=31.0), after("shots")),
    "dedup": (section("dedup", black=31.0), after("dedup")),
    "stills": (section("stills", scaling="bicubic"), after("stills")),
    # The report shows every section, so it reruns with any value.
    "review": (section("review", closest=9), {**after("review"), **after("report")}),
    "overview": (section("overview", closest=9), {**after("overview"), **after("report")}),
    "detect": (section("detect", least_side=13), after("detect")),
    "quality": (replace("params.yaml", "poor: 25.0", "poor: 24.0"), after("quality")),
    "whether text is looked for at all": (section("frames", lettering=0), after("frames")),
    "tag": (section("tag", threshold=0.4), after("tag")),
    "crop": (section("crop", head_scale=1.4), after("crop")),
    "embed": (section("embed", kinds=["head"]), after("embed")),
    "characters": (section("characters", min_crops=4), after("characters")),
    "dataset": (section("dataset", seed=1), after("dataset")),
    "train": (section("train", seed=1), after("train")),
    "sample": (section("sample", steps=19), after("sample")),
    "evaluate": (section("evaluate", seed=1), after("evaluate")),
    "report": (section("report", quality=80), after("report")),
    "a run's own value": (
        section("runs", **{RUN: {"series": SERIES, "character": "hana", "train": {"seed": 2}}}),
        after("train"),
    ),
    "a run's recipe": (
        section("runs", **{RUN: {"series": SERIES, "character": "hana", "recipe": "lora-v1.4"}}),
        after("train"),
    ),
    "a run's base": (own_base, after("train")),
    "a run added": (section("runs", aoi={"series": SERIES, "character": "aoi"}), after("train", but="merge")),
    "a merge's own value": (section("merges", **{MERGE: {**MERGED, "alpha": 0.6}}), after("merge")),
    "a merge's value written otherwise": (replace("params.yaml", "alpha: 0.5\n", "alpha: .50\n"), {}),
    "a merge added, of the other": (
        section("merges", more={"method": "bake_lora", "a": {"merge": MERGE}, "b": {"run": RUN}, "alpha": 1}),
        after("merge"),
    ),
    "a merge taken away": (section("merges", **{MERGE: None}), {}),
}

CODE: Changes = {
    "a module": (append("genga/people/tag_rules.py", "\n_ADDED = 1\n"), after("tag")),
    "a script": (append("scripts/detect.py", "\nADDED = 1\n"), after("detect")),
    "the family of the base": (
        append("genga/training/families/sd15.py", "\n_ADDED = 1\n"),
        {**after("train"), **after("sample")},
    ),
    "a family of no base here": (
        lambda project: put(project / "genga/training/families/other.py", "FAMILY = None\n"),
        {},
    ),
    "a data file of a module": (append("genga/pages/templates/report.css", "\n/* a */\n"), after("report")),
    "the palette of the pages": (
        append("genga/pages/templates/palette.css", "\n/* a */\n"),
        {**after("review"), **after("report")},
    ),
    "comments and form of code": (
        lambda project: [
            append("genga/people/tag.py", "\n\n# a comment\n")(project),
            replace("genga/store/files.py", '"""Files that', '"""All files that')(project),
        ][0],
        {},
    ),
}

DECISIONS: Changes = {
    "a decision about a frame": (
        lambda project: put(
            project / f"corrections/{SERIES}/{EPISODES[1]}/frames.csv", "frame,decision,who,why\n", old=True
        ),
        after("dedup", episodes=1),
    ),
    "a correction in one episode": (
        lambda project: put(project / f"corrections/{SERIES}/{EPISODES[0]}/tags.csv", CORRECTION, old=True),
        after("tag", "crop", episodes=1),
    ),
    "a rule about tags": (
        lambda project: put(project / RULES, f"{RULE}hat,remove,,,\n", old=True),
        after("tag"),
    ),
    "a rule about tags of one episode": (
        lambda project: put(project / RULES, f"{RULE}hat,remove,{EPISODES[0]},,\n", old=True),
        after("tag", episodes=1),
    ),
    "a rule about a character's tags": (
        lambda project: put(project / RULES, f"{RULE}hat,remove,,hana,\n", old=True),
        after("dataset"),
    ),
    "rules that say nothing of what is here": (
        lambda project: put(project / RULES, f"# mine\n{RULE}hat,remove,another,,\n", old=True),
        {},
    ),
    "a table of other names for tags": (
        lambda project: [
            put(project / "vocabulary/aliases.csv", "antecedent,consequent\n", old=True),
            section("tag", implied={"implications": None, "aliases": "aliases.csv", "mode": "add"})(project),
        ],
        after("tag"),
    ),
    "what scores mean by corrections": (
        lambda project: [
            put(project / "vocabulary/scores.csv", "tagger,tag,score,probability\n", old=True),
            section("tag", calibration="scores.csv")(project),
        ],
        after("tag"),
    ),
    "a sentence about an image": (
        lambda project: put(project / f"corrections/{SERIES}/sentences.csv", "still_or_crop,sentence\n", old=True),
        after("dataset"),
    ),
    "a tier of an image": (
        lambda project: put(
            project / f"corrections/{SERIES}/tiers.csv",
            f"still_or_crop,tier\n{SERIES}/{EPISODES[0]}/000000,poor\n",
            old=True,
        ),
        after("dataset"),
    ),
    "tiers of nothing": (
        lambda project: put(project / f"corrections/{SERIES}/tiers.csv", "# mine\nstill_or_crop,tier\n", old=True),
        {},
    ),
    "names of characters": (
        lambda project: put(project / f"corrections/{SERIES}/characters.csv", "crop,character\n", old=True),
        after("characters"),
    ),
    "an issue of a tag": (
        lambda project: put(
            project / f"corrections/{SERIES}/issues.csv", "about,name,issue,state\ntag,hat,too few,open\n", old=True
        ),
        after("report"),
    ),
    "other names for characters": (
        lambda project: put(project / f"corrections/{SERIES}/aliases.csv", "character,name\n", old=True),
        after("characters"),
    ),
}


def with_a(role: str) -> Do:
    """Fill a role that is empty. Of the stand-in's models only names and contents count."""

    def fill(project: Path) -> None:
        models = yaml.safe_load((project / "models.yaml").read_text(encoding="utf-8"))
        models["embedded"][role] = {**models["embedded"]["person"], "name": "another"}
        put(project / "models.yaml", yaml.safe_dump(models, sort_keys=False))

    return fill


VIDEOS: Changes = {
    "a new episode": (lambda project: put(project / video("第3話"), "third"), after("probe", episodes=1)),
    "a new episode before another": (  # whose dedup looks back to it
        lambda project: put(project / video("ep 3"), "third"),
        {**after("probe", episodes=1), **after("dedup")},
    ),
    "a removed episode": (
        lambda project: (project / video(EPISODES[1])).unlink(),
        after("overview", "characters"),
    ),
    "another video under the name": (
        lambda project: put(project / video(EPISODES[1]), "VIDEO of ep 2", old=True),
        after("probe", episodes=1),
    ),
    "another video that an episode looks back to": (
        lambda project: put(project / video(EPISODES[0]), "VIDEO of ep 1", old=True),
        {**after("probe", episodes=1), **after("dedup")},
    ),
    "the same video copied anew": (lambda project: put(project / video(EPISODES[0]), "video of ep 1"), {}),
}

MODELS: Changes = {
    "how a tagger's pictures are prepared": (
        replace(
            "models.yaml", "name: genga-demo-tagger-a\n", "name: genga-demo-tagger-a\n    contract: {filter: area}\n"
        ),
        after("tag", "evaluate"),
    ),
    "how a detector's output is read": (
        replace("models.yaml", "name: genga-demo-head\n", "name: genga-demo-head\n    type: rtdetr\n"),
        {**after("detect"), **after("report")},
    ),
    "a model that says how good stills look": (with_a("aesthetic"), after("quality")),
    "a model that reads text in stills": (with_a("ocr"), after("quality")),
    "a model that tells which px are a person's": (with_a("segment"), after("detect")),
    "a model that says what images show": (with_a("caption"), after("describe")),
    "what is said of a model": (replace("models.yaml", "licence: Apache-2.0", "licence: MIT"), after("report")),
    "another revision of a model": (replace("models.yaml", PERSON, "a" * 64), after("detect", "evaluate")),
}

Write = Callable[[str], str]  # params.yaml's text -> the same values, written otherwise


def written(pattern: str, other: str) -> Write:
    def write(text: str) -> str:
        found, count = re.subn(pattern, other, text, flags=re.MULTILINE)
        assert count, pattern
        return found

    return write


def turned(text: str) -> str:
    """Every section and key in the other order."""

    def turn(value: object) -> object:
        return {key: turn(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    return yaml.safe_dump(turn(yaml.safe_load(text)), sort_keys=False, allow_unicode=True)


OTHERWISE: dict[str, Write] = {
    "off without quotes": written(r"hwaccel: 'off'", "hwaccel: off"),
    "a whole number for a fraction": written(r"changed: 12\.0", "changed: 12"),
    "a fraction for a whole number": written(r"max_steps: 300", "max_steps: 300.0"),
    "an exponent for a whole number": written(r"max_steps: 300", "max_steps: 3e2"),
    "16.0 for 16": written(r"alpha: 16$", "alpha: 16.0"),
    "as DVC writes small numbers": written(r"text_learning_rate: 5.0e-05", "text_learning_rate: 5e-05"),
    "all digits": written(r"text_learning_rate: 5.0e-05", "text_learning_rate: 0.00005"),
    "no zero before the point": written(r"threshold: 0\.35", "threshold: .35"),
    "digits in groups": written(r"resamples: 2000", "resamples: 2_000"),
    "words in quotes": written(r"keep: sharpest", 'keep: "sharpest"'),
    "a list on its own lines": written(r"tiers:\n  - best\n  - good", "tiers: [best, good]"),
    "null as a tilde": written(r"threshold: null", "threshold: ~"),
    "true in capitals": written(r"shuffle: true", "shuffle: TRUE"),
    "the other order": turned,
    "comments": lambda text: "# mine\n" + text.replace("\n", "   # so\n", 3),
    "Windows' line ends": lambda text: text.replace("\n", "\r\n"),
}


def rewritten(write: Write) -> Do:
    def do(project: Path) -> None:
        path = project / "params.yaml"
        path.write_bytes(write(path.read_text(encoding="utf-8")).encode())

    return do


WRITTEN_OTHERWISE: Changes = {
    **{f"params.yaml: {name}": (rewritten(write), {}) for name, write in OTHERWISE.items()},
    "models.yaml: a comment": (append("models.yaml", "# mine\n"), {}),
    "models.yaml: a name in quotes": (replace("models.yaml", "licence: Apache-2.0", 'licence: "Apache-2.0"'), {}),
}

_EPISODE = f"{SERIES}/{EPISODES[0]}"
# Every kind of file that a job makes, by its stage.
MADE = {
    **{path_of(stage, _EPISODE, kind): stage for stage, kinds in {
        "probe": ["json"], "frames": ["parquet", "tar"], "shots": ["parquet"], "dedup": ["parquet"],
        "stills": ["parquet", "tar"], "review": ["html", "json"], "detect": ["parquet"], "quality": ["parquet"],
        "tag": ["parquet"], "crop": ["parquet", "tar"], "embed": ["parquet"],
    }.items() for kind in kinds},
    path_of("overview", SERIES, "html"): "overview",
    **{path_of("characters", SERIES, kind): "characters" for kind in ("parquet", "html")},
    path_of("characters", f"open/{SERIES}"): "characters",
    **{path_of("dataset", name): "dataset" for name in (SERIES, f"left-out/{SERIES}")},
    **{f"models/{RUN}/{name}": "train" for name in (
        "checkpoints.json", "checkpoints/a.safetensors", "held_out.parquet", "ledger.parquet", "left_out.parquet",
        "losses.parquet",
    )},
    **{path_of("sample", RUN, kind): "sample" for kind in ("parquet", "tar")},
    **{path_of("evaluate", RUN, kind): "evaluate" for kind in ("json", "parquet")},
    f"models/{RUN}/{RUN}.safetensors": "evaluate",
    **{f"reports/{RUN}/{name}": "report" for name in ("index.html", "figures.json")},
    f"models/{MERGE}/{MERGE}.safetensors": "merge",
}  # fmt: skip


def gone(*paths: str) -> Do:
    def do(project: Path) -> None:
        for path in paths:
            shutil.rmtree(project / path) if (project / path).is_dir() else (project / path).unlink()

    return do


GONE: Changes = {
    **{path: (gone(path), {stage: 1}) for path, stage in MADE.items()},
    "the shards of an episode": (
        gone(*(path_of(stage, _EPISODE, "tar") for stage in ("frames", "stills", "crop"))),
        {"frames": 1, "stills": 1, "crop": 1},
    ),
    "a run's folder": (gone(f"models/{RUN}"), {"train": 1, "evaluate": 1}),
    "a stage's folder": (gone("data/stills"), {"stills": 2}),
    "a stage's folder, in a project that never had it": (gone(".snakemake", "data/stills"), {}),
    "logs": (gone("logs"), {}),
    "the workflow's own notes": (gone(".snakemake"), {}),
    "what the workflow noted, empty after a loss of power": (
        lambda project: [path.write_text("") for path in (project / ".snakemake/genga").rglob("*.json")],
        {},
    ),
}


def flipped(path: str) -> Do:
    """A bit of a file is another one; its size and time are as they were."""

    def do(project: Path) -> None:
        file = project / path
        state, data = file.stat(), file.read_bytes()
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))

    return do


def _follows(stage: str) -> Jobs:
    """What follows from the first episode's, or the series' or run's, output of a stage."""
    jobs = after(stage, episodes=1)
    return {**jobs, **after("dedup")} if stage in ("probe", "frames", "shots", "dedup") else jobs


CHANGED: Changes = {path: (flipped(path), _follows(stage)) for path, stage in MADE.items()}

WAITS = "import time\nPath('begun').touch()\ntime.sleep(60)\n"


def interrupted(stage: str, number: signal.Signals, key: str, value: object, before: object) -> Do:
    """A value is changed, the stage's job interrupted, as a terminal does it to all its processes; taken back."""

    def do(project: Path) -> None:
        script = project / f"scripts/{stage}.py"
        text = script.read_text(encoding="utf-8")
        script.write_text(text.replace("words = sys.argv", f"{WAITS}words = sys.argv"), encoding="utf-8")
        change_params(project, stage, **{key: value})
        words = [sys.executable, "-m", "snakemake", "--cores", "2"]
        run = subprocess.Popen(
            words, cwd=project, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not (project / "begun").exists():
            assert run.poll() is None
            time.sleep(0.02)
        os.killpg(run.pid, number)
        assert run.wait() != 0
        (project / "begun").unlink()
        script.write_text(text, encoding="utf-8")
        change_params(project, stage, **{key: before})

    return do


INTERRUPTED: Changes = {
    f"{stage}, by {number.name}": (interrupted(stage, number, key, value, before), {})
    for stage, key, value, before in (
        ("train", "seed", 1, 0), ("crop", "head_scale", 1.4, 1.5), ("evaluate", "seed", 1, 0),
    )
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGKILL)
}  # fmt: skip

GROUPS: dict[str, Changes] = {
    "Nothing that counts": NOTHING,
    "A parameter of": PARAMETERS,
    "A value written otherwise": WRITTEN_OTHERWISE,
    "Code": CODE,
    "What people decided": DECISIONS,
    "Videos": VIDEOS,
    "Models": MODELS,
    "Gone": GONE,
    "Changed by other hands, a bit of it": CHANGED,
    "Interrupted, and the change taken back": INTERRUPTED,
}
CHANGES: Changes = {f"{group}: {name}": change for group, of in GROUPS.items() for name, change in of.items()}


def table() -> str:
    """The table of docs/staleness.md, a section a group."""
    parts = [
        "# What makes what stale\n\nTwo episodes of one series and a run, all finished. Then one thing happens, and"
        f" `snakemake -n` lists the jobs in\nthe last column; `dvc status` agrees: {len(CHANGES)} times."
        " `tests/test_changes.py` does each of them,\nand `python -m tests.changes docs/staleness.md` wrote this page."
        " [workflow.md](workflow.md) says why.\n"
    ]
    for group, of in GROUPS.items():
        rows = "".join(f"| {name} | {_said(jobs)} |\n" for name, (_, jobs) in of.items())
        parts.append(f"\n## {group}\n\n| what | what runs |\n|---|---|\n{rows}")
    return "".join(parts).replace(SERIES, "s").replace(EPISODES[0], "ep1").replace(RUN, "r").replace(MERGE, "m")


def _said(jobs: Jobs) -> str:
    named = [f"{stage} ×{jobs[stage]}" if jobs[stage] > 1 else stage for stage in STAGES if stage in jobs]
    return ", ".join(named) or "nothing"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(), encoding="utf-8")
