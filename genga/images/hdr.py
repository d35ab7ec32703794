"""HDR to SDR: the conversion of ITU-R BT.2446-1, Method A, from 1000 to 100 cd/m2, in tables and two matrices.

PQ: SMPTE ST 2084 (ITU-R BT.2100-2, table 4). HLG: BT.2100-2, table 5, with the display gamma 1.2 of a 1000 cd/m2
screen. Light above 1000 cd/m2 is clipped. BT.2020 colours become BT.709 by BT.2087-0; what lies outside is clipped.
Symbols are those of BT.2446-1, section 4: a prime marks values to the power of 1/2.4, 0..1.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.image import HLG, PQ, Image

Values = npt.NDArray[Any]  # float

_PEAK, _WHITE = 1000.0, 100.0  # cd/m2 of the HDR and the SDR screen
_GAMMA = 2.4
_LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)  # of BT.2020's R, G, B
_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)  # linear BT.2020 to linear BT.709
_FINE = 1 << 12  # entries of the tables that take computed values


def pq_light(signal: Values) -> Values:
    """Return the light, cd/m2, of PQ signal values 0..1."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = signal ** (1 / m2)
    return np.asarray(10000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1), np.float32)


def hlg_light(signal: Values) -> Values:
    """Return the scene light, 0..1, of HLG signal values 0..1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((np.maximum(signal, 0.5) - c) / a) + b) / 12)


def sdr_luma(luma: Values) -> Values:
    """Return Y'SDR of Y' (both 0..1, to the power of 1/2.4): the curve of Method A."""
    hdr, sdr = (1 + 32 * (light / 10000) ** (1 / _GAMMA) for light in (_PEAK, _WHITE))
    p = np.log(1 + (hdr - 1) * luma) / np.log(hdr)
    bent = np.where(p < 0.9909, -1.1510 * p**2 + 2.7811 * p - 0.6302, 0.5 * p + 0.5)
    curve = np.where(p <= 0.7399, 1.0770 * p, bent)
    return np.asarray((sdr**curve - 1) / (sdr - 1), np.float32)


@cache
def sdr_codes(transfer: int, bits: int, full: bool) -> npt.NDArray[np.uint8]:
    """Return for every luma code value of `bits` bits the 8-bit code value, limited range, that a grey gets in SDR."""
    codes = np.arange(1 << bits, dtype=np.float32)
    scale = (1 << bits) - 1 if full else 219 << (bits - 8)
    signal = np.clip((codes - (0 if full else 16 << (bits - 8))) / scale, 0, 1)
    light = pq_light(signal) / _PEAK if transfer == PQ else hlg_light(signal) ** 1.2
    return np.rint(16 + 219 * sdr_luma(np.clip(light, 0, 1) ** (1 / _GAMMA))).astype(np.uint8)


def sdr(image: npt.NDArray[Any], transfer: int) -> Image:
    """Return an HDR image (height, width, 3), uint16 R'G'B' of BT.2020, full range, as SDR BT.709 uint8."""
    primed = _primed(transfer)[image] if transfer == PQ else _hlg_primed(image)
    luma = cv2.transform(primed, _LUMA[None])  # Y'
    at = np.rint(luma * (_FINE - 1)).astype(np.uint16)
    mapped, scale = _curve()[0][at], _curve()[1][at]
    blue = scale * (primed[..., 2] - luma) / 1.8814
    red = scale * (primed[..., 0] - luma) / 1.4746
    mapped = mapped - np.maximum(0.1 * red, 0)  # Y'tmo: saturated reds get darker, not paler
    rgb = np.dstack([mapped + 1.4746 * red, mapped - 0.16455 * blue - 0.57135 * red, mapped + 1.8814 * blue])
    linear = cv2.transform(_bent(rgb, _GAMMA), _TO_709)
    return np.rint(255 * _bent(linear, 1 / _GAMMA)).astype(np.uint8)


@cache
def _primed(transfer: int) -> Values:
    """R', G' or B' of every 16-bit signal value: PQ's light on the screen; HLG's scene light as it is."""
    signal = np.arange(1 << 16, dtype=np.float32) / 65535
    if transfer == HLG:
        return hlg_light(signal).astype(np.float32)
    return np.asarray(np.clip(pq_light(signal) / _PEAK, 0, 1) ** (1 / _GAMMA), np.float32)


def _hlg_primed(image: npt.NDArray[np.uint16]) -> Values:
    scene = _primed(HLG)[image]
    screen = scene * np.maximum(cv2.transform(scene, _LUMA[None]), 1e-6)[..., None] ** 0.2
    return np.asarray(np.clip(screen, 0, 1) ** (1 / _GAMMA), np.float32)


@cache
def _curve() -> tuple[Values, Values]:
    """Y'SDR, and f(Y'SDR) = Y'SDR / (1.1 Y') for colour differences, of Y' at even steps from 0 to 1."""
    luma = np.linspace(0, 1, _FINE, dtype=np.float32)
    mapped = sdr_luma(luma)
    scale = mapped / (1.1 * np.maximum(luma, luma[1]))
    scale[0] = scale[1]
    return mapped, scale


@cache
def _powers(power: float) -> Values:
    return np.asarray(np.linspace(0, 1, 1 << 16, dtype=np.float32) ** power, np.float32)


def _bent(values: Values, power: float) -> Values:
    """Values, clipped to 0..1, to a power: by a table, for np.power takes ten times as long."""
    return _powers(power)[np.rint(np.clip(values, 0, 1) * 65535).astype(np.uint16)]
