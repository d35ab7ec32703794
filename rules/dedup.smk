rule dedup:
    input:
        frames="data/frames/{series}/{episode}.parquet",
        shots="data/shots/{series}/{episode}.parquet",
        corrections=corrections("frames"),
    output:
        "data/dedup/{series}/{episode}.parquet",
    log:
        "logs/dedup/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    params:
        code=code("dedup"),
        corrections=decided("--corrections", "frames"),
        values=section("dedup"),
    shell:
        "python scripts/dedup.py --in-frames {input.frames:q} --in-shots {input.shots:q} --out {output:q} "
        "{params.corrections} --params {params.values:q} 2>&1 | tee {log:q}"
