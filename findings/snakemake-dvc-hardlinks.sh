#!/usr/bin/env bash
# Expected: DVC's hard links (cache.type hardlink) save the room of a second copy, and a workflow over them runs on.
# Happens:  `dvc add` leaves the output read-only, as its file is the cache's too. Snakemake takes read-only outputs for
#           what a person marked as protected() and refuses to make them anew (ProtectedOutputException). With the mode
#           set back, a job that writes in place writes into the cache, and `dvc checkout --force` then gives out the
#           new content as the old.
# Versions: snakemake==9.27.1, dvc==3.67.1, Python 3.11. Seen: 2026-11-28.
# Matters:  frames and latents are large, so links are what one sets first; then a changed parameter ends in an error
#           about protection that nobody asked for, and the nearest remedy, chmod, ruins versions.
# genga:    has cache.type `reflink,copy`; jobs write beside a file and rename it, and a read-only file with several
#           links does not count as protected (docs/remotes.md).
# Output:
#   after dvc add: mode 444, 2 links
#   snakemake: ProtectedOutputException in rule frames
#   after chmod and a write in place the cache has: drawn in haste
#   after dvc checkout --force, exit status 0, the file has: drawn in haste
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet snakemake==9.27.1 dvc==3.67.1
PATH="$work/venv/bin:$PATH"

# Root may write to read-only files; it does without that right here, so that it is as anybody.
as_anybody=()
[ "$(id -u)" != 0 ] || as_anybody=(setpriv --bounding-set=-dac_override --inh-caps=-dac_override)

cat > Snakefile <<'EOF'
rule frames:
    input: "film.txt"
    output: "frames.txt"
    shell: "cat {input} > {output}"
EOF
echo "drawn with care" > film.txt
dvc init --quiet --no-scm
dvc config core.analytics false
dvc config cache.type hardlink
snakemake --cores 1 --quiet all
dvc add --quiet frames.txt
echo "after dvc add: $(stat -c 'mode %a, %h links' frames.txt)"
[ "$(stat -c '%a %h' frames.txt)" = "444 2" ]

echo "another film" > film.txt
"${as_anybody[@]}" snakemake --cores 1 > said 2>&1 && exit 1
refused=$(grep -o -m 1 "ProtectedOutputException in rule frames" said)
echo "snakemake: $refused"

chmod u+w frames.txt
echo "drawn in haste" > frames.txt
echo "after chmod and a write in place the cache has: $(cat .dvc/cache/files/md5/*/*)"
grep -q "drawn in haste" .dvc/cache/files/md5/*/*
dvc checkout --quiet --force frames.txt.dvc
echo "after dvc checkout --force, exit status $?, the file has: $(cat frames.txt)"
grep -q "drawn in haste" frames.txt
