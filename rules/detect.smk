rule detect:
    input:
        **carried(clips=clips_of_pack, shard="data/stills/{series}/{episode}.tar"),
        stills="data/stills/{series}/{episode}.parquet",
        models=model_files("person", "halfbody", "head", "face", "segment"),
    output:
        "data/detect/{series}/{episode}.parquet",
    log:
        "logs/detect/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2
    resources:
        mem_mb=grows(3000),
        runtime=grows(120),
        gpu=GPUS,
    params:
        code=code("detect"),
        pack=packed("detect", "person", "halfbody", "head", "face", "segment"),
        values=section("detect"),
        models=section("models"),
        pins=held_to("pins", "person", "halfbody", "head", "face", "segment"),
        contracts=held_to("contracts", "person", "halfbody", "head", "face", "segment"),
    shell:
        "python {params.pack} scripts/detect.py --in-stills {input.stills:q} --out {output:q} "
        "--models {params.models:q} --params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
