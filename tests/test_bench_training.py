"""bench.training: all who train do so, at tiny size, and the table has them."""

import re
from pathlib import Path
from types import SimpleNamespace

from bench import training

LORA = """
import torch

class LoRANetwork(torch.nn.Module):
    def __init__(self, text_encoders, unet, lora_dim, alpha, varbose):
        super().__init__()
        self.down = torch.nn.Linear(4, lora_dim, bias=False)
        self.unet = [unet]

    def apply_to(self, text_encoders, unet, to_text, to_unet):
        layer = unet.conv_in
        bias = torch.nn.Parameter(layer.bias.detach().clone())
        layer.bias, self.bias = bias, bias
"""


def rows(said: str, title: str) -> dict[str, list[str]]:
    part = said.split(title, 1)[1].split("\n\n## ")[0]
    return {
        cells[0]: cells[1:] for line in re.findall(r"^\| (.+) \|$", part, re.MULTILINE) if (cells := line.split(" | "))
    }


def test_all_train_and_fast_losses_are_near(capsys, tmp_path: Path):
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks/lora.py").write_text(LORA)
    options = ["--tiny", "--rounds", "1", "--batches", "2", "--steps", "3", "--kohya", str(tmp_path)]
    assert training.main(options) == 0
    said = capsys.readouterr().out
    speeds = rows(said, "## tiny, batch 2, latents 8x8, one thread")
    names = ["genga", "genga, fast", "genga, fast, bfloat16", "diffusers and peft", "diffusers and peft, bfloat16"]
    assert list(speeds) == ["who", *names, "kohya", "kohya, bfloat16"]
    assert speeds["kohya"][-1] == speeds["diffusers and peft"][-2] == "1.00"
    assert all(float(cells[0]) > 0 and 100 < float(cells[2]) < 2000 for name, cells in speeds.items() if name != "who")
    losses = rows(said, "## Losses of 3 steps")
    assert float(losses["genga, fast"][1]) <= 1e-5 and 0 < float(losses["genga, fast, bfloat16"][1]) <= 1e-2


def test_without_kohya_and_without_a_gpu_it_says_so(capsys):
    assert training.main(["--device", "cuda"]) in (0, 1)
    said = capsys.readouterr().out
    assert "kohya: left out (--kohya names its folder)" in said
    assert training.main(["--tiny", "--kohya", "nowhere", "--rounds", "0", "--batches", "--steps", "0"]) == 0
    assert "kohya: no sd-scripts in 'nowhere'" in capsys.readouterr().out


def test_who_fails_is_named_and_the_others_are_in_the_table(capsys, monkeypatch):
    took = {"cpu": [2.0, 4.0, 3.0], "wall": [2.0], "memory": 100.0}
    said = {"genga": took, "diffusers and peft": {**took, "cpu": [6.0]}, "kohya": {"error": "no room"}}
    monkeypatch.setattr(training, "child", lambda name, job: said[name])
    training.on_cpu(list(said), SimpleNamespace(size="SD 1.5", batch=1, side=256), 1)
    printed = capsys.readouterr().out
    assert rows(printed, "## SD 1.5")["genga"] == ["3", "2", "100", "2.00"]
    assert printed.splitlines()[-1] == "kohya: failed: no room"
