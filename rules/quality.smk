rule quality:
    input:
        **carried(clips=clips_of_pack, shard="data/stills/{series}/{episode}.tar"),
        stills="data/stills/{series}/{episode}.parquet",
        shots="data/shots/{series}/{episode}.parquet",
        models=model_files("aesthetic", "ocr"),
    output:
        "data/quality/{series}/{episode}.parquet",
    log:
        "logs/quality/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2
    resources:
        mem_mb=grows(3000 if PROJECT.held.plays("aesthetic", "ocr") else 1500),
        runtime=grows(120 if PROJECT.held.plays("aesthetic", "ocr") else 60),
        gpu=GPUS if PROJECT.held.plays("aesthetic", "ocr") else None,
    params:
        code=code("quality"),
        pack=packed("quality", "aesthetic", "ocr"),
        values=section("quality"),
        lettering=one_value("frames", "lettering"),
        models=section("models", counts=PROJECT.held.plays("aesthetic", "ocr")),
        pins=held_to("pins", "aesthetic", "ocr"),
        contracts=held_to("contracts", "aesthetic", "ocr"),
    shell:
        "python {params.pack} scripts/quality.py --in-stills {input.stills:q} --in-shots {input.shots:q} --out {output:q} "
        "--lettering {params.lettering} --models={params.models:q} --params {params.values:q} --threads {threads} "
        "2>&1 | tee {log:q}"
