rule quality:
    input:
        **carried(shard="data/stills/{series}/{episode}.tar"),
        stills="data/stills/{series}/{episode}.parquet",
        shots="data/shots/{series}/{episode}.parquet",
    output:
        "data/quality/{series}/{episode}.parquet",
    log:
        "logs/quality/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2
    resources:
        mem_mb=grows(1500),
        runtime=grows(60),
    params:
        code=code("quality"),
        values=section("quality"),
        lettering=one_value("frames", "lettering"),
    shell:
        "python scripts/quality.py --in-stills {input.stills:q} --in-shots {input.shots:q} --out {output:q} "
        "--lettering {params.lettering} --params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
