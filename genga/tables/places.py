"""Where what stages hand on lies below the project's folder: `data/<stage>/<series>/<episode>.parquet` and the like."""

FOLDER = "data/"
RAW = "data/raw/"  # videos: data/raw/<series>/<episode>.mkv
CODE = "data/code.json"  # what the code of each stage does, for dvc.yaml


def path_of(stage: str, name: str = "", kind: str = "parquet") -> str:
    """Return the path of what `stage` made of `name`: series/episode, series or run; without one, its folder's."""
    return f"{FOLDER}{stage}/{name}.{kind}" if name else f"{FOLDER}{stage}/"
