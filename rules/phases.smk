"""The line in five coarse steps, each a target by name: `snakemake --cores all all_tags`. dvc.yaml has a phase for each."""


localrules:
    all,
    all_stills,
    all_tags,
    all_dataset,
    all_train,
    all_evaluate,


rule all_stills:
    input:
        PROJECT.made("stills", PROJECT.series),
        PROJECT.pages,


rule all_tags:
    input:
        PROJECT.made("quality", PROJECT.series),
        PROJECT.made("tag", PROJECT.series),


rule all_dataset:
    input:
        [f"data/dataset/{series}.parquet" for series in PROJECT.learned],
        PROJECT.without_run,


rule all_train:
    input:
        [f"models/{run}/checkpoints.json" for run in PROJECT.runs],


rule all_evaluate:
    input:
        PROJECT.reports,
