rule dataset:
    input:
        crop=tables("crop"),
        stills=tables("stills"),
        frames=tables("frames"),
        detect=tables("detect"),
        tag=tables("tag"),
        quality=tables("quality"),
        characters="data/characters/{series}.parquet",
    output:
        table="data/dataset/{series}.parquet",
        left_out="data/dataset/left-out/{series}.parquet",
    log:
        "logs/dataset/{series}.log",
    conda:
        "../envs/genga.yaml"
    params:
        code=code("dataset"),
        episodes=episodes,
        values=section("dataset"),
    shell:
        "python scripts/dataset.py --in-crop data/crop/{wildcards.series:q} --in-stills data/stills/{wildcards.series:q} "
        "--in-frames data/frames/{wildcards.series:q} --in-detect data/detect/{wildcards.series:q} "
        "--in-tag data/tag/{wildcards.series:q} --in-quality data/quality/{wildcards.series:q} "
        "--episodes {params.episodes:q} --in-characters {input.characters:q} "
        "--out {output.table:q} --out-left-out {output.left_out:q} --params {params.values:q} 2>&1 | tee {log:q}"
