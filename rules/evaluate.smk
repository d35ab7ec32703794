rule evaluate:
    input:
        unpack(
            lambda wildcards: (
                {
                    "clipset": of_series("data/clipset/{series}.parquet")(wildcards),
                    "probe": tables("probe", "json")(wildcards),
                }
                if PROJECT.moves(wildcards.run)
                else {}
            )
        ),
        **carried(folder="models/{run}/checkpoints", shard="data/sample/{run}.tar", pictures=pictures),
        samples="data/sample/{run}.parquet",
        dataset=of_series("data/dataset/{series}.parquet"),
        checkpoints="models/{run}/checkpoints.json",
        models=model_files("person", "tagger", "ccip"),
    output:
        scores="data/evaluate/{run}.json",
        table="data/evaluate/{run}.parquet",
        model="models/{run}/{run}.safetensors",
    log:
        "logs/evaluate/{run}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2
    resources:
        mem_mb=grows(6000),
        runtime=grows(120),
        gpu=GPUS,
    params:
        code=code("evaluate"),
        values=section("evaluate"),
        negative=one_value("sample", "negative"),
        models=section("models"),
        pins=held_to("pins", "person", "tagger", "ccip"),
        contracts=held_to("contracts", "person", "tagger", "ccip"),
        character=of_run("character"),
        clips=lambda wildcards, input: (
            Named(
                "clips",
                {"scaling": (scaling := PROJECT.section("stills")["scaling"])},
                each("--in-clipset", input.clipset)
                + " "
                + shlex.join(["--scaling", scaling, "--base", PROJECT.base(wildcards.run)]),
            )
            if PROJECT.moves(wildcards.run)
            else Named("no clips", None, "")
        ),
        datasets=datasets,
    shell:
        "python scripts/evaluate.py --in-samples {input.samples:q} {params.datasets} "
        "--in-checkpoints {input.checkpoints:q} --out-scores {output.scores:q} --out-table {output.table:q} "
        "--out-model {output.model:q} --character={params.character:q} --negative={params.negative:q} {params.clips} "
        "--params {params.values:q} --models {params.models:q} --threads {threads} 2>&1 | tee {log:q}"
