"""A project whose files lie in a bucket: an S3 server, what is sent to it, Snakemake with pods, and the way home."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).resolve().parents[2]
BUCKET, PREFIX = "genga", "project/"
KEYS = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "key", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret"}


@contextmanager
def s3_server(log: Path) -> Iterator[str]:
    """The address of an S3 server. log: the file for a line of each request; a run of the demo makes thousands."""
    log.parent.mkdir(parents=True, exist_ok=True)
    requests, handler = logging.getLogger("werkzeug"), logging.FileHandler(log, mode="w", encoding="utf-8")
    requests.setLevel(logging.INFO)
    requests.addHandler(handler)
    requests.propagate = False
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    requests.removeHandler(handler)
    handler.close()


def client(server: str):
    return boto3.client(
        "s3", endpoint_url=server, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )


def send(project: Path, server: str) -> None:
    """Put the project's videos into a new bucket, and not leave them here; git knows of the rest."""
    bucket = client(server)
    bucket.create_bucket(Bucket=BUCKET)
    for video in sorted(path for path in project.glob("data/raw/*/*") if not path.name.startswith(".")):
        bucket.upload_file(str(video), BUCKET, PREFIX + video.relative_to(project).as_posix())
        video.unlink()
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    git_add(project)


def git_add(project: Path) -> None:
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)


def snakemake(project: Path, pods: Path, server: str, *words: str, runs: bool = True) -> tuple[int, str]:
    """Run Snakemake by the profile, its pods in folders under `pods`; return its exit status and all it said.

    runs: False for a cluster in which every job fails at once.
    """
    command = [
        sys.executable, "-m", "tests.pods.cluster", str(pods), "--profile", "profiles/kubernetes", "--retries", "0",
        "--jobs", "2", *words,
    ]  # fmt: skip
    environment = {
        **os.environ,
        **KEYS,
        **({} if runs else {"EVERY_JOB_FAILS": "1"}),
        "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": server,
        "PYTHONPATH": str(ROOT),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def bring_home(project: Path, server: str) -> None:
    """Fetch everything but videos into the project's folder, as `aws s3 sync` does: with the times of their upload."""
    bucket = client(server)
    for page in bucket.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=PREFIX):
        for item in page.get("Contents", []):
            path = project / item["Key"].removeprefix(PREFIX)
            if not path.is_relative_to(project / "data/raw"):
                path.parent.mkdir(parents=True, exist_ok=True)
                bucket.download_file(BUCKET, item["Key"], str(path))
                os.utime(path, (item["LastModified"].timestamp(),) * 2)
