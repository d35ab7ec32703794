from genga.workflow.decided import tables_named

# Read once, not for every job.
VOCABULARY = Named("vocabulary", tables_named(PROJECT.section("tag")), "")


rule tag:
    input:
        **carried(clips=clips_of_pack, shard="data/stills/{series}/{episode}.tar"),
        stills="data/stills/{series}/{episode}.parquet",
        detect="data/detect/{series}/{episode}.parquet",
        quality="data/quality/{series}/{episode}.parquet",
        dedup="data/dedup/{series}/{episode}.parquet",
        models=model_files("tagger"),
        corrections=corrections("tags", "tag_rules"),
    output:
        "data/tag/{series}/{episode}.parquet",
    log:
        "logs/tag/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    threads: 2
    resources:
        mem_mb=grows(3000),
        runtime=grows(120),
        gpu=GPUS,
    params:
        code=code("tag"),
        pack=packed("tag", "tagger", also=VOCABULARY.said),
        corrections=decided("--corrections", "tags", "tag_rules"),
        vocabulary=lambda wildcards: VOCABULARY,
        values=section("tag"),
        models=section("models"),
        pins=held_to("pins", "tagger"),
        contracts=held_to("contracts", "tagger"),
    shell:
        "python {params.pack} scripts/tag.py --in-stills {input.stills:q} --in-detect {input.detect:q} --in-quality {input.quality:q} "
        "--in-dedup {input.dedup:q} "
        "{params.corrections} "
        "--out {output:q} --models {params.models:q} --params {params.values:q} --threads {threads} 2>&1 | tee {log:q}"
