rule characters:
    input:
        **carried(shards=shards("stills", "crop")),
        crop=tables("crop"),
        embed=tables("embed"),
        stills=tables("stills"),
        models=model_files("ccip-feature", "ccip-metric"),
        names=corrections("characters"),
    output:
        table="data/characters/{series}.parquet",
        sheet="data/characters/{series}.html",
    log:
        "logs/characters/{series}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2
    resources:
        mem_mb=grows(4000, each=50),
        runtime=grows(30, each=2),
        gpu=GPUS,
    params:
        code=code("characters"),
        episodes=episodes,
        names=decided("--names", "characters"),
        values=section("characters"),
        models=section("models"),
        pins=held_to("pins", "ccip-feature", "ccip-metric"),
        contracts=held_to("contracts", "ccip-feature", "ccip-metric"),
    shell:
        "python scripts/characters.py --in-data data --episodes {params.episodes:q} {params.names} "
        "--out {output.table:q} --out-sheet {output.sheet:q} "
        "--models {params.models:q} --params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
