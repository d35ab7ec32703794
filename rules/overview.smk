rule overview:
    input:
        review=figures("review"),
    output:
        "data/overview/{series}.html",
    log:
        "logs/overview/{series}.log",
    conda:
        "../envs/genga.yaml"
    params:
        code=code("overview"),
        # An option again for each episode, quoted for the shell.
        review=lambda wildcards, input: each("--in-review", input.review),
        values=section("overview"),
    shell:
        "python scripts/overview.py {params.review} --out {output:q} --params {params.values:q} 2>&1 | tee {log:q}"
