"""Shim."""

from pathlib import Path

_STAGES = {"dedup": "frames", "tag": "tags", "crop": "tags", "characters": "characters"}


def of_stage(stage: str) -> str | None:
    return _STAGES.get(stage)


def path_of(kind: str, series: str, episode: str = "") -> Path:
    return Path("corrections", series, episode, f"{kind}.csv")
