#!/usr/bin/env bash
# Expected: a picture in a file of grey (mode L) and the same picture in a file of RGB are shown alike to a WD tagger, and
#           transparency of a palette lies over white, as that of RGBA does.
# Happens:  get_wd14_tags pastes the picture with itself as mask. That is meant for RGBA; a grey one is a mask, too, so
#           each pixel is mixed with white by its own brightness: black becomes white. A palette's transparency is dropped:
#           the colour behind it is seen, for WD taggers, detectors and CCIP alike.
# Versions: dghs-imgutils==0.19.0, pillow==13.0.0, Python 3.11. Seen: 2026-11-29.
# Matters:  manga, line art and scans are stored as grey, sketches as palettes with a transparent ground: what they are
#           tagged with is of another picture, without a word.
# genga:    decodes every file to RGB over white before any model sees it; `python -m bench.parity` holds the rest equal.
# Output (what the tagger is shown of a pixel):
#   black in RGB                       0
#   black in L                         255
#   black, transparent, in RGBA        255
#   black, transparent, in a palette   0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet dghs-imgutils==0.19.0 pillow==13.0.0 onnxruntime==1.31.1

venv/bin/python -W ignore - <<'EOF'
import numpy as np
from imgutils.tagging.wd14 import _prepare_image_for_tagging
from PIL import Image

black = Image.new("RGB", (64, 64))
black.save("rgb.png")
black.convert("L").save("l.png")
Image.new("RGBA", (64, 64)).save("rgba.png")
black.quantize(2).save("palette.png", transparency=0)


def shown(name, what):
    given = _prepare_image_for_tagging(name, 448)
    (value,) = np.unique(given)
    print(what.ljust(34), int(value))
    return int(value)


assert shown("rgb.png", "black in RGB") == 0
assert shown("l.png", "black in L") == 255
assert shown("rgba.png", "black, transparent, in RGBA") == 255
assert shown("palette.png", "black, transparent, in a palette") == 0
EOF
