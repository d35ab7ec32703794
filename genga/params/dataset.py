"""Section `dataset`: what goes into a training set, with which captions and sizes, and what is held out of it."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from genga.params.section import Section

TIERS = ("best", "good", "poor", "reject")  # of quality, the best first


Side = Annotated[int, Field(ge=8, le=8192)]  # px


def _rising(band: list[float]) -> list[float]:
    if band[0] > band[1]:
        raise ValueError(f"[{band[0]:g}, {band[1]:g}] holds nothing; write the lower bound first")
    return band


Band = Annotated[
    list[Annotated[float, Field(ge=0.1, le=4)]], Field(min_length=2, max_length=2), AfterValidator(_rising)
]  # least and most


class Weights(Section):
    """Weight of an image's loss by its kind, 1: as it is; 0: such images are left out."""

    fullbody: float = Field(ge=0, le=10)
    halfbody: float = Field(ge=0, le=10)
    head: float = Field(ge=0, le=10)
    still: float = Field(ge=0, le=10)  # a whole drawing with somebody in it
    scenery: float = Field(ge=0, le=10)  # a whole drawing without anyone


def _is_word(text: str) -> str:
    if not text.strip() or "," in text:
        raise ValueError(f"must be a word or more, without a comma, got {text!r}")
    return text


Word = Annotated[str, AfterValidator(_is_word)]


class CaptionWords(Section):
    """Words of captions that no stage finds out; of a series by its folder's name."""

    style: Word | None  # what kind of pictures they are, such as anime screencap; null: not said
    series: dict[str, Word]  # what a series is called
    artist: dict[str, Word]  # who drew it
    year: dict[str, Annotated[int, Field(ge=1900, le=2100)]]  # when


class Params(Section):
    seed: int = Field(ge=0, le=2**31 - 1)  # of the split; another seed holds out other shots
    held_out: float = Field(ge=0, le=0.5)  # share of the shots kept from training; 0: none, 0.5: half
    split_by: Literal["shot", "episode"]  # what is held out: shots, or episodes as a whole, less what others share
    twin_bits: int = Field(
        ge=0, le=64
    )  # of 256; shots stay on one side with stills, one mirrored or not, that differ in so few
    outline_bits: int = Field(ge=0, le=64)  # of 256; likewise by the stills' outlines, which other colours leave alone

    weights: Weights
    unnamed: bool  # whether crops of people who have no name are in
    tiers: list[Literal["best", "good", "poor", "reject"]] = Field(min_length=1)  # quality of stills that may be in
    text: float = Field(
        ge=0, le=1
    )  # share of a whole drawing under burnt-in text beyond which it is left out; 1: none is
    colour: float = Field(ge=0, le=255)  # code values that a still's colours spread by; below it is monochrome and out
    smear: float = Field(
        ge=0, le=1
    )  # of the clip's usual sharpness, in one direction; a still below it is out; 0: none
    min_side: int = Field(ge=1, le=4096)  # px; an image with a shorter side is left out; 1: none is
    per_shot: int = Field(ge=0, le=10_000)  # images of one kind and character from a shot; 0: any number
    # Beside the character, what is seen equally often: kinds of crops, outfits, where somebody is seen from
    balance: list[Literal["kind", "outfit", "view"]] = Field(max_length=3)
    max_repeats: int = Field(ge=1, le=100)  # looks per epoch at an image of the rarest of them; 1: no balance

    drop_core_tags: bool  # leave a character's inborn looks out of its captions
    core_share: float = Field(ge=0.5, le=1)  # share of a character's images with a tag that makes it core; 1: all
    escape: bool  # write brackets in captions as \( \), as prompts need them; no trainer sees the backslashes
    caption_style: str  # a file of captions/: in which order a family of bases knows captions, and by which words
    caption_words: CaptionWords
    captions: list[Literal["tags", "sentence", "both"]] = Field(min_length=1)  # of an image; one is drawn at each look
    # Whose sentences, in this order: of the model in the role caption, and who wears what. What people wrote wins.
    sentences: list[Literal["model", "clauses"]] = Field(min_length=1, max_length=2)
    clause_tags: int = Field(ge=1, le=100)  # said of each person in a sentence at most

    resolution: int = Field(ge=8, le=4096)  # px; images are trained at about resolution x resolution pixels
    bucket_min: int = Field(ge=8, le=4096)  # px, a bucket's shortest side, a multiple of bucket_step
    bucket_max: int = Field(ge=8, le=8192)  # px, a bucket's longest side, a multiple of bucket_step
    bucket_step: int = Field(ge=8, le=512)  # px that all sides are multiples of
    no_upscale: bool  # never enlarge: a small image gets a bucket of its own size
    # kohya: those of the four keys above; chosen: those that cut least off this data; or a list of [width, height], px
    buckets: (
        Literal["kohya", "chosen"]
        | Annotated[list[Annotated[list[Side], Field(min_length=2, max_length=2)]], Field(min_length=1)]
    )
    bucket_count: int = Field(ge=1, le=256)  # buckets that are chosen at most
    bucket_band: Band  # least and most area of a chosen bucket, as shares of resolution squared

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for key, named in (("captions", self.captions), ("sentences", self.sentences)):
            if len({*named}) < len(named):
                raise ValueError(f"{key} has one twice, got {named}; name each once")
        return self

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if self.no_upscale and self.buckets != "kohya":
            raise ValueError(
                "no_upscale gives every image a bucket of its own; write buckets: kohya, or leave it false"
            )
        return self
