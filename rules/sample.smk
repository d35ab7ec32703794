def style_word(wildcards):
    """The word for the style of all clips that a run learns from; of none that learns from images."""
    word = PROJECT.section("clipset")["style"] if PROJECT.moves(wildcards.run) else None
    return Named("style", word, shlex.join(["--style", word]) if word else "")


rule sample:
    input:
        **carried(folder="models/{run}/checkpoints"),
        checkpoints="models/{run}/checkpoints.json",
        models=lambda wildcards: model_files(PROJECT.base(wildcards.run)),
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
        pins=held_to("pins"),
        contracts=held_to("contracts"),
        base=of_run("base"),
        style=style_word,
    shell:
        "python scripts/sample.py --in-checkpoints {input.checkpoints:q} --out-table {output.table:q} "
        "--out-shard {output.shard:q} --base {params.base:q} {params.style} --models {params.models:q} --params {params.values:q} 2>&1 | tee {log:q}"
