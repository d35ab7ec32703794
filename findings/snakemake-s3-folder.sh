#!/usr/bin/env bash
# Expected: a rule whose output is a directory() in a bucket runs on a cluster as it does on one machine.
# Happens:  the job ends well and its files are in the bucket, but the Snakemake that sent it says that the output is
#           missing, and fails. Before the job it asked whether the folder is there; the plugin keeps that answer
#           (`_is_dir`) and looks no more, however long --latency-wait is. On one machine the process that asks is the
#           one that stores, and corrects the answer.
# Versions: snakemake==9.27.1, snakemake-storage-plugin-s3==0.3.6, snakemake-executor-plugin-cluster-generic==1.0.9,
#           moto==5.2.5, Python 3.11. Seen: 2026-11-28.
# Matters:  checkpoints, shards and tiles are folders of files; with a bucket between machines none of them can be an
#           output.
# genga:    looks again for as long as the answer is no.
# Output:
#   --cores 1: exit status 0, in the bucket: step1 step2
#   --executor cluster-generic: exit status 1, in the bucket: step1 step2
#   s3://films/cluster/checkpoints (missing in storage)
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet snakemake==9.27.1 snakemake-storage-plugin-s3==0.3.6 \
  snakemake-executor-plugin-cluster-generic==1.0.9 "moto[s3]==5.2.5" flask==3.1.3 flask-cors==6.0.5

cat > Snakefile <<'EOF'
rule train:
    output: directory("checkpoints")
    shell: "mkdir {output}; echo 1 > {output}/step1; echo 2 > {output}/step2"
EOF

PATH="$work/venv/bin:$PATH" python - <<'EOF' 2> log
import os, subprocess
import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
url = "http://{}:{}".format(*server.get_host_and_port())
os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_DEFAULT_REGION="us-east-1")
os.environ.update(SNAKEMAKE_STORAGE_S3_ACCESS_KEY="any", SNAKEMAKE_STORAGE_S3_SECRET_KEY="any")
bucket = boto3.resource("s3", endpoint_url=url).Bucket("films")
bucket.create()


def run(place, *how):
    storage = ["--default-storage-provider", "s3", "--default-storage-prefix", f"s3://films/{place}",
               "--storage-s3-endpoint-url", url, "--shared-fs-usage", "sources", "source-cache", "persistence"]
    command = ["snakemake", *how, *storage, "--latency-wait", "3", "--", "checkpoints"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    there = [item.key.split("/")[-1] for item in bucket.objects.filter(Prefix=f"{place}/checkpoints/step")]
    print(f"{' '.join(how[:2])}: exit status {done.returncode}, in the bucket: {' '.join(there)}")
    assert there == ["step1", "step2"], done.stdout
    return done


assert run("local", "--cores", "1").returncode == 0
failed = run("cluster", "--executor", "cluster-generic", "--cluster-generic-submit-cmd", "bash", "--jobs", "1")
said = "s3://films/cluster/checkpoints (missing in storage)"
assert failed.returncode == 1 and said in failed.stdout, failed.stdout
print(said)
EOF
