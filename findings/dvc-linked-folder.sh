#!/usr/bin/env bash
# Expected: a stage depends on the folder `raw`, in which `raw/series` is a link to a folder of videos on another disk.
#           `dvc repro` runs the stage again when a video there changes or another comes.
# Happens:  DVC looks at links to files, but not behind links to folders: for it `raw` is empty (nfiles: 0 in dvc.lock),
#           and no change is ever seen. There is no warning. A link that is itself named as a dependency is looked
#           behind.
# Versions: dvc==3.67.1, Python 3.11. Seen: 2026-11-28.
# Matters:  raw video stays on a NAS and is linked to. The workflow then says "up to date" over whatever it was run on
#           first.
# genga:    prints a note for every such link that dvc.yaml does not name (docs/remotes.md).
# Output:
#   deps: [raw]: 0 files known, after a second video comes: Data and pipelines are up to date.
#   deps: [raw, raw/series]: 2 files known, after a third video comes: changed deps:
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet dvc==3.67.1
PATH="$work/venv/bin:$PATH"

mkdir -p nas project/raw
ln -s ../../nas project/raw/series
echo "video 1" > nas/ep01.mkv
cd project
dvc init --quiet --no-scm
dvc config core.analytics false

# stage DEPENDENCIES: a stage that lists the videos, run until it is up to date
stage() {
  cat > dvc.yaml <<EOF
stages:
  list:
    cmd: ls raw/series > list.txt
    deps: $1
    outs: [list.txt]
EOF
  dvc repro --quiet
}

# report DEPENDENCIES WHEN EXPECTED: how many files the lock knows, and what `dvc status` says
report() {
  local said files
  dvc status > ../status
  said=$(grep -E -m 1 "up to date|changed deps" ../status)
  files=$(sed -n 's/.*nfiles: //p' dvc.lock | tail -n 1)
  echo "deps: $1: $files files known, after $2: ${said##*$'\t'}"
  [[ $said == *"$3"* ]]
}

stage "[raw]"
echo "video 2" > ../nas/ep02.mkv
report "[raw]" "a second video comes" "up to date"

stage "[raw, raw/series]"
echo "video 3" > ../nas/ep03.mkv
report "[raw, raw/series]" "a third video comes" "changed deps"
