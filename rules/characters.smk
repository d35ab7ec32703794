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
        # An option again for each episode, quoted for the shell.
        crop=lambda wildcards, input: each("--in-crop", input.crop),
        embed=lambda wildcards, input: each("--in-embed", input.embed),
        stills=lambda wildcards, input: each("--in-stills", input.stills),
        names=decided("--names", "characters"),
        values=section("characters"),
        models=section("models"),
        pins=pins("ccip-feature", "ccip-metric"),
    shell:
        "python scripts/characters.py {params.crop} {params.embed} {params.stills} {params.names} "
        "--out {output.table:q} --out-sheet {output.sheet:q} "
        "--models {params.models:q} --params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
