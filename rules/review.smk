rule review:
    input:
        **carried(
            clips=clips_of_pack, cells="data/frames/{series}/{episode}.tar", shard="data/stills/{series}/{episode}.tar"
        ),
        frames="data/frames/{series}/{episode}.parquet",
        shots="data/shots/{series}/{episode}.parquet",
        dedup="data/dedup/{series}/{episode}.parquet",
        stills="data/stills/{series}/{episode}.parquet",
    output:
        page="data/review/{series}/{episode}.html",
        figures="data/review/{series}/{episode}.json",
    log:
        "logs/review/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        code=code("review"),
        pack=packed("review"),
        values=section("review"),
    shell:
        "python {params.pack} scripts/review.py --in-frames {input.frames:q} --in-shots {input.shots:q} --in-dedup {input.dedup:q} "
        "--in-stills {input.stills:q} --out-page {output.page:q} --out-figures {output.figures:q} "
        "--params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
