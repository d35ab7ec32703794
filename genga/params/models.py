"""Section `models`: which models the line uses. And what an entry of models.yaml says of a model, and its contract."""

from typing import Annotated, Literal, Self

from pydantic import Field, create_model, model_validator

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


class SegmenterContract(Contract):
    """Likewise that of a model that tells people from their surroundings. Not said: as SkyTNT's anime-seg has it."""

    layout: Literal["NHWC", "NCHW"] = "NCHW"
    fit: Literal["white", "black", "squash"] = "black"
    filter: Literal["bicubic", "bilinear", "lanczos", "box", "area", "linear"] = "linear"  # type: ignore[assignment]
    order: Literal["RGB", "BGR"] = "RGB"
    range: Annotated[list[float], Field(min_length=2, max_length=2)] = [0.0, 1.0]
    # mask: one of everybody, (N, 1, height, width); instances: YOLO's boxes, and what masks are made of for each
    kind: Literal["mask", "instances"] = "mask"
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5  # from which a px is somebody's
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.25  # instances: score above which one counts
    overlap: Annotated[float, Field(ge=0, le=1)] = 0.7  # instances: IoU above which the weaker of two is dropped

    @model_validator(mode="after")
    def _tells_no_tags(self) -> Self:
        if said := sorted({"labels", "thresholds", "mode"} & self.model_fields_set):
            raise ValueError(f"{said[0]} is of taggers; leave it out")
        return self


Three = Annotated[list[float], Field(min_length=3, max_length=3)]


class ReaderContract(Section):
    """How text is found and read. What is not said is as RapidOCR runs PP-OCRv6 (its config.yaml)."""

    order: Literal["RGB", "BGR"] = "BGR"
    mean: Three = [0.5, 0.5, 0.5]  # of 0..1, by channel, taken off what is searched; what is read goes to -1..1
    std: Three = [0.5, 0.5, 0.5]
    side: Annotated[int, Field(ge=32, le=4096)] = 736  # px, multiples of 32 near it
    bound: Literal["least", "most"] = "least"  # least: the shorter side has so many px; most: the longer one no more
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.3  # from which a px is text
    box_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5  # mean of a line's px from which it is one
    unclip: Annotated[float, Field(ge=0, le=10)] = 1.6  # lines are found narrower: area by this over length is put back
    dilate: bool = True  # by a px, before lines are told apart
    least: Annotated[float, Field(ge=0, le=1)] = 0.5  # mean probability of the letters from which a line counts as read


class InterpolatorContract(Section):
    """How a model is given two pictures, and what it draws between them. Not said: as RIFE 4 is published in ONNX."""

    layout: Layout = "NCHW"
    order: Order = "RGB"
    range: Range = [0.0, 1.0]
    first: str = "img0"  # names of its inputs: the picture before,
    second: str = "img1"  # that after,
    time: str = "timestep"  # and how far on the way from one to the other, 0..1
    multiple: Annotated[int, Field(ge=1, le=512)] = 32  # px of which both sides are multiples


class CaptionContract(Section):
    """Who says in words what an image shows: a model of transformers in a folder, or a server on this machine."""

    loader: str = "AutoModelForImageTextToText"  # class of transformers, such as BlipForConditionalGeneration
    processor: str = "AutoProcessor"  # likewise
    chat: bool = False  # whether the prompt goes through the processor's chat template, as of Qwen-VL and JoyCaption
    prompt: str = ""  # what it is asked; without chat, how the caption begins
    max_tokens: Annotated[int, Field(ge=1, le=4096)] = 96  # of an answer
    batch: Annotated[int, Field(ge=1, le=1024)] = 4  # images looked at together; of a server, asked at once
    precision: Literal["float32", "float16", "bfloat16"] = "float32"
    server: (
        Annotated[str, Field(pattern=r"^http://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(/[\w./-]*)?$")] | None
    ) = None
    model: str | None = None  # what the server calls it
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120.0  # s for an answer
    retries: Annotated[int, Field(ge=0, le=100)] = 5  # after a 429 or 5xx, or where nobody answers

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.server is None and (said := sorted({"model", "timeout", "retries"} & self.model_fields_set)):
            raise ValueError(f"{said[0]} is of a server: write server: http://127.0.0.1:PORT/v1, or leave it out")
        if self.server is not None and self.model is None:
            raise ValueError("a server wants to know the model: write model: as it calls it")
        if (self.server is not None or self.chat) and not self.prompt.strip():
            raise ValueError("prompt is empty: write what is asked of the image")
        return self


class FileEntry(Section):
    path: str  # embedded: relative to the project; published: inside the repo
    sha256: str | None = None  # of the content; null: not known here, see models.lock
    repo: str | None = None  # owner/name of another repo than the model's
    revision: str | None = None  # of that repo: commit; null: see models.lock


class ModelEntry(Section):
    """A model: its `files` by part, or, for an embedded diffusers model, what lies in its `folder`, and beside it."""

    name: str
    licence: str
    knows: str  # what it was made to recognise or draw
    repo: str | None = None  # published only: owner/name on the hub
    revision: str | None = None  # published only: commit; null: see models.lock
    package: str | None = None  # in place of both: name==version of a Python package whose wheel has the files
    type: Literal["yolo", "rtdetr"] = "yolo"  # detectors: layout of the output
    contract: Contract = Contract()  # taggers, classifiers: how they are shown an image, and what their answer is
    profiles: list[Profile] = []  # published only: of models.use that have it; none: each has
    family: str = "sd15"  # bases: which of genga/training/families knows it
    folder: str | None = None  # where a diffusers model lies (embedded: in the project; published: in the repo)
    sha256: str | None = None  # of a folder's list of files
    files: dict[str, FileEntry] = {}

    def source(self, part: str) -> tuple[str | None, str | None]:
        """Return repo and revision of a file: its own, else the model's."""
        file = self.files[part]
        return (self.repo, self.revision) if file.repo is None else (file.repo, file.revision)


# Of roles whose contract is not a tagger's.
KINDS: dict[str, type[ModelEntry]] = {
    role: create_model(f"_Of{role.title()}", __base__=ModelEntry, contract=(kind, kind()))
    for role, kind in (
        ("aesthetic", ClassifierContract), ("ocr", ReaderContract), ("segment", SegmenterContract),
        ("caption", CaptionContract), ("interpolate", InterpolatorContract),
    )
}  # fmt: skip


# What a file `preprocess` says instead.
SAID_BY_STAGES = ("layout", "size", "fit", "filter", "order", "range")
