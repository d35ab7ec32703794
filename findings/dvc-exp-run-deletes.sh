#!/usr/bin/env bash
# Expected: `dvc exp run` runs what is stale. An output with `persist: true` "is not removed when the stage runs", and
#           `dvc checkout` refuses to remove what is not in the cache.
# Happens:  before it runs anything it checks out by force: every file that an output holds and dvc.lock does not name is
#           removed, persist or not, in the cache or not. Is a named file not in the cache, the whole folder is removed.
# Versions: dvc==3.67.1, Python 3.11. Seen: 2026-11-28.
# Matters:  outputs that were made without DVC, by another workflow tool for instance, are gone, trained models too.
# genga:    keeps dvc.lock complete after each run of Snakemake (docs/workflow.md).
# Output:
#   without dvc.lock: dvc checkout leaves 2 files, dvc exp run none; the stage ran after that
#   a file that dvc.lock names is neither here nor in the cache: dvc exp run leaves 0 of 1
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet dvc==3.67.1
PATH="$work/venv/bin:$PATH"

# project NAME: a repository whose stage would need long to make what is there already
project() {
  mkdir -p "$work/$1/made"
  cd "$work/$1"
  git init --quiet
  git config user.name n
  git config user.email e
  dvc init --quiet
  dvc config core.analytics false
  cat > dvc.yaml <<'EOS'
stages:
  make:
    cmd: ls made > ../seen && false
    deps: [source]
    outs:
      - made: {persist: true}
EOS
  echo 1 > source
  echo "weeks of work" > made/one
  echo "more of it" > made/two
}

project without
printf '/made\n' > .gitignore
git add --all
git commit --quiet --message first
dvc checkout --quiet 2> /dev/null || true
kept=$(find made -type f | wc -l)
dvc exp run > /dev/null 2>&1 || true
[[ $kept == 2 && ! -s ../seen ]]
echo "without dvc.lock: dvc checkout leaves $kept files, dvc exp run none; the stage ran after that"

project lost
dvc commit --force --quiet
git add --all
git commit --quiet --message first
two=$(md5sum made/two | cut -c -32)
rm -f made/two ".dvc/cache/files/md5/${two:0:2}/${two:2}"
dvc exp run > /dev/null 2>&1 || true
left=$(find made -type f 2> /dev/null | wc -l || true)
echo "a file that dvc.lock names is neither here nor in the cache: dvc exp run leaves $left of 1"
[[ $left == 0 ]]
