"""Aspect buckets against numbers worked out by hand and measured with the reference arithmetic."""

import pytest

from genga.dataset.buckets import bucket_sizes, fit, fit_no_upscale
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
