"""The stages in pipeline order. A stage's name is its rule, script, module, section, folder and test."""

EPISODE_STAGES = (
    "probe", "frames", "shots", "dedup", "stills", "review", "detect", "quality", "tag", "crop", "embed",
)  # fmt: skip
SERIES_STAGES = ("overview", "characters", "dataset")
RUN_STAGES = ("train", "sample", "evaluate", "report")
STAGES = EPISODE_STAGES + SERIES_STAGES + RUN_STAGES
