rule characters:
    input:
        **carried(shards=shards("stills", "crop")),
        crop=tables("crop"),
        embed=tables("embed"),
        stills=tables("stills"),
        detect=tables("detect"),
        dedup=tables("dedup"),
        tag=tables("tag"),
        models=model_files("ccip-feature", "ccip-metric"),
        corrections=corrections("characters"),
    output:
        table="data/characters/{series}.parquet",
        sheet="data/characters/{series}.html",
        open="data/characters/open/{series}.parquet",
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
        corrections=decided("--decided", "characters"),
        values=section("characters"),
        models=section("models"),
        pins=held_to("pins", "ccip-feature", "ccip-metric"),
        contracts=held_to("contracts", "ccip-feature", "ccip-metric"),
    shell:
        "python scripts/characters.py --in-data data --episodes {params.episodes:q} {params.corrections} "
        "--out {output.table:q} --out-sheet {output.sheet:q} --out-open {output.open:q} "
        "--models {params.models:q} --params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
