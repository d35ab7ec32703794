from genga.dataset.styles import style_held

# Read once, not for every series.
STYLE = Named("caption_style", style_held(Path("."), PROJECT.section("dataset")["caption_style"]), "")


rule dataset:
    input:
        crop=tables("crop"),
        stills=tables("stills"),
        frames=tables("frames"),
        detect=tables("detect"),
        tag=tables("tag"),
        describe=tables("describe"),
        quality=tables("quality"),
        characters="data/characters/{series}.parquet",
        corrections=corrections("tag_rules", "sentences", "tiers"),
        # Where what people said of images is now.
        dedup=lambda wildcards: tables("dedup")(wildcards) if PROJECT.decided("tiers", wildcards) else [],
    output:
        table="data/dataset/{series}.parquet",
        left_out="data/dataset/left-out/{series}.parquet",
    log:
        "logs/dataset/{series}.log",
    conda:
        "../envs/genga.yaml"
    resources:
        mem_mb=grows(4000, each=50),
        runtime=grows(30, each=1),
    params:
        code=code("dataset"),
        episodes=episodes,
        corrections=decided("--corrections", "tag_rules", "sentences", "tiers"),
        intrude=one_value("crop", "intrude"),
        style=lambda wildcards: STYLE,
        values=section("dataset"),
    shell:
        "python scripts/dataset.py --in-data data --episodes {params.episodes:q} --in-characters {input.characters:q} "
        "{params.corrections} "
        "--out {output.table:q} --out-left-out {output.left_out:q} --intrude {params.intrude} --params {params.values:q} 2>&1 | tee {log:q}"
