rule clipset:
    input:
        clips=tables("clips"),
        probe=tables("probe", "json"),
        stills=tables("stills"),
        frames=tables("frames"),
        describe=tables("describe"),
        quality=tables("quality"),
        detect=tables("detect"),
        characters="data/characters/{series}.parquet",
        dataset="data/dataset/{series}.parquet",
        not_in_dataset="data/dataset/left-out/{series}.parquet",
    output:
        table="data/clipset/{series}.parquet",
        left_out="data/clipset/left-out/{series}.parquet",
    log:
        "logs/clipset/{series}.log",
    conda:
        "../envs/genga.yaml"
    resources:
        mem_mb=grows(4000, each=50),
        runtime=grows(30, each=1),
    params:
        code=code("clipset"),
        episodes=episodes,
        videos=videos,
        style=lambda wildcards: STYLE,
        clips=upscaling,
        dataset=section("dataset"),
        values=section("clipset"),
    shell:
        "python scripts/clipset.py --in-data data --episodes {params.episodes:q} --videos {params.videos:q} "
        "--out {output.table:q} --out-left-out {output.left_out:q} --dataset {params.dataset:q} --clips {params.clips:q} --params {params.values:q} "
        "2>&1 | tee {log:q}"
