rule stills:
    input:
        video=video_again,
        probe="data/probe/{series}/{episode}.json",
        frames="data/frames/{series}/{episode}.parquet",
        dedup="data/dedup/{series}/{episode}.parquet",
    output:
        table="data/stills/{series}/{episode}.parquet",
        shard="data/stills/{series}/{episode}.tar",
    log:
        "logs/stills/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: decoding("stills")
    resources:
        mem_mb=grows(2000),
        runtime=grows(120),
    params:
        code=code("stills"),
        pack=packed("stills"),
        video=named,
        values=section("stills"),
    shell:
        "python {params.pack} scripts/stills.py --in-video {params.video} --in-probe {input.probe:q} --in-frames {input.frames:q} "
        "--in-dedup {input.dedup:q} --out {output.table:q} --out-shard {output.shard:q} --params {params.values:q} "
        "--threads {threads} 2>&1 | tee {log:q}"
