"""What genga's growth is measured against: the same graph, files, logs and commands, and nothing of genga around them."""

from pathlib import Path

EPISODES = sorted(path.stem for path in Path("data/raw/s").iterdir())
EARLIER = {episode: EPISODES[max(0, place - 3) : place] for place, episode in enumerate(EPISODES)}
WEIGHTS = sorted(str(path) for path in Path("demo/weights").rglob("*.onnx"))
VALUES = "some seventy letters of parameters, as text that no wildcard is looked for in"


wildcard_constraints:
    episode="[^/]+",


def of(stage, suffix="parquet"):
    return [f"data/{stage}/s/{episode}.{suffix}" for episode in EPISODES]


def before(stage):
    return lambda wildcards: [f"data/{stage}/s/{episode}.parquet" for episode in EARLIER[wildcards.episode]]


rule all:
    input:
        "data/overview/s.html",
        "reports/hana/index.html",


rule probe:
    input:
        video="data/raw/s/{episode}.mkv",
    output:
        "data/probe/s/{episode}.json",
    log:
        "logs/probe/s/{episode}.log",
    params:
        values=VALUES,
    shell:
        "probe {input:q} {output:q} {params.values:q} > {log:q}"


rule frames:
    input:
        video="data/raw/s/{episode}.mkv",
        probe="data/probe/s/{episode}.json",
    output:
        table="data/frames/s/{episode}.parquet",
        cells="data/frames/s/{episode}.tar",
    log:
        "logs/frames/s/{episode}.log",
    threads: 2
    params:
        values=VALUES,
    shell:
        "frames {input:q} {output:q} {params.values:q} > {log:q}"


rule shots:
    input:
        "data/frames/s/{episode}.parquet",
    output:
        "data/shots/s/{episode}.parquet",
    log:
        "logs/shots/s/{episode}.log",
    params:
        values=VALUES,
    shell:
        "shots {input:q} {output:q} {params.values:q} > {log:q}"


rule dedup:
    input:
        frames="data/frames/s/{episode}.parquet",
        shots="data/shots/s/{episode}.parquet",
        earlier=before("dedup"),
        earlier_frames=before("frames"),
        earlier_shots=before("shots"),
    output:
        "data/dedup/s/{episode}.parquet",
    log:
        "logs/dedup/s/{episode}.log",
    params:
        values=VALUES,
    shell:
        "dedup {input:q} {output:q} {params.values:q} > {log:q}"


rule stills:
    input:
        video="data/raw/s/{episode}.mkv",
        probe="data/probe/s/{episode}.json",
        frames="data/frames/s/{episode}.parquet",
        dedup="data/dedup/s/{episode}.parquet",
    output:
        table="data/stills/s/{episode}.parquet",
        shard="data/stills/s/{episode}.tar",
    log:
        "logs/stills/s/{episode}.log",
    threads: 2
    params:
        values=VALUES,
    shell:
        "stills {input:q} {output:q} {params.values:q} > {log:q}"


rule detect:
    input:
        stills="data/stills/s/{episode}.parquet",
        models=WEIGHTS[:4],
    output:
        "data/detect/s/{episode}.parquet",
    log:
        "logs/detect/s/{episode}.log",
    threads: 2
    params:
        values=VALUES,
    shell:
        "detect {input:q} {output:q} {params.values:q} > {log:q}"


rule review:
    input:
        frames="data/frames/s/{episode}.parquet",
        shots="data/shots/s/{episode}.parquet",
        dedup="data/dedup/s/{episode}.parquet",
        stills="data/stills/s/{episode}.parquet",
    output:
        page="data/review/s/{episode}.html",
        figures="data/review/s/{episode}.json",
    log:
        "logs/review/s/{episode}.log",
    threads: 2
    params:
        values=VALUES,
    shell:
        "review {input:q} {output:q} {params.values:q} > {log:q}"


rule quality:
    input:
        stills="data/stills/s/{episode}.parquet",
        shots="data/shots/s/{episode}.parquet",
    output:
        "data/quality/s/{episode}.parquet",
    log:
        "logs/quality/s/{episode}.log",
    threads: 2
    params:
        values=VALUES,
    shell:
        "quality {input:q} {output:q} {params.values:q} > {log:q}"


rule tag:
    input:
        stills="data/stills/s/{episode}.parquet",
        detect="data/detect/s/{episode}.parquet",
        models=WEIGHTS[:3],
    output:
        "data/tag/s/{episode}.parquet",
    log:
        "logs/tag/s/{episode}.log",
    threads: 2
    params:
        values=VALUES,
    shell:
        "tag {input:q} {output:q} {params.values:q} > {log:q}"


rule crop:
    input:
        stills="data/stills/s/{episode}.parquet",
        detect="data/detect/s/{episode}.parquet",
        tag="data/tag/s/{episode}.parquet",
        quality="data/quality/s/{episode}.parquet",
    output:
        table="data/crop/s/{episode}.parquet",
        shard="data/crop/s/{episode}.tar",
    log:
        "logs/crop/s/{episode}.log",
    params:
        values=VALUES,
    shell:
        "crop {input:q} {output:q} {params.values:q} > {log:q}"


rule embed:
    input:
        crop="data/crop/s/{episode}.parquet",
        models=WEIGHTS[:2],
    output:
        "data/embed/s/{episode}.parquet",
    log:
        "logs/embed/s/{episode}.log",
    threads: 2
    params:
        values=VALUES,
    shell:
        "embed {input:q} {output:q} {params.values:q} > {log:q}"


rule overview:
    input:
        review=of("review", "json"),
    output:
        "data/overview/s.html",
    log:
        "logs/overview/s.log",
    params:
        values=VALUES,
    shell:
        "overview {output:q} {params.values:q} > {log:q}"


rule characters:
    input:
        crop=of("crop"),
        embed=of("embed"),
        stills=of("stills"),
        models=WEIGHTS[:2],
    output:
        table="data/characters/s.parquet",
        sheet="data/characters/s.html",
    log:
        "logs/characters/s.log",
    threads: 2
    params:
        values=VALUES,
    shell:
        "characters {output:q} {params.values:q} > {log:q}"


rule dataset:
    input:
        crop=of("crop"),
        stills=of("stills"),
        frames=of("frames"),
        detect=of("detect"),
        tag=of("tag"),
        quality=of("quality"),
        characters="data/characters/s.parquet",
    output:
        table="data/dataset/s.parquet",
        left_out="data/dataset/left-out/s.parquet",
    log:
        "logs/dataset/s.log",
    params:
        values=VALUES,
    shell:
        "dataset {output:q} {params.values:q} > {log:q}"


rule train:
    input:
        "data/dataset/s.parquet",
    output:
        checkpoints="models/hana/checkpoints.json",
        ledger="models/hana/ledger.parquet",
        losses="models/hana/losses.parquet",
        held_out="models/hana/held_out.parquet",
    log:
        "logs/train/hana.log",
    params:
        values=VALUES,
    shell:
        "train {input:q} {output:q} {params.values:q} > {log:q}"


rule sample:
    input:
        "models/hana/checkpoints.json",
    output:
        table="data/sample/hana.parquet",
        shard="data/sample/hana.tar",
    log:
        "logs/sample/hana.log",
    params:
        values=VALUES,
    shell:
        "sample {input:q} {output:q} {params.values:q} > {log:q}"


rule evaluate:
    input:
        samples="data/sample/hana.parquet",
        dataset="data/dataset/s.parquet",
        checkpoints="models/hana/checkpoints.json",
        models=WEIGHTS[:3],
    output:
        scores="data/evaluate/hana.json",
        table="data/evaluate/hana.parquet",
        model="models/hana/hana.safetensors",
    log:
        "logs/evaluate/hana.log",
    params:
        values=VALUES,
    shell:
        "evaluate {input:q} {output:q} {params.values:q} > {log:q}"


rule report:
    input:
        scores="data/evaluate/hana.json",
        judged="data/evaluate/hana.parquet",
        samples="data/sample/hana.parquet",
        dataset="data/dataset/s.parquet",
        left_out="data/dataset/left-out/s.parquet",
        characters="data/characters/s.parquet",
        losses="models/hana/losses.parquet",
        held_out="models/hana/held_out.parquet",
        probe=of("probe", "json"),
        shots=of("shots"),
        dedup=of("dedup"),
        stills=of("stills"),
        detect=of("detect"),
        quality=of("quality"),
        tag=of("tag"),
        crop=of("crop"),
        models="models.yaml",
    output:
        page="reports/hana/index.html",
        figures="reports/hana/figures.json",
    log:
        "logs/report/hana.log",
    params:
        values=VALUES,
    shell:
        "report {output:q} {params.values:q} > {log:q}"
