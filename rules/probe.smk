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
        pack=packed("probe"),
        video=named,
        values=section("probe"),
    shell:
        "python {params.pack} scripts/probe.py --in-video {params.video} --out {output:q} "
        "--params {params.values:q} 2>&1 | tee {log:q}"
