rule characters:
    input:
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
    params:
        code=code("characters"),
        episodes=episodes,
        names=decided("--names", "characters"),
        values=section("characters"),
        models=section("models"),
        pins=pins("ccip-feature", "ccip-metric"),
    shell:
        "python scripts/characters.py --in-crop data/crop/{wildcards.series:q} --in-embed data/embed/{wildcards.series:q} "
        "--in-stills data/stills/{wildcards.series:q} --episodes {params.episodes:q} {params.names} "
        "--out {output.table:q} --out-sheet {output.sheet:q} "
        "--models {params.models:q} --params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
