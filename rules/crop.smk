rule crop:
    input:
        **carried(clips=clips_of_pack, shard="data/stills/{series}/{episode}.tar"),
        stills="data/stills/{series}/{episode}.parquet",
        detect="data/detect/{series}/{episode}.parquet",
        dedup="data/dedup/{series}/{episode}.parquet",
        tag="data/tag/{series}/{episode}.parquet",
        quality="data/quality/{series}/{episode}.parquet",
        corrections=corrections("tags"),
        models=model_files("aesthetic"),
    output:
        table="data/crop/{series}/{episode}.parquet",
        shard="data/crop/{series}/{episode}.tar",
    log:
        "logs/crop/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2 if PROJECT.held.judged else 1
    resources:
        mem_mb=grows(3000 if PROJECT.held.judged else 2000),
        runtime=grows(120 if PROJECT.held.judged else 60),
        gpu=GPUS if PROJECT.held.judged else None,
    params:
        code=code("crop"),
        pack=packed("crop", "aesthetic"),
        corrections=decided("--corrections", "tags"),
        values=section("crop"),
        models=section("models", counts=PROJECT.held.judged),
        pins=held_to("pins", "aesthetic"),
        contracts=held_to("contracts", "aesthetic"),
    shell:
        "python {params.pack} scripts/crop.py --in-stills {input.stills:q} --in-detect {input.detect:q} --in-dedup {input.dedup:q} --in-tag {input.tag:q} "
        "--in-quality {input.quality:q} "
        "{params.corrections} --out {output.table:q} --out-shard {output.shard:q} --models={params.models:q} "
        "--params {params.values:q} 2>&1 | tee {log:q}"
