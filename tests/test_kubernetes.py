"""profiles/kubernetes as far as a machine without a cluster can try it: `make test-kubernetes`.

An S3 server of our own is started; in place of a cluster pods are processes in empty folders (tests/pods/cluster.py).
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from standin import EPISODES, RUN, SERIES, change_params, make_standin

pytest.importorskip("snakemake_executor_plugin_kubernetes", reason="run by make test-kubernetes")
pytest.importorskip("snakemake_storage_plugin_s3", reason="run by make test-kubernetes")
pytest.importorskip("boto3", reason="run by make test-kubernetes")
pytest.importorskip("moto.server", reason="run by make test-kubernetes")

from pods.project import BUCKET, KEYS, PREFIX, bring_home, client, git_add, s3_server, send, snakemake

ROOT = Path(__file__).resolve().parent.parent
PROFILE = ROOT / "profiles/kubernetes"
NOTHING = "Nothing to be done"


@pytest.fixture
def server(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[str]:
    log = tmp_path / "s3.log"
    with s3_server(log) as address:
        yield address
    assert "GET /genga" in log.read_text(encoding="utf-8")
    assert "GET /genga" not in "".join(capfd.readouterr())


@pytest.fixture
def project(tmp_path: Path, server: str) -> Path:
    """The project with stand-in scripts, its videos in the bucket."""
    project = make_standin(tmp_path / "project")
    send(project, server)
    return project


def manifests(project: Path) -> list[dict]:
    return [json.loads(line) for line in (project.parent / "pods/manifests.jsonl").read_text().splitlines()]


def test_every_option_of_the_profile_is_one_of_snakemakes_or_a_plugins() -> None:
    done = subprocess.run([sys.executable, "-m", "snakemake", "--help"], capture_output=True, text=True, check=True)
    known = set(re.findall(r"--([a-z0-9-]+)", done.stdout))
    assert set(yaml.safe_load((PROFILE / "config.yaml").read_text(encoding="utf-8"))) <= known
    assert {"kubernetes-namespace", "storage-s3-endpoint-url", "storage-s3-access-key"} <= known


def test_a_dry_run_finds_every_job_with_all_files_in_the_bucket(project: Path, server: str) -> None:
    code, text = snakemake(project, project.parent / "pods", server, "-n")
    assert code == 0, text
    counts = dict(re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE))
    assert (counts["embed"], counts["characters"], counts["report"]) == (str(len(EPISODES)), "1", "1")


def test_a_pod_is_asked_for_an_episode_with_its_memory(project: Path, server: str) -> None:
    _, text = snakemake(project, project.parent / "pods", server, "--keep-going", runs=False)
    found = manifests(project)
    assert len(found) == len(EPISODES), text
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
    for kind in ("parquet", "tar"):
        stills = f"data/stills/{SERIES}/{EPISODES[0]}.{kind}"
        client(server).put_object(Bucket=BUCKET, Key=PREFIX + stills, Body=b"table")
    target = f"data/detect/{SERIES}/{EPISODES[0]}.parquet"
    pods = project.parent / "pods"
    _, text = snakemake(project, pods, server, "--allowed-rules", "detect", "--", target, runs=False)
    assert (pods / "manifests.jsonl").is_file(), text
    spec = manifests(project)[0]["spec"]["template"]["spec"]
    assert spec["containers"][0]["resources"]["requests"]["nvidia.com/gpu"] == "1"
    assert [toleration["key"] for toleration in spec["tolerations"]] == ["nvidia.com/gpu"]


def test_what_a_failed_job_said_is_said_at_the_end(project: Path, server: str) -> None:
    script = project / "scripts/frames.py"
    script.write_text('import sys\nprint("error: cut short")\nsys.exit(1)\n', encoding="utf-8")
    target = f"data/shots/{SERIES}/{EPISODES[0]}.parquet"
    code, text = snakemake(project, project.parent / "pods", server, "--", target)
    assert code == 1
    assert f"error: cut short (log: logs/frames/{SERIES}/{EPISODES[0]}.log)" in text


def test_what_git_does_not_know_no_pod_would_have(project: Path, server: str) -> None:
    path = project / f"corrections/{SERIES}/{EPISODES[0]}/tags.csv"
    path.parent.mkdir(parents=True)
    path.write_text("still,person,tag,value\n", encoding="utf-8")
    code, text = snakemake(project, project.parent / "pods", server, "-n")
    relative = path.relative_to(project).as_posix()
    assert code == 1
    assert f"error: {relative}: not known to git, by which jobs elsewhere get it; git add {relative}" in text


def test_every_job_runs_in_pods_and_a_correction_makes_anew_what_follows(project: Path, server: str) -> None:
    pods = project.parent / "pods"
    code, text = snakemake(project, pods, server)
    said = "".join(path.read_text(encoding="utf-8") for path in pods.glob("*.log"))
    assert code == 0, text + said
    assert NOTHING in snakemake(project, pods, server, "-n")[1]

    bring_home(project, server)
    assert (project / f"models/{RUN}/checkpoints/a.safetensors").is_file()
    at_home = [sys.executable, "-m", "snakemake", "-n", "--cores", "1"]
    done = subprocess.run(at_home, cwd=project, capture_output=True, text=True, check=False)
    assert NOTHING in done.stdout + done.stderr, done.stdout + done.stderr

    path = project / f"corrections/{SERIES}/{EPISODES[0]}/tags.csv"
    path.parent.mkdir(parents=True)
    path.write_text("still,person,tag,value\n", encoding="utf-8")
    git_add(project)
    text = snakemake(project, pods, server, "-n")[1]
    counts = dict(re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE))
    assert counts.items() >= {"tag": "1", "crop": "1", "embed": "1", "characters": "1", "train": "1"}.items(), text
    assert not counts.keys() & {"probe", "stills", "detect", "quality", "review"}
