"""Snakemake with a stand-in for Kubernetes: `python -m tests.pods.cluster FOLDER …`, and then Snakemake's own options.

Every pod is a process on this machine. It runs the command of its manifest in an empty folder under FOLDER, as the
container would in /workdir, with the manifest's variables and no others but those an image has. What it reads and
writes otherwise goes by way of the bucket. FOLDER/manifests.jsonl is what was asked for; of every pod a log stays.
"""

import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace as Of
from typing import Any

import kubernetes
import snakemake.cli

HAD = ("PATH", "LANG", "LC_ALL", "OMP_NUM_THREADS")
ROOT = Path(__file__).resolve().parents[2]


class Cluster:
    """As much of Kubernetes' API as the plugin calls. runs: False for a cluster in which every job fails at once."""

    def __init__(self, folder: Path, runs: bool = True) -> None:
        self._folder, self._runs = folder, runs
        self._secrets: dict[str, dict[str, str]] = {}
        self._pods: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._image = image(folder / "wheels") if runs else {}

    def create_namespaced_secret(self, namespace: str, secret: Any) -> None:
        self._secrets[secret.metadata.name] = secret.data

    def delete_namespaced_secret(self, name: str, namespace: str, body: Any) -> None:
        del self._secrets[name]

    def create_namespaced_job(self, namespace: str, body: Any) -> None:
        job = kubernetes.client.ApiClient().sanitize_for_serialization(body)
        with open(self._folder / "manifests.jsonl", "a", encoding="utf-8") as file:
            print(json.dumps(job), file=file)
        if not self._runs:
            return
        name, container = job["metadata"]["name"], job["spec"]["template"]["spec"]["containers"][0]
        place = self._folder / name
        place.mkdir()
        said = {of["name"]: self._value(of) for of in container["env"]}
        has = {key: value for key, value in os.environ.items() if key in HAD}
        with open(self._folder / f"{name}.log", "wb") as log:
            self._pods[name] = subprocess.Popen(
                [*container["command"], *container["args"]], cwd=place, stdout=log, stderr=subprocess.STDOUT,
                env={**has, **self._image, "HOME": str(place), **said},
            )  # fmt: skip

    def _value(self, variable: dict[str, Any]) -> str:
        key = variable["valueFrom"]["secretKeyRef"]
        return b64decode(self._secrets[key["name"]][key["key"]]).decode()

    def read_namespaced_job_status(self, name: str, namespace: str) -> Any:
        code = self._pods[name].poll() if self._runs else 1
        if code is not None:
            shutil.rmtree(self._folder / name, ignore_errors=True)
        return Of(status=Of(succeeded=int(code == 0), failed=int(code not in (None, 0))))

    def list_namespaced_pod(self, namespace: str, label_selector: str) -> Any:
        return Of(items=[])

    def delete_namespaced_job(self, *of: Any, **how: Any) -> None:
        pass


def image(wheels: Path) -> dict[str, str]:
    """The variables of profiles/kubernetes/Dockerfile, and the wheel that it has, in a folder of ours."""
    lock = (ROOT / "envs/cluster.lock").read_text(encoding="utf-8")
    plugin = next(line for line in lock.splitlines() if line.startswith("snakemake-storage-plugin-s3=="))
    if not wheels.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels), plugin]
        subprocess.run(command, check=True)
    lines = (ROOT / "profiles/kubernetes/Dockerfile").read_text(encoding="utf-8").splitlines()
    said = next(line.split()[1:] for line in lines if line.startswith("ENV "))
    return {
        name: value.replace("/opt/wheels", str(wheels)) for name, _, value in (word.partition("=") for word in said)
    }


def main() -> None:
    cluster = Cluster(Path(sys.argv[1]), runs=os.environ.get("EVERY_JOB_FAILS") is None)
    kubernetes.config.load_kube_config = lambda: None
    kubernetes.client.CoreV1Api = kubernetes.client.BatchV1Api = lambda *of, **how: cluster
    snakemake.cli.main(sys.argv[2:])


if __name__ == "__main__":
    main()
