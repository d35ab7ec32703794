rule describe:
    input:
        **carried(
            clips=clips_of_pack,
            stills_shard="data/stills/{series}/{episode}.tar",
            crop_shard="data/crop/{series}/{episode}.tar",
        ),
        stills="data/stills/{series}/{episode}.parquet",
        crop="data/crop/{series}/{episode}.parquet",
        models=model_files("caption"),
    output:
        "data/describe/{series}/{episode}.parquet",
    log:
        "logs/describe/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2 if PROJECT.held.plays("caption") else 1
    resources:
        mem_mb=grows(8000 if PROJECT.held.plays("caption") else 1000),
        runtime=grows(600 if PROJECT.held.plays("caption") else 10),
        gpu=GPUS if PROJECT.held.plays("caption") else None,
    params:
        code=code("describe"),
        pack=packed("describe", "caption"),
        values=section("describe"),
        models=section("models", counts=PROJECT.held.plays("caption")),
        pins=held_to("pins", "caption"),
        contracts=held_to("contracts", "caption"),
    shell:
        "python {params.pack} scripts/describe.py --in-stills {input.stills:q} --in-crop {input.crop:q} --out {output:q} "
        "--models={params.models:q} --params {params.values:q} 2>&1 | tee {log:q}"
