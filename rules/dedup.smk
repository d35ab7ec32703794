rule dedup:
    input:
        **carried(
            clips=clips_of_pack, cells="data/frames/{series}/{episode}.tar", earlier_cells=earlier("frames", "tar")
        ),
        frames="data/frames/{series}/{episode}.parquet",
        shots="data/shots/{series}/{episode}.parquet",
        corrections=corrections("frames"),
        earlier=earlier("dedup"),
        earlier_frames=earlier("frames"),
        earlier_shots=earlier("shots"),
    output:
        "data/dedup/{series}/{episode}.parquet",
    log:
        "logs/dedup/{series}/{episode}.log",
    conda:
        "../envs/genga.yaml"
    resources:
        mem_mb=grows(3000),
        runtime=grows(30),
    params:
        code=code("dedup"),
        pack=packed("dedup"),
        corrections=decided("--corrections", "frames"),
        earlier=lambda wildcards, input: each("--earlier", input.earlier),
        earlier_frames=lambda wildcards, input: each("--earlier-frames", input.earlier_frames),
        earlier_shots=lambda wildcards, input: each("--earlier-shots", input.earlier_shots),
        values=section("dedup"),
    shell:
        "python {params.pack} scripts/dedup.py --in-frames {input.frames:q} --in-shots {input.shots:q} --out {output:q} "
        "{params.corrections} {params.earlier} {params.earlier_frames} {params.earlier_shots} "
        "--params {params.values:q} 2>&1 | tee {log:q}"
