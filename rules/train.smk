def learnt_from(wildcards):
    """The tables that a run learns from: where its base moves clips, and images if stills are mixed in."""
    dataset, of = of_series("data/dataset/{series}.parquet")(wildcards), PROJECT.section("train", wildcards.run)
    if not PROJECT.moves(wildcards.run):
        return {"dataset": dataset}
    stills = any((part.get("clips") or {}).get("stills", 0) for part in (of, *of["phases"]))
    clipset = of_series("data/clipset/{series}.parquet")(wildcards)
    return {"clipset": clipset, "dataset": dataset} if stills else {"clipset": clipset}


def pictures(wildcards):
    """What examples are read from: shards of images; videos, and what probe found of them, where a base moves."""
    images, series = shards("stills", "crop")(wildcards), PROJECT.series_for(wildcards)
    if not PROJECT.moves(wildcards.run):
        return images
    videos = [PROJECT.video(series, name) for name in PROJECT.names_of(series)]
    return [*map(ancient, videos), *tables("probe", "json")(wildcards), *images]


def learnt(wildcards):
    """The options that name what a run learns from, known by whether it moves and how frames get their px."""
    paths = learnt_from(wildcards)
    options = [word for name, path in paths.items() for word in (f"--in-{name}", path)]
    if not PROJECT.moves(wildcards.run):
        return Named("no clips", None, shlex.join(options))
    scaling = PROJECT.section("stills")["scaling"]
    return Named("clips", {"scaling": scaling, "with": sorted(paths)}, shlex.join([*options, "--scaling", scaling]))


rule train:
    input:
        unpack(learnt_from),
        **carried(pictures=pictures),
        models=lambda wildcards: model_files(PROJECT.base(wildcards.run)),
    output:
        **carried(folder=directory("models/{run}/checkpoints")),
        checkpoints="models/{run}/checkpoints.json",
        ledger="models/{run}/ledger.parquet",
        losses="models/{run}/losses.parquet",
        held_out="models/{run}/held_out.parquet",
    log:
        "logs/train/{run}.log",
    conda:
        "../envs/genga.yaml"
    threads: lambda wildcards: PROJECT.training_threads(wildcards.run)
    resources:
        mem_mb=grows(16000),
        runtime=grows(1440),
        gpu=GPUS,
    params:
        code=code("train"),
        values=section("train"),
        models=section("models"),
        pins=held_to("pins"),
        contracts=held_to("contracts"),
        base=of_run("base"),
        character=of_run("character"),
        launch=launched,
        learnt=learnt,
        out=subpath(output.checkpoints, parent=True),
    shell:
        "python scripts/train.py {params.learnt} --run {wildcards.run:q} --out {params.out:q} "
        "--character={params.character:q} --base {params.base:q} --models {params.models:q} --params {params.values:q} "
        "{params.launch} 2>&1 | tee {log:q}"
