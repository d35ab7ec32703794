#!/usr/bin/env bash
# Expected: a rule's two params change places (low=1, high=2 becomes low=2, high=1), and Snakemake runs the rule again,
#           as it does when a value changes.
# Happens:  "Nothing to be done". Snakemake records repr() of each value, sorted, and not what the value is called.
# Versions: snakemake==9.27.1, Python 3.11. Seen: 2026-11-28.
# Matters:  thresholds come in pairs of numbers alike (low and high, width and height, min and max). A table made with
#           the old ones stays, under a params file that says otherwise.
# genga:    gives Snakemake one string for each section, whose repr() begins with the name.
# Output:
#   1 2 is made, and asked for is 2 1: Nothing to be done
#   1 2 is made, and asked for is 3 1: Params have changed since last execution
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet snakemake==9.27.1

snakefile() {
  cat > Snakefile <<EOF
rule threshold:
    output: "out.txt"
    params: low=$1, high=$2
    shell: "echo {params.low} {params.high} > {output}"
EOF
}

asked_for() {
  snakefile "$1" "$2"
  venv/bin/snakemake --cores 1 --dry-run > said 2>&1
  echo "$(cat out.txt) is made, and asked for is $1 $2:" \
    "$(grep -oE -m 1 "Nothing to be done|Params have changed since last execution" said)"
}

snakefile 1 2
venv/bin/snakemake --cores 1 --quiet all
asked_for 2 1 | tee swapped
asked_for 3 1 | tee other
grep -q "Nothing to be done" swapped
grep -q "Params have changed" other
