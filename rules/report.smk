rule report:
    input:
        **carried(shard="data/sample/{run}.tar", shards=shards("stills", "crop")),
        scores="data/evaluate/{run}.json",
        judged="data/evaluate/{run}.parquet",
        samples="data/sample/{run}.parquet",
        dataset=of_series("data/dataset/{series}.parquet"),
        left_out=of_series("data/dataset/left-out/{series}.parquet"),
        characters=of_series("data/characters/{series}.parquet"),
        open=of_series("data/characters/open/{series}.parquet"),
        losses="models/{run}/losses.parquet",
        held_out="models/{run}/held_out.parquet",
        probe=tables("probe", "json"),
        shots=tables("shots"),
        dedup=tables("dedup"),
        stills=tables("stills"),
        detect=tables("detect"),
        quality=tables("quality"),
        tag=tables("tag"),
        crop=tables("crop"),
        corrections=corrections("issues"),
    output:
        page="reports/{run}/index.html",
        figures="reports/{run}/figures.json",
    log:
        "logs/report/{run}.log",
    conda:
        "../envs/genga.yaml"
    resources:
        mem_mb=grows(4000, each=10),
        runtime=grows(30, each=1),
    params:
        code=code("report"),
        values=section("report"),
        models=section("models"),
        catalogue=catalogue,
        parameters=all_sections,
        datasets=datasets,
        episodes=episodes,
        corrections=decided("--issues", "issues"),
    shell:
        "python scripts/report.py --in-scores {input.scores:q} --in-judged {input.judged:q} "
        "--in-samples {input.samples:q} --in-losses {input.losses:q} --in-held-out {input.held_out:q} "
        "{params.datasets} {params.corrections} --in-data data --episodes {params.episodes:q} "
        "--out-page {output.page:q} --out-figures {output.figures:q} --parameters {params.parameters:q} "
        "--models {params.models:q} --params {params.values:q} 2>&1 | tee {log:q}"
