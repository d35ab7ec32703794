#!/usr/bin/env bash
# Expected: load_dataset of WebDataset tars reads a .json whose value is null in some samples and text in others, as it
#           reads JSON lines.
# Happens:  types are guessed by the first five samples. A key that is null in all of them is of the type null, and the
#           sixth, with a text, ends the loading: "Couldn't cast array of type string to null".
# Versions: datasets==5.2.0, pillow==13.0.0, Python 3.11. Seen: 2026-11-29.
# Matters:  data sets of pictures have an artist, a character or a score for some and none for others, and are sorted, so
#           that those without come together. The tars are right, and webdataset's own reader takes them.
# genga:    writes "" for what is not known, in tars as in its imagefolder.
# Output (6 samples, the first five without a character):
#   null: Couldn't cast array of type string to null
#   ''  : 6 samples, the last of akari
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet datasets==5.2.0 pillow==13.0.0

HF_HUB_OFFLINE=1 HF_HOME="$work/hf" HF_DATASETS_DISABLE_PROGRESS_BARS=1 venv/bin/python - <<'EOF'
import io
import json
import os
import tarfile

from datasets import load_dataset
from datasets.exceptions import DatasetGenerationError
from PIL import Image

picture = io.BytesIO()
Image.new("RGB", (8, 8)).save(picture, "png")


def tar(name, unknown):
    with tarfile.open(f"{name}/train-000000.tar", "w") as file:
        for number in range(6):
            said = json.dumps({"character": "akari" if number == 5 else unknown})
            for kind, data in (("png", picture.getvalue()), ("json", said.encode())):
                member = tarfile.TarInfo(f"{number}.{kind}")
                member.size = len(data)
                file.addfile(member, io.BytesIO(data))


def loaded(name, unknown):
    os.mkdir(name)
    tar(name, unknown)
    return load_dataset("webdataset", data_dir=name)["train"]


try:
    loaded("with-null", None)
    raise SystemExit("it was read")
except DatasetGenerationError as error:
    why = error.__cause__
    assert isinstance(why, TypeError), error
    print("null:", why)
rows = loaded("with-text", "")
assert rows.num_rows == 6 and rows[5]["json"]["character"] == "akari"
print("''  : 6 samples, the last of", rows[5]["json"]["character"])
EOF
