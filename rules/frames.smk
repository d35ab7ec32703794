rule frames:
    input:
        video=video_again,
        probe="data/probe/{series}/{episode}.json",
    output:
        table="data/frames/{series}/{episode}.parquet",
        cells="data/frames/{series}/{episode}.tar",
    log:
        "logs/frames/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: decoding("frames")
    resources:
        mem_mb=grows(2000),
        runtime=grows(120),
    params:
        code=code("frames"),
        pack=packed("frames"),
        video=named,
        values=section("frames"),
    shell:
        "python {params.pack} scripts/frames.py --in-video {params.video} --in-probe {input.probe:q} --out {output.table:q} "
        "--out-cells {output.cells:q} --params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
