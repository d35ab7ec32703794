rule shots:
    input:
        **carried(clips=clips_of_pack, cells="data/frames/{series}/{episode}.tar"),
        frames="data/frames/{series}/{episode}.parquet",
    output:
        "data/shots/{series}/{episode}.parquet",
    log:
        "logs/shots/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    resources:
        mem_mb=grows(1000),
        runtime=grows(15),
    params:
        code=code("shots"),
        pack=packed("shots"),
        values=section("shots"),
    shell:
        "python {params.pack} scripts/shots.py --in-frames {input.frames:q} --out {output:q} "
        "--params {params.values:q} 2>&1 | tee {log:q}"
