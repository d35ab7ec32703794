rule overview:
    input:
        review=tables("review", "json"),
    output:
        "data/overview/{series}.html",
    log:
        "logs/overview/{series}.log",
    conda:
        "../envs/genga.yaml"
    resources:
        mem_mb=grows(1000, each=5),
        runtime=grows(15),
    params:
        code=code("overview"),
        episodes=episodes,
        values=section("overview"),
    shell:
        "python scripts/overview.py --in-data data --episodes {params.episodes:q} --out {output:q} --params {params.values:q} 2>&1 | tee {log:q}"
