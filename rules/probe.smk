rule probe:
    input:
        video=video,
    output:
        "data/probe/{series}/{episode}.json",
    log:
        "logs/probe/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    resources:
        mem_mb=grows(1000),
        runtime=grows(30),
    params:
        code=code("probe"),
        values=section("probe"),
    shell:
        "python scripts/probe.py --in-video {input.video:q} --out {output:q} "
        "--params {params.values:q} 2>&1 | tee {log:q}"
