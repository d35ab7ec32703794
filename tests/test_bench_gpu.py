"""bench.gpu: on a machine without CUDA, and what it makes of an answer that is off, and of nvidia-smi's words."""

import importlib
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tiny_base import save_tiny_base

from bench import _gpu, gpu
from bench._absent import absent
from bench._gpu import Findings, Seen, apart, read
from genga.errors import GengaError

ROOT = Path(__file__).resolve().parent.parent
CPU = torch.device("cpu")


def test_the_cpu_agrees_with_itself(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(_gpu, "LONGEST", 0.05)
    assert gpu.main(["--seconds", "60", "--base", str(save_tiny_base(tmp_path / "base"))]) == 0
    said = capsys.readouterr().out
    assert "no CUDA here: the CPU is compared with itself, at tiny size" in said
    rows = dict(re.findall(r"^\| (.+?) \| ([^|]+) \|", said, re.MULTILINE))
    assert rows["detector face, corners, px"] == rows["embedder, differences"] == "0"
    assert rows["trainer, float32 without TF32, losses"] == rows["sampler, float32 without TF32, levels"] == "0"
    assert 0 < float(rows["trainer, bfloat16, losses"]) < 0.02
    for what in (
        "detector, 320x192",
        "tagger",
        "trainer, base base, 64 px, float32",
        "sampler, base base, 64 px, float32",
    ):
        assert float(rows[what]) > 0, what


def test_an_answer_that_is_off_is_named(capsys):
    findings = Findings(end=0)
    for off in (0.5, 1.5, float("nan")):
        findings.compared(f"tagger {off}", off, 1.0)
    assert findings.wrong == ["tagger 1.5", "tagger nan"]
    assert [line[-6:] for line in capsys.readouterr().out.splitlines()] == [" yes |", "| NO |", "| NO |"]


def test_what_fails_and_what_there_is_no_time_for_is_said(capsys):
    def failing():
        yield 1
        raise GengaError("step 2: the loss is nan")

    Findings(end=0).measured("late", iter([1]), 1, CPU)
    Findings(time.monotonic() + 9).measured("failing", failing(), 1, CPU)
    assert capsys.readouterr().out.splitlines() == [
        "| late | no time left | | |", "| failing | step 2: the loss is nan | | |",
    ]  # fmt: skip


def test_nvidia_smi_is_read():
    seen = Seen()
    read("0, 500\n0, 500\n50, 1000\n[N/A], 1000\n100, 1200\n7", seen)
    assert (seen.busy, seen.memory) == ([0.5, 1.0], [1000.0, 1200.0])


def test_how_far_two_loras_are_apart():
    def of(up):
        return {"a.lora_down.weight": torch.eye(2), "a.lora_up.weight": torch.tensor(up), "a.alpha": torch.tensor(2.0)}

    assert apart(of([[3.0, 0.0], [0.0, 3.0]]), of([[3.0, 0.0], [0.0, 4.0]])) == pytest.approx(0.2)


def test_absent_packages_are_stood_in_for_and_gone_again():
    with absent(("no_such_package", "json")) as missing:
        module = importlib.import_module("no_such_package.part")
        kind = type("Kind", (module.Model,), {"number": module.field(ge=1)})
        assert module.Int | type[module.Int]
        assert kind(number=3).number == 3
    assert missing == ["no_such_package"]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_package")


def test_it_helps():
    done = subprocess.run([sys.executable, "-m", "bench.gpu", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert "--seconds" in done.stdout and "the GPU's memory" in done.stdout
