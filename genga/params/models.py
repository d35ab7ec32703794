"""Section `models`: which models the line uses. And what an entry of models.yaml says of a model, its contract."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from genga.params.section import Section

# Of the published models those that are in every profile, and what a profile adds: docs/models.md.
Profile = Literal["published", "published-large", "published-2026"]
Use = Literal["embedded", Profile]

Category = Literal["general", "artist", "copyright", "character", "meta", "rating", "year", "quality", "model"]


# How a model is shown an image.
Layout = Literal["NHWC", "NCHW"]
Fit = Literal["white", "black", "squash"]
Filter = Literal["bicubic", "bilinear", "lanczos", "box", "area"]
Order = Literal["RGB", "BGR"]
Range = Annotated[list[float], Field(min_length=2, max_length=2)]


class Params(Section):
    use: Use  # embedded: the small ones in demo/, that know the drawn world only
    folder: str = Field(
        pattern=r"^[^{}]+$"
    )  # where published model files lie, put there by `genga models pull` or by hand
    device: Literal["auto", "cpu", "cuda"]  # auto: cuda where there is one, and says when it falls back
    batch: int = Field(ge=1, le=1024)  # images read at once; on a GPU a model sees them together

    @property
    def set(self) -> str:
        """The key of models.yaml that it is about: a profile is a choice of the published models."""
        return "embedded" if self.use == "embedded" else "published"


class Contract(Section):
    """How a tagger is shown an image, and how its answer is read. What is not said is as the WD v3 family has it."""

    layout: Layout = "NHWC"  # of the input: N images, height, width, channels
    size: Annotated[int, Field(ge=1, le=4096)] | None = None  # px, side of the input; null: as the graph says
    # white: padded to a white square, then resized; black: resized to fit, then black bars; squash: stretched
    fit: Fit = "white"
    # area: kohya's way, OpenCV's areas when shrinking and Pillow's Lanczos when growing; the others are Pillow's
    filter: Filter = "bicubic"
    order: Order = "BGR"
    range: Range = [0.0, 255.0]  # of black and of white
    output: str | None = None  # its name; null: the one as wide as the labels
    activation: Literal["probability", "logits"] = "probability"  # what the output is
    # csv: selected_tags.csv, tags: tags.json, mapping: tag_mapping.json, vocabulary: model_vocabulary.json
    labels: Literal["csv", "tags", "mapping", "vocabulary"] = "csv"
    # Score, 0..1, from which its publisher takes a tag, by category; others: params.yaml:tag.threshold.
    thresholds: dict[Category, Annotated[float, Field(gt=0, lt=1)]] = {}
    # Or where it stands: the column best_threshold of the csv, by tag; what the file `thresholds` says for a mode.
    mode: Literal["best_threshold", "balanced", "high_precision", "high_recall", "micro_opt", "macro_opt"] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.range[0] >= self.range[1]:
            raise ValueError(f"range {self.range} does not rise: first the value of black, then that of white")
        if self.mode == "best_threshold" and self.labels != "csv":
            raise ValueError("mode best_threshold is a column of a csv: with other labels write thresholds")
        if self.mode is not None and self.thresholds:
            raise ValueError(f"mode {self.mode} says the thresholds: leave one of them out")
        return self


class ClassifierContract(Contract):
    """Likewise a classifier's. What is not said is as deepghs publish theirs (imgutils.generic.classify)."""

    layout: Layout = "NCHW"
    fit: Fit = "squash"
    filter: Filter = "bilinear"
    order: Order = "RGB"
    range: Range = [-1.0, 1.0]
    # What each of its labels is worth; the score is their mean by their probabilities. Theirs: deepghs/anime_aesthetic.
    scores: dict[str, float] = {
        "worst": 0.0, "low": 1.0, "normal": 2.0, "good": 3.0, "great": 4.0, "best": 5.0, "masterpiece": 6.0,
    }  # fmt: skip

    @model_validator(mode="after")
    def _is_no_tagger(self) -> Self:
        if said := sorted({"labels", "thresholds", "mode"} & self.model_fields_set):
            raise ValueError(f"{said[0]} is of taggers; leave it out, and say what labels are worth in scores")
        return self


# What a file `preprocess` says instead.
SAID_BY_STAGES = ("layout", "size", "fit", "filter", "order", "range")
