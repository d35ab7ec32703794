#!/usr/bin/env bash
# Expected: Image.open(a JPEG), drawn on or pasted over, then saved as .jxl, is a JPEG XL of what is in memory, as it is
#           for PNG, WebP and every other format.
# Happens:  the plugin reads the file once more from the disk and packs that: what was drawn is lost, also by
#           lossless=True. A warning speaks of "JPEG reconstruction", not of edits. lossless_jpeg=False saves the
#           picture.
# Versions: pillow-jxl-plugin==1.3.8, pillow==13.0.0, Python 3.11. Seen: 2026-11-28.
# Matters:  data sets are cleaned by painting over watermarks, text and faces, and stored as JPEG XL to save room: the
#           files then have the marks, while what was looked at had none. What makes a new picture (resize, crop) is not
#           concerned.
# genga:    gives pixels to the encoder itself, jpeg_encode=False.
# Output (what was drawn is black; the file on the disk is white):
#   a.png                      black
#   a.jxl                      WHITE
#   a.jxl lossless=True        WHITE
#   a.jxl lossless_jpeg=False  black
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow-jxl-plugin==1.3.8 pillow==13.0.0

venv/bin/python -W ignore - <<'EOF'
import pillow_jxl  # noqa: F401 (registers the format)
from PIL import Image, ImageDraw

Image.new("RGB", (64, 64), "white").save("a.jpg", quality=95)


def shade(picture):
    return "black" if picture.convert("L").getpixel((32, 32)) < 16 else "WHITE"


def saved(name, **options):
    with Image.open("a.jpg") as picture:
        ImageDraw.Draw(picture).rectangle((0, 0, 63, 63), fill="black")
        assert shade(picture) == "black"
        picture.save(name, **options)
    with Image.open(name) as again:
        found = shade(again)
    print(f"{name} {' '.join(f'{key}={value}' for key, value in options.items())}".ljust(26), found)
    return found


assert saved("a.png") == "black"
assert saved("a.jxl") == "WHITE"
assert saved("a.jxl", lossless=True) == "WHITE"
assert saved("a.jxl", lossless_jpeg=False) == "black"
EOF
