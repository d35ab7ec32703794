"""profiles/kubernetes as far as a machine without a cluster can try it: `make test-kubernetes`.

An S3 server of our own is started; of Kubernetes there is only who takes manifests, writes them down and says that the
job failed.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from standin import EPISODES, SERIES, change_params, make_standin

pytest.importorskip("snakemake_executor_plugin_kubernetes", reason="run by make test-kubernetes")
pytest.importorskip("snakemake_storage_plugin_s3", reason="run by make test-kubernetes")
boto3 = pytest.importorskip("boto3", reason="run by make test-kubernetes")
moto_server = pytest.importorskip("moto.server", reason="run by make test-kubernetes")

ROOT = Path(__file__).resolve().parent.parent
PROFILE = ROOT / "profiles/kubernetes"
BUCKET, PREFIX = "genga", "project/"
KEYS = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "key", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret"}

# Snakemake with a cluster that takes every job and lets it fail.
NO_CLUSTER = """
import json, sys
from types import SimpleNamespace as Of
import kubernetes, snakemake.cli

class Api:
    def create_namespaced_secret(self, namespace, secret): pass
    def delete_namespaced_secret(self, name, namespace, body): pass
    def list_namespaced_pod(self, **which): return Of(items=[])
    def delete_namespaced_job(self, *of, **how): pass
    def read_namespaced_job_status(self, name, namespace): return Of(status=Of(failed=1, succeeded=0))
    def create_namespaced_job(self, namespace, body):
        with open("manifests.jsonl", "a") as file:
            print(json.dumps(kubernetes.client.ApiClient().sanitize_for_serialization(body)), file=file)

kubernetes.config.load_kube_config = lambda: None
kubernetes.client.CoreV1Api = kubernetes.client.BatchV1Api = Api
snakemake.cli.main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server with an empty bucket."""
    running = moto_server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def project(tmp_path: Path, server: str) -> Path:
    """The project with stand-in scripts, its videos in the bucket."""
    project = make_standin(tmp_path / "project")
    bucket = client(server)
    bucket.create_bucket(Bucket=BUCKET)
    for path in [*project.glob("data/raw/*/*"), *project.glob("demo/weights/**/*"), project / "models.yaml"]:
        if path.is_file():
            bucket.upload_file(str(path), BUCKET, PREFIX + path.relative_to(project).as_posix())
    return project


def client(server: str):
    return boto3.client(
        "s3", endpoint_url=server, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )


def snakemake(project: Path, server: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake by the profile, with the cluster above and the server here."""
    environment = {**os.environ, **KEYS, "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": server, "PYTHONPATH": str(project)}
    command = [sys.executable, "-c", NO_CLUSTER, "--profile", "profiles/kubernetes", "--retries", "0", *words]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def manifests(project: Path) -> list[dict]:
    return [json.loads(line) for line in (project / "manifests.jsonl").read_text().splitlines()]


def test_every_option_of_the_profile_is_one_of_snakemakes_or_a_plugins() -> None:
    done = subprocess.run([sys.executable, "-m", "snakemake", "--help"], capture_output=True, text=True, check=True)
    known = set(re.findall(r"--([a-z0-9-]+)", done.stdout))
    assert set(yaml.safe_load((PROFILE / "config.yaml").read_text(encoding="utf-8"))) <= known
    assert {"kubernetes-namespace", "storage-s3-endpoint-url", "storage-s3-access-key"} <= known


def test_a_dry_run_finds_every_job_with_all_files_in_the_bucket(project: Path, server: str) -> None:
    done = snakemake(project, server, "-n")
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    counts = dict(re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE))
    assert (counts["embed"], counts["characters"], counts["report"]) == (str(len(EPISODES)), "1", "1")


def test_a_pod_is_asked_for_an_episode_with_its_memory(project: Path, server: str) -> None:
    done = snakemake(project, server, "--keep-going")
    found = manifests(project)
    assert len(found) == len(EPISODES), done.stdout + done.stderr
    container = found[0]["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "genga:0.1.0"
    # Of probe, frames and shots the most that one of them needs: rules/frames.smk.
    assert container["resources"]["requests"]["memory"] == "2000M"
    assert container["resources"]["requests"]["cpu"] == "1900m"  # two threads, of which the cluster keeps a part
    assert not any("gpu" in name for name in container["resources"]["requests"])
    assert {env["name"] for env in container["env"]} >= set(KEYS)
    assert "snakemake-storage-plugin-s3" in container["args"][1]  # a pod reads and writes the bucket by it


def test_a_pod_has_a_gpu_where_one_is_asked_for(project: Path, server: str) -> None:
    change_params(project, "models", device="cuda")
    stills = f"data/stills/{SERIES}/{EPISODES[0]}.parquet"
    client(server).put_object(Bucket=BUCKET, Key=PREFIX + stills, Body=b"table")
    target = f"data/detect/{SERIES}/{EPISODES[0]}.parquet"
    done = snakemake(project, server, "--allowed-rules", "detect", "--", target)
    assert (project / "manifests.jsonl").is_file(), done.stdout + done.stderr
    spec = manifests(project)[0]["spec"]["template"]["spec"]
    assert spec["containers"][0]["resources"]["requests"]["nvidia.com/gpu"] == "1"
    assert [toleration["key"] for toleration in spec["tolerations"]] == ["nvidia.com/gpu"]
