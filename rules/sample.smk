rule sample:
    input:
        **carried(folder="models/{run}/checkpoints"),
        checkpoints="models/{run}/checkpoints.json",
        models=lambda wildcards: model_files(*drawing(wildcards)),
    output:
        table="data/sample/{run}.parquet",
        shard="data/sample/{run}.tar",
    log:
        "logs/sample/{run}.log",
    conda:
        "../envs/genga.yaml"
    threads: lambda wildcards: PROJECT.section("sample", wildcards.run)["threads"]
    resources:
        mem_mb=grows(12000),
        runtime=grows(240),
        gpu=GPUS,
    params:
        code=code("sample"),
        values=section("sample"),
        models=section("models"),
        pins=lambda wildcards: held_to("pins", *drawing(wildcards))(wildcards),
        contracts=lambda wildcards: held_to("contracts", *drawing(wildcards))(wildcards),
        base=of_run("base"),
        style=lambda wildcards: Named(
            "style",
            word := PROJECT.section("clipset")["style"] if PROJECT.moves(wildcards.run) else None,
            shlex.join(["--style", word]) if word else "",
        ),
    shell:
        "python scripts/sample.py --in-checkpoints {input.checkpoints:q} --out-table {output.table:q} "
        "--out-shard {output.shard:q} --base {params.base:q} {params.style} --models {params.models:q} --params {params.values:q} 2>&1 | tee {log:q}"
