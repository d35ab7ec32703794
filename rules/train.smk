# Which files say: the resolution that the dataset's buckets are about; a list of sizes is about none.
ABOUT = None if isinstance(PROJECT.section("dataset")["buckets"], list) else PROJECT.section("dataset")["resolution"]
RESOLUTION = Named("resolution", ABOUT, f"--resolution {ABOUT}" if ABOUT else "")


rule train:
    input:
        unpack(learnt_from),
        **carried(pictures=pictures),
        models=lambda wildcards: model_files(PROJECT.base(wildcards.run)),
    output:
        **carried(folder=directory("models/{run}/checkpoints")),
        checkpoints="models/{run}/checkpoints.json",
        ledger="models/{run}/ledger.parquet",
        losses="models/{run}/losses.parquet",
        held_out="models/{run}/held_out.parquet",
        left_out="models/{run}/left_out.parquet",
    log:
        "logs/train/{run}.log",
    conda:
        "../envs/genga.yaml"
    threads: lambda wildcards: PROJECT.training_threads(wildcards.run)
    resources:
        mem_mb=grows(16000),
        runtime=grows(1440),
        gpu=GPUS,
    params:
        code=code("train"),
        values=section("train"),
        models=section("models"),
        pins=held_to("pins"),
        contracts=held_to("contracts"),
        base=of_run("base"),
        character=of_run("character"),
        launch=launched,
        learnt=learnt,
        resolution=lambda wildcards: RESOLUTION,
        out=subpath(output.checkpoints, parent=True),
    shell:
        "python scripts/train.py {params.learnt} --run {wildcards.run:q} --out {params.out:q} "
        "--character={params.character:q} --base {params.base:q} --models {params.models:q} --params {params.values:q} "
        "{params.launch} {params.resolution} 2>&1 | tee {log:q}"
