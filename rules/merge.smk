rule merge:
    input:
        parents=lambda wildcards: PROJECT.merges.files(wildcards.merge),
        models=lambda wildcards: model_files(*PROJECT.merges.bases(wildcards.merge)),
    output:
        model="models/{merge}/{merge}.safetensors",
    log:
        "logs/merge/{merge}.log",
    conda:
        "../envs/genga.yaml"
    threads: lambda wildcards: PROJECT.section("merge", wildcards.merge)["threads"]
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        code=code("merge"),
        values=section("merge"),
        models=section("models"),
        pins=lambda wildcards: Named("pins", PROJECT.merges.pins(wildcards.merge), ""),
        parents=lambda wildcards: Named(
            "parents", PROJECT.merges.places(wildcards.merge), PROJECT.merges.options(wildcards.merge)
        ),
    shell:
        "python scripts/merge.py --merge {wildcards.merge:q} {params.parents} --out-model {output.model:q} "
        "--models {params.models:q} --params {params.values:q} 2>&1 | tee {log:q}"
