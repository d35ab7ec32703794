"""The line in coarse steps, each a target by name: `snakemake --cores all all_tags`. dvc.yaml has a phase for each."""


localrules:
    all,
    all_stills,
    all_tags,
    all_dataset,
    all_clips,
    all_train,
    all_evaluate,
    all_merge,


rule all_stills:
    input:
        PROJECT.phases["stills"],


rule all_tags:
    input:
        PROJECT.phases["tags"],


rule all_dataset:
    input:
        PROJECT.phases["dataset"],


rule all_clips:
    input:
        PROJECT.phases["clips"],


rule all_train:
    input:
        [path for run in PROJECT.runs for path in PROJECT.phases[f"train@{run}"]],


rule all_evaluate:
    input:
        PROJECT.reports,


rule all_merge:
    input:
        PROJECT.had(PROJECT.merges.models),
