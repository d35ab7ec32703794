"""The line in five coarse steps, each a target by name: `snakemake --cores all all_tags`. dvc.yaml has a phase for each."""


localrules:
    all,
    all_stills,
    all_tags,
    all_dataset,
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


rule all_train:
    input:
        PROJECT.trained,


rule all_evaluate:
    input:
        PROJECT.reports,


rule all_merge:
    input:
        PROJECT.had(PROJECT.merges.models),
