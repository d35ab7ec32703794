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
        tables_of("stills", SERIES),
        PAGES,


rule all_tags:
    input:
        tables_of("quality", SERIES),
        tables_of("tag", SERIES),


rule all_dataset:
    input:
        [f"data/dataset/{series}.parquet" for series in LEARNED],
        WITHOUT_RUN,


rule all_train:
    input:
        [f"models/{run}/checkpoints.json" for run in RUNS],


rule all_evaluate:
    input:
        REPORTS,
