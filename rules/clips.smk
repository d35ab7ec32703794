rule clips:
    input:
        **carried(cells="data/frames/{series}/{episode}.tar"),
        probe="data/probe/{series}/{episode}.json",
        frames="data/frames/{series}/{episode}.parquet",
        shots="data/shots/{series}/{episode}.parquet",
        dedup="data/dedup/{series}/{episode}.parquet",
        stills="data/stills/{series}/{episode}.parquet",
        quality="data/quality/{series}/{episode}.parquet",
        detect="data/detect/{series}/{episode}.parquet",
        tag="data/tag/{series}/{episode}.parquet",
    output:
        "data/clips/{series}/{episode}.parquet",
    log:
        "logs/clips/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        code=code("clips"),
        pack=packed("clips"),
        values=of_tables(section("clips")),
    shell:
        "python {params.pack} scripts/clips.py --in-data data --in-probe {input.probe:q} --out {output:q} --params {params.values:q} "
        "2>&1 | tee {log:q}"
