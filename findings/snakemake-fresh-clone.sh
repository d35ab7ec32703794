#!/usr/bin/env bash
# Expected: a project is cloned, its data are brought beside it, and Snakemake there runs what changed and nothing else,
#           because it goes by checksums, parameters and code.
# Happens:  the reverse of both. What it knows lies in .snakemake/, which no clone has. An input that is the same to the
#           byte but newer than its output runs its rule again, and a changed parameter and command do not; a line at
#           the end counts jobs without provenance. Where .snakemake/ is there, inputs above 1 MB still go by time
#           (--max-checksum-file-size).
# Versions: snakemake==9.27.1, Python 3.11. Seen: 2026-11-28.
# Matters:  git and DVC give each file the time at which they wrote it. After `git clone` and `dvc pull` hours of
#           decoding may run again for nothing, and a model may be kept that was trained otherwise than its params say.
# genga:    keeps what is known of every file in git and hands it back to Snakemake by content (docs/records.md).
# Output:
#   same folder, 0.9 MB newer, same bytes: Nothing to be done
#   same folder, 1.1 MB newer, same bytes: Updated input files: big.in
#   clone, input newer, same bytes: Updated input files: small.in
#   clone, params and shell changed: Nothing to be done
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet snakemake==9.27.1
mkdir here clone

cat > here/Snakefile <<'EOF'
rule count:
    input: "{name}.in"
    output: "{name}.out"
    params: factor=1
    shell: "expr $(wc -c < {input}) '*' {params.factor} > {output}"
EOF
head -c 900000 /dev/zero > here/small.in
head -c 1100000 /dev/zero > here/big.in

# verdict WHAT FOLDER TARGET EXPECTED: what a dry run says
verdict() {
  venv/bin/snakemake --directory "$2" --snakefile "$2/Snakefile" --cores 1 --dry-run "$3" > said 2>&1
  echo "$1: $(grep -oE -m 1 "Nothing to be done|Updated input files: .*" said)" | tee last
  grep -q ": $4" last
}

venv/bin/snakemake --directory here --snakefile here/Snakefile --cores 1 --quiet all -- small.out big.out
sleep 1
touch here/small.in here/big.in
verdict "same folder, 0.9 MB newer, same bytes" here small.out "Nothing to be done"
verdict "same folder, 1.1 MB newer, same bytes" here big.out "Updated input files"

cp here/Snakefile here/small.out clone
sleep 1
cp here/small.in clone
verdict "clone, input newer, same bytes" clone small.out "Updated input files"

sed -i 's/factor=1/factor=2/; s/expr/expr 1 +/' clone/Snakefile
touch clone/small.out
verdict "clone, params and shell changed" clone small.out "Nothing to be done"
