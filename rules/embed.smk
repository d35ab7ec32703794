rule embed:
    input:
        **carried(clips=clips_of_pack, shard="data/crop/{series}/{episode}.tar"),
        crop="data/crop/{series}/{episode}.parquet",
        models=model_files("ccip-feature", "ccip-metric"),
    output:
        "data/embed/{series}/{episode}.parquet",
    log:
        "logs/embed/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
        gpu=GPUS,
    params:
        code=code("embed"),
        pack=packed("embed", "ccip-feature", "ccip-metric"),
        values=section("embed"),
        models=section("models"),
        pins=held_to("pins", "ccip-feature", "ccip-metric"),
        contracts=held_to("contracts", "ccip-feature", "ccip-metric"),
    shell:
        "python {params.pack} scripts/embed.py --in-crop {input.crop:q} --out {output:q} "
        "--models {params.models:q} --params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
