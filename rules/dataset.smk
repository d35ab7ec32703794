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
        # An option again for each episode, quoted for the shell.
        crop=lambda wildcards, input: each("--in-crop", input.crop),
        stills=lambda wildcards, input: each("--in-stills", input.stills),
        frames=lambda wildcards, input: each("--in-frames", input.frames),
        detect=lambda wildcards, input: each("--in-detect", input.detect),
        tag=lambda wildcards, input: each("--in-tag", input.tag),
        quality=lambda wildcards, input: each("--in-quality", input.quality),
        values=section("dataset"),
    shell:
        "python scripts/dataset.py {params.crop} {params.stills} {params.frames} {params.detect} {params.tag} "
        "{params.quality} --in-characters {input.characters:q} "
        "--out {output.table:q} --out-left-out {output.left_out:q} --params {params.values:q} 2>&1 | tee {log:q}"
