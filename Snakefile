"""From raw episodes to judged models: `snakemake --cores all`. Every knob is in params.yaml."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "params.yaml"


include: "rules/common.smk"


rule all:
    input:
        REPORTS,
        WITHOUT_RUN,


include: "rules/phases.smk"
include: "rules/probe.smk"
include: "rules/frames.smk"
include: "rules/shots.smk"
include: "rules/dedup.smk"
include: "rules/stills.smk"
include: "rules/detect.smk"
include: "rules/quality.smk"
include: "rules/tag.smk"
include: "rules/crop.smk"
include: "rules/embed.smk"
include: "rules/characters.smk"
include: "rules/dataset.smk"
include: "rules/train.smk"
include: "rules/sample.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"


onstart:
    start()


onsuccess:
    JOURNAL.write_code()
    JOURNAL.describe(JOURNAL.finish())


onerror:
    JOURNAL.finish()
    JOURNAL.stop()
    tell_failures()
