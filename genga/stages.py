"""The rooms of this package, bottom to top, and the stages in pipeline order, each declared once.

A stage says what it is, where its code is, which tables it reads and writes. Its name is its rule, script, function,
section of params.yaml, folder and test. No stage's own code imports this module: another stage, or another word for
one, makes nothing stale.
"""

from dataclasses import dataclass
from typing import Literal

# A room knows those before it. The first two are single modules.
ROOMS = (
    "errors", "stages", "params", "tables", "store", "jobs", "images", "video", "vocabulary", "models", "decisions",
    "drawings", "people", "dataset", "exchange", "training", "evaluation", "pages", "workflow", "audit", "desk",
    "cli",
)  # fmt: skip

Level = Literal["episode", "series", "run", "merge"]  # what a job of a stage is for

# What stands for a job of each level in paths and records.
WILDCARDS: dict[Level, tuple[str, ...]] = {
    "episode": ("series", "episode"), "series": ("series",), "run": ("run",), "merge": ("merge",),
}  # fmt: skip


@dataclass(frozen=True)
class Stage:
    name: str
    level: Level
    room: str  # genga.<room>.<name> has the function <name>
    does: str  # in words for people
    reads: tuple[str, ...] = ()  # tables of other stages: modules of genga.tables
    writes: tuple[str, ...] = ()  # its own
    asked: bool = False  # made only where something asks for it: a run on a moving base, an export, its name


LINE = (
    Stage("probe", "episode", "video", "looks at a video file: is it sound, and what is in it"),
    Stage("frames", "episode", "drawings", "measures every frame in one decode pass", (), ("frames",)),
    Stage("shots", "episode", "drawings", "divides an episode into shots", ("frames",), ("shots",)),
    Stage("dedup", "episode", "drawings", "finds the frames that show the same drawing, and keeps one of each",
          ("frames", "shots"), ("dedup",)),
    Stage("stills", "episode", "drawings", "writes the kept drawings losslessly", ("frames", "dedup"), ("stills",)),
    Stage("review", "episode", "pages", "writes the page of an episode for a person to check",
          ("frames", "shots", "dedup", "stills")),
    Stage("detect", "episode", "people", "finds people: persons, half bodies, heads, faces", ("stills",), ("detect",)),
    Stage("quality", "episode", "drawings", "grades the stills as pictures, and reads what is written in them",
          ("shots", "stills"), ("quality",)),
    Stage("tag", "episode", "people", "tags the stills and everybody in them",
          ("dedup", "stills", "detect", "quality"), ("tag",)),
    Stage("crop", "episode", "people", "cuts people out of the stills: full body, half body, head",
          ("dedup", "stills", "detect", "quality", "tag"), ("crop",)),
    Stage("describe", "episode", "dataset", "says in sentences what images show, where a model can",
          ("stills", "crop"), ("describe",)),
    Stage("embed", "episode", "people", "turns crops into the character embedder's vectors", ("crop",), ("embed",)),
    Stage("overview", "series", "pages", "writes the page of a series: its episodes, and its closest decisions"),
    Stage("characters", "series", "people", "tells who is who, and gives the names that people decided",
          ("dedup", "stills", "detect", "tag", "crop", "embed"), ("characters",)),
    Stage("dataset", "series", "dataset", "composes the training set: images, captions, buckets, what is held out",
          ("frames", "dedup", "stills", "detect", "quality", "tag", "crop", "describe", "characters"),
          ("dataset", "left_out")),
    Stage("clips", "episode", "dataset", "divides an episode into clips, and says how each moves",
          ("frames", "shots", "dedup", "stills", "detect", "quality", "tag"), ("clips",), asked=True),
    Stage("clipset", "series", "dataset", "composes the clips that moving pictures are learnt from",
          ("clips", "frames", "stills", "detect", "quality", "describe", "characters", "dataset", "left_out"),
          ("clipset", "clips_left_out"), asked=True),
    Stage("train", "run", "training", "trains a LoRA, and says what was seen when", ("dataset",),
          ("ledger", "losses", "held_out", "run_left_out")),
    Stage("sample", "run", "evaluation", "draws the same prompts with the base and every checkpoint", (), ("sample",)),
    Stage("evaluate", "run", "evaluation", "judges the samples and selects a checkpoint",
          ("dataset", "sample"), ("evaluate",)),
    Stage("report", "run", "pages", "writes the report of a run",
          ("shots", "dedup", "stills", "detect", "quality", "tag", "crop", "characters", "dataset", "left_out",
           "losses", "held_out", "sample", "evaluate")),
    Stage("merge", "merge", "training", "makes a model of others, without training"),
)  # fmt: skip

STAGES = tuple(stage.name for stage in LINE)
ASKED_STAGES = tuple(stage.name for stage in LINE if stage.asked)
# What is made of every episode, series, run and merge.
EPISODE_STAGES, SERIES_STAGES, RUN_STAGES, MERGE_STAGES = (
    tuple(stage.name for stage in LINE if stage.level == level and not stage.asked) for level in WILDCARDS
)
# Those with a section of their own in params.yaml: what a merge is to be its entry under `merges` says.
SECTION_STAGES = tuple(name for name in STAGES if name not in MERGE_STAGES)
