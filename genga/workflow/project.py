"""What there is to work on: episodes, series, runs and models, and what a job depends on besides its tables.

The Snakefile opens it once (genga.workflow.opening); rules/common.smk makes input functions of what it says.
"""

import re
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from genga.decisions.folder import references, tables
from genga.errors import GengaError
from genga.jobs.log_errors import failures_in_words, find_failures
from genga.models import registry
from genga.params.section import section_of_run
from genga.store.sweeping import check_writable
from genga.tables.places import RAW, path_of
from genga.training.families.family import family_file, is_moving
from genga.training.launch import read_config
from genga.video.episodes import Episode, episodes_before, in_name_order
from genga.workflow.bucket import Bucket
from genga.workflow.decided import Decided
from genga.workflow.dvc_lock import finished, tell
from genga.workflow.held_models import HeldModels
from genga.workflow.merges import Merges, checkpoints_of, model_of, report_of
from genga.workflow.packs import Packs, take_away
from genga.workflow.run_series import series_of
from genga.workflow.session import Journal, ended
from genga.workflow.unreadable import note

Params = Mapping[str, Any]  # params.yaml, section by section


@dataclass
class Project:
    """A project in this folder, as it was when it was opened."""

    root: Path  # where the workflow's code is, mostly the same folder
    params: Params
    journal: Journal
    models: registry.Registry
    episodes: Mapping[Episode, str]  # the video of each; "" of a pack
    here: frozenset[str]  # series that have videos here; others are those on record
    bucket: Bucket | None = None
    beyond: frozenset[str] = frozenset()  # targets of series without videos that are gone and cannot be made
    packs: Mapping[str, Packs] = field(default_factory=dict)  # of the series of short clips: episodes are packs there
    people: Decided = field(default_factory=lambda: Decided(tables()))  # what they decided
    opened: float = field(default_factory=time.time)  # s since the epoch

    @cached_property
    def ordered(self) -> dict[str, list[str]]:  # the episodes of each series in name order
        return in_name_order(self.episodes)

    @cached_property
    def series(self) -> list[str]:
        return sorted(self.ordered)

    @cached_property
    def series_of_run(self) -> dict[str, list[str]]:  # all whose training sets each reads
        return {run: series_of(of) for run, of in (self.params["runs"] or {}).items()}

    @cached_property
    def runs(self) -> list[str]:  # the runs whose series all have episodes
        return [run for run, series in self.series_of_run.items() if {*series} <= self.ordered.keys()]

    @cached_property
    def learned(self) -> list[str]:
        """The series that a run learns from; others go as far as a person can judge them and name their characters."""
        return sorted({*self.series}.intersection(chain.from_iterable(self.series_of_run.values())))

    @cached_property
    def moving(self) -> list[str]:  # the series of whose clips a run learns, for its base moves
        return sorted({series for run in self.runs if self.moves(run) for series in self.series_of_run[run]})

    def moves(self, run: str) -> bool:  # whether a run learns from clips
        return any(map(is_moving, self.held.in_roles([self.base(run)])))

    def series_for(self, wildcards: Mapping[str, str]) -> list[str]:
        """Return the series that a job is about: its own, or its run's."""
        return [own] if (own := wildcards.get("series")) else self.series_of_run[wildcards["run"]]

    @cached_property
    def merges(self) -> Merges:
        return Merges(self.params["merges"], self.runs, self.models, self.held)

    def pattern(self, section: str) -> str:  # of the names in `runs` or `merges`; of nothing, where there is none
        return "|".join(map(re.escape, self.params[section] or {})) or "(?!)"

    def has(self, wildcards: Mapping[str, str]) -> bool:
        """Whether the episode, series, run or merge is one of the project's, as it is now."""
        run = wildcards.get("run")
        if merge := wildcards.get("merge"):
            return merge in self.merges.names
        return run in self.runs if run else wildcards.get("episode", "") in ["", *self.names_of(wildcards["series"])]

    def names_of(self, series: str) -> list[str]:  # its episodes, in the order of their videos
        return [episode for name, episode in self.episodes if name == series]

    def videos(self, series: str, episode: str) -> dict[str, str]:
        """Return the video of an episode, by name, or of a pack's clips; of one not known where it would be."""
        own = {episode: self.episodes.get((series, episode), f"{RAW}{series}/{episode}.mkv")}
        return self.packs.get(series, {}).get(episode, own)

    def made(self, stage: str, series: Iterable[str], kind: str = "parquet") -> list[str]:
        """Return what an episode stage makes of every episode of these series, in name order."""
        return [path_of(stage, f"{one}/{name}", kind) for one in series for name in self.ordered.get(one, [])]

    def earlier(self, stage: str, series: str, episode: str, kind: str = "parquet") -> list[str]:
        """Return what a stage made of the episodes before one that dedup looks back to."""
        back = self.params["dedup"]["back"] if series not in self.packs else 0  # of clips stage dataset tells
        names = episodes_before(self.ordered.get(series, []), episode, back)
        return [path_of(stage, f"{series}/{name}", kind) for name in names]

    @property
    def phases(self) -> dict[str, list[str]]:  # the last files of each phase in dvc.yaml, by which it has all of it
        dataset = self.had(path_of("dataset", series) for series in self.learned) + self.without_run
        clips = "clipset" if self.moving else "dataset"
        return {
            "stills": self.had(self.made("stills", self.series)) + self.pages,
            "tags": self.had(self.made("quality", self.series) + self.made("tag", self.series)),
            "dataset": dataset,
            "clips": self.had(path_of(clips, of) for of in self.moving or self.learned),
            **{f"train@{run}": self.had([checkpoints_of(run)]) for run in self.runs},
            **{f"evaluate@{run}": self.had([report_of(run)]) for run in self.runs},
            **{f"merge@{merge}": self.had([model_of(merge)]) for merge in self.merges.names},
        }

    @property
    def pages(self) -> list[str]:
        return self.had(path_of("overview", series, "html") for series in self.series)

    @property
    def reports(self) -> list[str]:
        return self.had(map(report_of, self.runs))

    @property
    def without_run(self) -> list[str]:  # what is made of the series that no run learns from
        bare = [series for series in self.series if series not in self.learned]
        return self.had(self.made("quality", bare) + [path_of("characters", series) for series in bare])

    def had(self, targets: Iterable[str]) -> list[str]:  # those that are here or can be made
        return [path for path in targets if path not in self.beyond]

    def section(self, name: str, of: str | None = None) -> Any:
        """Return a section of params.yaml, as a run has it where one is named; `merge` is the entry of a merge."""
        if name == "merge":
            return self.params["merges"][of]
        return section_of_run(dict(self.params), of, name) if of in self.series_of_run else self.params[name]

    def sections(self, run: str) -> dict[str, Any]:
        """Return every section as a run has it, in the file's order."""
        return {name: self.section(name, run) for name in self.params if name not in ("series", "runs", "merges")}

    def launch(self, run: str) -> tuple[dict[str, Any], str | None]:
        """Return the accelerate configuration a run's processes are started by, and its file; {} and None for one."""
        path = self.section("train", run)["launch"]
        try:
            return (read_config(path) if path else {}), path
        except GengaError as error:  # the job itself says so, too
            return {"cannot be read": str(error)}, path

    def training_threads(self, run: str) -> int:
        """Return the threads that a run's processes on one machine have together."""
        said, _ = self.launch(run)
        each = max(1, said.get("num_processes", 1) // said.get("num_machines", 1))
        return int(self.section("train", run)["threads"]) * each

    def base(self, run: str) -> str:  # the role in models.yaml of what a run learns on
        return str(self.params["runs"][run]["base"])

    def code(self, stage: str, run: str | None = None) -> str:
        """Return the key of what a stage's script does, with its modules, their data files and its base's family.

        run: whose base it is; None: of a stage that is of no run, which may meet the bases of all.
        """
        roles = {self.base(run)} if run in self.series_of_run else {"base", *map(self.base, self.series_of_run)}
        bases = self.held.in_roles(sorted(roles)) if self.journal.families(stage) else []
        return self.journal.code(stage, *sorted({family_file(model) for model in bases}))

    def decided(self, kind: str, wildcards: Mapping[str, str]) -> list[str]:
        """Return the files under corrections/ that a job reads for a kind, if they are there and concern it."""
        episode, found = wildcards.get("episode", ""), []
        for one in self.series_for(wildcards):
            names = [episode] if episode else self.names_of(one)
            found += self.people.concern(kind, {"series": one, "episode": episode}, names)
        return [*found, *references(wildcards["series"])] if kind == "characters" else found

    @cached_property
    def held(self) -> HeldModels:
        return HeldModels(self.models, self.bucket)

    def corrections(self, kinds: Iterable[str], wildcards: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        """Return what a job is held to of what people decided, and the files that it reads: of a series their list."""
        of = [self.people.of(wildcards, kind, self.decided(kind, wildcards), self.journal.listed) for kind in kinds]
        return {path: what for said, _ in of for path, what in said.items()}, [path for _, read in of for path in read]

    def start(self, folders: Iterable[Path]) -> None:
        """Hold the folder: of two runs at once the second says so and ends. So does one that cannot write `folders`."""
        try:
            self.journal.start()
            check_writable(folders)
            self.people.write()
            take_away(self.ordered, self.packs, self.here, before=True)
        except GengaError as error:
            ended(error)

    def end(self, well: bool, planned: Collection[str] = ()) -> None:
        """Write down what was made. After a run that ended badly say again what each failed job said, and its log.

        planned: outputs of all jobs asked for, fresh if `well`. Ends with exit status 1 if something cannot be written.
        """
        try:
            if self.bucket is not None and not well:
                self.bucket.fetch("logs", self.opened)
        except GengaError as error:
            print(f"error: {error}", file=sys.stderr)
        failures = find_failures("logs", self.opened) if not well else []
        print(*[f"{line}\n" for line in failures_in_words(failures)], sep="", end="", file=sys.stderr)
        try:
            check_writable(["."])  # a full disk may be why a log has nothing to say
            note(failures, self.episodes, self.journal, self.params)
            made = self.journal.finish(self.people.write_after())
            if self.bucket is not None:
                of = {model.path.as_posix(): model.paths for model in self.models.models.values() if model.entry.folder}
                self.journal.expect(self.bucket.places, of)
            if well:
                self.journal.write_code()
            self.journal.describe(made)  # what was done before a job failed is done by no later run
            if well:
                take_away(self.ordered, self.packs, self.here, before=False)
            if self.bucket is None:
                done = finished(self.phases, planned, self.here >= set(self.series)) if well else []
                tell(done, again=well and self.people.tell_moved())
        except GengaError as error:  # the next run writes it down
            ended(error)
