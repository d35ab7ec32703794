"""Aspect buckets against numbers worked out by hand and measured with the reference arithmetic."""

from itertools import combinations

import pytest

from genga.dataset.buckets import bucket_sizes, fit, fit_no_upscale, least_lost, sizes_within
from genga.errors import GengaError


def test_sizes_keep_the_area_and_come_in_both_orientations() -> None:
    # 64 x 64 = 4096 px in steps of 16: 4096 // 48 = 85 -> 80; 4096 // 96 = 42 -> 32; 4096 // 112 = 36 -> 32.
    wide = [(64, 64), (80, 48), (96, 32), (112, 32), (128, 32)]
    assert bucket_sizes(64, 32, 128, 16) == [(32, 96), (32, 112), (32, 128), (48, 80), *wide]


def test_usual_sizes_at_512() -> None:
    assert bucket_sizes(512, 256, 1024, 64) == [
        (256, 832), (256, 896), (256, 960), (256, 1024), (320, 704), (320, 768), (384, 640),
        (448, 576), (512, 512), (576, 448), (640, 384), (704, 320), (768, 320),
        (832, 256), (896, 256), (960, 256), (1024, 256),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("resolution", "step", "bucket", "scaled", "percent"),
    [
        (512, 64, (640, 384), (683, 384), 6.3),
        (512, 32, (672, 384), (683, 384), 1.6),
        (768, 64, (1024, 576), (1024, 576), 0.0),
        (720, 64, (960, 512), (960, 540), 5.2),
    ],
)
def test_what_a_16_to_9_frame_loses(resolution, step, bucket, scaled, percent) -> None:
    placed = fit(1920, 1080, bucket_sizes(resolution, 256, 1024, step))
    assert (placed.bucket, placed.scaled) == (bucket, scaled)
    kept = bucket[0] * bucket[1] / (scaled[0] * scaled[1])
    assert round(100 * (1 - kept), 1) == percent


def test_an_image_of_a_bucket_size_stays_as_it_is() -> None:
    placed = fit(112, 32, bucket_sizes(64, 32, 128, 16))
    assert (placed.bucket, placed.scaled, placed.box) == ((112, 32), (112, 32), (0, 0, 112, 32))


def test_the_cut_is_centred() -> None:
    # 100 x 200 into 48 x 80: aspect 0.5 < 0.6, so the width decides: scale 0.48, height 96, 16 rows too many.
    placed = fit(100, 200, [(48, 80), (64, 64)])
    assert (placed.bucket, placed.scaled, placed.box) == ((48, 80), (48, 96), (0, 8, 48, 88))


def test_the_nearest_is_by_linear_aspect() -> None:
    # 1:3 = 0.333 is exactly 32 x 96.
    assert fit(100, 300, bucket_sizes(64, 32, 128, 16)).bucket == (32, 96)
    assert fit(300, 100, bucket_sizes(64, 32, 128, 16)).bucket == (96, 32)


def test_no_upscale_leaves_small_images_and_ignores_the_smallest_side() -> None:
    placed = fit_no_upscale(100, 50, resolution=512, step=16)
    assert placed is not None
    assert (placed.bucket, placed.scaled, placed.box) == ((96, 48), (100, 50), (2, 1, 98, 49))


def test_no_upscale_shrinks_large_images() -> None:
    # 1920 x 1080 to the area of 512 x 512: 682.7 x 384; the width down to 640 would give 640 x 320 (aspect 2.0),
    # the height stays 384 with 640 (1.667): the height is nearer to 1.778, so 683 x 384.
    placed = fit_no_upscale(1920, 1080, resolution=512, step=64)
    assert placed is not None
    assert (placed.bucket, placed.scaled, placed.box) == ((640, 384), (683, 384), (21, 0, 661, 384))


def test_no_upscale_has_no_bucket_below_one_step() -> None:
    assert fit_no_upscale(100, 50, resolution=512, step=64) is None
    assert fit_no_upscale(100_000, 10, resolution=64, step=16) is None


@pytest.mark.parametrize(
    ("resolution", "smallest", "largest", "message"),
    [
        (512, 250, 1024, "params.yaml:dataset.bucket_min must be a multiple of bucket_step 64, got 250"),
        (512, 256, 1000, "params.yaml:dataset.bucket_max must be a multiple of bucket_step 64, got 1000"),
        (128, 256, 1024, "params.yaml:dataset.resolution must be 256..1087"),
    ],
)
def test_sides_that_do_not_fit_are_refused(resolution, smallest, largest, message) -> None:
    with pytest.raises(GengaError, match=message.replace(".", r"\.")):
        bucket_sizes(resolution, smallest, largest, 64)


# The choice by what is lost


def test_sizes_within_a_band_are_the_largest_of_their_shape() -> None:
    # 64 x 64 = 4096 px: 3686 to 4096 of them. 80x48 has 3840, 48x80 too; 112x32 has 3584 and is out; 128x32 has 4096.
    assert sizes_within(64, 32, 128, 16, [0.9, 1.0]) == [(32, 128), (48, 80), (64, 64), (80, 48), (128, 32)]
    # From a quarter on, 32x32 is of the square's shape as well, and the larger counts; 96x48 and 64x32 are one shape.
    found = sizes_within(64, 32, 128, 16, [0.25, 1.13])
    assert (64, 64) in found and (96, 48) in found and not {(32, 32), (48, 48), (64, 32)} & set(found)


@pytest.mark.parametrize(("band", "said"), [([0.101, 0.102], "there is no shape with"), ([0.1, 4.0], "4.*narrow it")])
def test_a_band_without_a_size_or_with_too_many_is_one_line(band: list[float], said: str) -> None:
    with pytest.raises(GengaError, match=said):
        sizes_within(1024, 512, 2048, 8 if band[1] == 4 else 64, band)


def test_the_buckets_that_lose_least() -> None:
    sizes = [(32, 128), (48, 80), (64, 64), (80, 48), (128, 32)]
    # Nine squares and a picture of 5:3: with one bucket all are squares, with two each has its own, a third is no use.
    images = {(100, 100): 9, (500, 300): 1}
    assert least_lost(images, sizes, 1) == [(64, 64)]
    assert least_lost(images, sizes, 2) == least_lost(images, sizes, 5) == [(64, 64), (80, 48)]
    # 4:3 lies between: a square loses 1/4 of it, 5:3 loses 1/5 of it and 2/5 of a square: 7/4 < 7/5 + 2/5, but 9/4 is
    # more than 9/5 + 2/5.
    assert least_lost({(400, 300): 7, (100, 100): 1}, sizes, 1) == [(64, 64)]
    assert least_lost({(400, 300): 9, (100, 100): 1}, sizes, 1) == [(80, 48)]


def lost(images: dict[tuple[int, int], int], sizes: list[tuple[int, int]]) -> float:
    """Pictures lost where `fit` puts the images, before anything is rounded to px."""
    total = 0.0
    for (width, height), count in images.items():
        bucket = fit(width, height, sizes).bucket
        ratio = width / height / (bucket[0] / bucket[1])
        total += count * (1 - min(ratio, 1 / ratio))
    return total


@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_other_set_of_so_many_loses_less(count: int) -> None:
    sizes = sizes_within(64, 32, 128, 8, [0.8, 1.0])[::2]
    images = {(300, 1000): 2, (470, 900): 3, (700, 800): 1, (800, 700): 4, (1920, 1080): 9, (1000, 310): 2, (64, 64): 1}
    best = min(lost(images, list(chosen)) for chosen in combinations(sizes, count))
    assert lost(images, least_lost(images, sizes, count)) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize(
    ("resolution", "step", "band", "percent"),
    [(512, 64, [0.7, 1.0], 1.2), (512, 32, [0.9, 1.0], 1.6), (512, 16, [0.9, 1.0], 0.3), (768, 64, [0.9, 1.0], 0.0),
     (1024, 64, [0.9, 1.0], 1.5), (1024, 32, [0.9, 1.0], 0.3)],
)  # fmt: skip
def test_what_a_16_to_9_frame_loses_in_a_chosen_bucket(resolution, step, band, percent) -> None:
    sizes = sizes_within(resolution, resolution // 2, 2 * resolution, step, band)
    placed = fit(1920, 1080, least_lost({(1920, 1080): 1}, sizes, 4))
    assert round(100 * placed.lost, 1) == percent
