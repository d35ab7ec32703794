"""What an example run learns from, as far as its length goes: images, or clips, of one bucket.

Of a LoRA a character's 500 images (200 whole figures, 150 upper bodies, 150 heads), of a fine-tune 100,000 images, of
which 59 in 100 are of the best tier, as many as AnimeDiffusion's filter left. Of what moves 100 clips of a character,
and of a fine-tune 5,000; and images to be seen as stills.
"""

from collections.abc import Iterator
from pathlib import Path

from genga.params.train import Params
from genga.training.clips import Clip
from genga.training.examples import Example
from genga.training.families.family import moves
from genga.training.transforms import Cut

ROOT = Path(__file__).resolve().parent.parent
CHARACTER = {"fullbody": 200, "halfbody": 150, "head": 150}  # images, by kind
EVERYTHING, BEST = 100_000, 59  # images of a fine-tune, and how many of a hundred are of the best tier
LONGEST = 64  # frames of a clip
CLIPS, EVERY_CLIP = 100, 5_000  # of a LoRA, and of a fine-tune
_CUT = Cut((512, 512), (0, 0, 512, 512))


def examples_of(family: str, params: Params) -> Iterator[Example]:
    """Yield the images of the example; a fine-tune's are 100, each seen so often that there are as many looks.

    Of a family that moves its clips, and images to be seen as stills.
    """
    if moves(ROOT, family):
        yield from map(_clip, range(CLIPS), [1 if params.method == "lora" else EVERY_CLIP // CLIPS] * CLIPS)
        yield from (_example(number, "still", "best", 1) for number in range(CLIPS))
    elif params.method == "lora":
        kinds = [kind for kind, count in CHARACTER.items() for _ in range(count)]
        yield from (_example(number, kind, "good", 1) for number, kind in enumerate(kinds))
    else:
        tiers = ["best"] * BEST + ["good"] * (100 - BEST)
        yield from (_example(number, "still", tier, EVERYTHING // 100) for number, tier in enumerate(tiers))


def _example(number: int, kind: str, tier: str, repeats: int) -> Example:
    return Example(f"i{number}", "s", None, "", 0, _CUT, ("", 0, 0, ""), repeats, 1.0, (1024, 1024), kind, "hana", tier)


def _clip(number: int, repeats: int) -> Clip:
    frames = tuple(range(LONGEST))
    return Clip(
        f"c{number}", "s", None, "", 0, _CUT, ("", 0, 0, ""), repeats, 1.0, (1024, 1024), "clip", "hana", "best",
        numbers=frames, times=tuple(map(float, frames)), keys=(None,) * LONGEST, rate=24.0,
    )  # fmt: skip
