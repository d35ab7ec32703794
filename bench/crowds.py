"""How clustering grows with the crops of a series: `python -m bench.crowds [--size 5000 --size 20000 ...]`.

Features of the kind that the published embedder gives, 768 numbers, drawn by a seed: of 40 characters, some look-alikes
(their middles lie in 16 dimensions), some seen often and some rarely (Zipf, 0.7); each is seen in four views, tracks
have a middle of their own, and so do crops, twelve to a track. Differences are had from a graph of the published
signature, half of one minus the cosine, and its threshold is the published 0.1785: of pairs of one character in two
tracks 89 % are below. Every size is measured in a process of its own, by CPU time and the most memory it had.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import typer
from onnx import helper

from bench._children import own_peak
from bench.characters import pair_scores
from bench.models import table
from bench.parity import write_graph
from genga.models import onnx as graphs
from genga.params.characters import Params
from genga.params.section import params_of
from genga.people.clustering import NOISE, by_first, cluster
from genga.people.differences import UNIT, Array, Differences
from genga.people.gathering import join_few
from genga.people.linkage import Labels, linked, pairs_of

SIZES = (5_000, 20_000, 50_000, 200_000)
PEER = 5_000  # crops up to which OPTICS is tried
THRESHOLD = 0.1785
CHARACTERS, VIEWS, CROPS, WIDTH, ROOM = 40, 4, 12, 768, 16
VIEW, TRACK, CROP = 0.5, 0.3, 0.3  # lengths of what a view, a track and a crop add to a middle of length 1


def drawn(size: int, seed: int = 0) -> tuple[Array, Labels, Labels]:
    """Return features (size, WIDTH), the character and the track of each crop."""
    rng = np.random.default_rng(seed)

    def arrows(*shape: int) -> Array:
        found = rng.normal(size=shape).astype(np.float32)
        return found / np.linalg.norm(found, axis=-1, keepdims=True)

    tracks = -(-size // CROPS)
    often = np.arange(1, CHARACTERS + 1) ** -0.7
    who = rng.choice(CHARACTERS, tracks, p=often / often.sum())
    turned = np.linalg.qr(rng.normal(size=(WIDTH, ROOM)))[0].astype(np.float32)
    views = (arrows(CHARACTERS, ROOM) @ turned.T)[:, None] + VIEW * arrows(CHARACTERS, VIEWS, WIDTH)
    of_track = views[who, rng.integers(0, VIEWS, tracks)] + TRACK * arrows(tracks, WIDTH)
    track = np.repeat(np.arange(tracks), CROPS)[:size]
    features = np.empty((size, WIDTH), np.float32)
    for start in range(0, size, 4096):
        part = slice(start, start + 4096)
        far = (2 * rng.random((len(track[part]), 1))).astype(np.float32)
        features[part] = of_track[track[part]] + CROP * far * arrows(len(track[part]), WIDTH)
    return features, who[track], track


def metric_graph(path: Path) -> None:
    """Write a graph of the published signature: features (N, 768) -> differences (N, N)."""
    nodes = [
        helper.make_node("LpNormalization", ["input"], ["unit"], axis=1, p=2),
        helper.make_node("Transpose", ["unit"], ["turned"], perm=[1, 0]),
        helper.make_node("MatMul", ["unit", "turned"], ["cosine"]),
        helper.make_node("Mul", ["cosine", "half"], ["scaled"]),
        helper.make_node("Sub", ["half", "scaled"], ["output"]),
    ]
    write_graph(path, (nodes, {"input": ["N", WIDTH]}, {"output": ["N", "N"]}, {"half": np.float32(0.5)}))


def labels_of(features: Array, track: Labels, method: str, tracks: bool, graph: Path) -> Labels:
    """Return the cluster of each crop."""
    session = graphs.session(graph, "cpu", 2)

    def metric(first: Array, second: Array) -> Array:
        return graphs.run_whole(session, np.concatenate([first, second]))[: len(first), len(first) :]

    params = params_of("characters", Params, "")
    differences = Differences(features, metric)
    if method != "linkage":
        every = np.arange(len(features))
        values = (differences.between(every, every) / UNIT).astype(np.float32)
        return cluster(values, THRESHOLD, params.model_copy(update={"method": method}))
    unit = track if tracks else np.arange(len(track))
    found = linked(unit, pairs_of([]), differences, params.join * THRESHOLD)[unit]
    found = join_few(found, track, pairs_of([]), differences, THRESHOLD, params)
    return by_first(np.where(np.bincount(found)[found] < params.min_crops, NOISE, found))


def once(size: int, method: str, tracks: bool) -> dict[str, float]:
    """Measure in this process; what it takes to draw the features is not counted, but their memory is."""
    features, who, track = drawn(size)
    with TemporaryDirectory() as folder:
        graph = Path(folder) / "metric.onnx"
        metric_graph(graph)
        begun = time.process_time()
        labels = labels_of(features, track, method, tracks, graph)
        took = time.process_time() - begun
    precision, recall, f1 = pair_scores(named(labels), {crop: str(one) for crop, one in named(who).items()})
    peak = own_peak()
    found = int(labels.max(initial=NOISE)) + 1
    scores = {"precision": precision, "recall": recall, "f1": f1, "noise": float((labels == NOISE).mean())}
    return {"cpu": took, "mb": peak, **scores, "clusters": found}


def named(labels: Labels) -> dict[str, int]:
    """The labels by the number of each crop."""
    return {str(crop): label for crop, label in enumerate(labels.tolist())}


def main(
    size: list[int] = typer.Option(list(SIZES), help="crops"),
    one: str = typer.Option("", help="of this alone: size, method and whether tracks are known, as JSON"),
) -> None:
    """Measure time, memory and what is found."""
    if one:
        typer.echo(json.dumps(once(*json.loads(one))))
        return
    rows: list[Sequence[object]] = []
    for crops in size:
        for method, tracks in (("optics", False), ("linkage", False), ("linkage", True)):
            if method == "linkage" or crops <= PEER:
                command = [sys.executable, "-m", "bench.crowds", "--one", json.dumps([crops, method, tracks])]
                said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                with_ = "with" if tracks else "without"
                seconds = f"{said['cpu']:.1f}", f"{said['mb']:.0f}"
                scores = [said[key] for key in ("precision", "recall", "f1", "noise")]
                rows.append((crops, method, with_, *seconds, *scores, said["clusters"]))
                print(table(_HEADER, rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    typer.echo(table(_HEADER, rows))


_HEADER = ("crops", "method", "tracks", "CPU, s", "MB", "pair precision", "recall", "F1", "noise", "clusters")

if __name__ == "__main__":
    typer.run(main)
