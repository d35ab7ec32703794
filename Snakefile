"""From raw episodes to judged models: `snakemake --cores all`. Every knob is in params.yaml."""

import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

sys.path.insert(0, workflow.basedir)  # the library beside this file, installed or not

from genga.audit.papers import write_papers
from genga.workflow.opening import opened

PROJECT = opened(workflow, config, write_papers)


include: "rules/common.smk"
include: "rules/packs.smk"
include: "rules/moving.smk"


rule all:
    input:
        PROJECT.pages,
        PROJECT.reports,
        PROJECT.had(PROJECT.merges.models),
        PROJECT.without_run,


include: "rules/phases.smk"
include: "rules/probe.smk"
include: "rules/frames.smk"
include: "rules/shots.smk"
include: "rules/dedup.smk"
include: "rules/stills.smk"
include: "rules/review.smk"
include: "rules/detect.smk"
include: "rules/quality.smk"
include: "rules/tag.smk"
include: "rules/crop.smk"
include: "rules/describe.smk"
include: "rules/embed.smk"
include: "rules/overview.smk"
include: "rules/characters.smk"
include: "rules/dataset.smk"
include: "rules/clips.smk"
include: "rules/clipset.smk"
include: "rules/train.smk"
include: "rules/sample.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"
include: "rules/merge.smk"


onstart:
    PROJECT.start({Path(path).parent for job in workflow.dag.needrun_jobs() for path in job.output})


onsuccess:
    PROJECT.end(well=True, planned={str(path) for job in workflow.dag.jobs for path in job.output})


onerror:
    PROJECT.end(well=False)
