"""genga.training.families: found by their names, known to nothing else, and each in the code of its own runs alone."""

import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import rooms
from conftest import ROOT

from genga.errors import GengaError
from genga.models import registry
from genga.models.registry import Model
from genga.params.models import Params
from genga.store.files import read_json
from genga.training.device import DTYPES
from genga.training.families.family import Family, family_file, family_files, family_of, is_moving
from genga.workflow.session import Journal

SD15 = "genga/training/families/sd15.py"
OTHER = "genga/training/families/other.py"
KNOWN = ", ".join(Path(file).stem for file in family_files(ROOT))
# Parts of a model. Only a family names them; `clip_skip` is what people know the parameter by.
PARTS = re.compile(r"(?i:unet|vae\b|text.?encoder|text_model|tokenizer|lora_te_)|CLIP(?!S)|AutoencoderKL|sd_v1")

ENTRY = "{{name: small, knows: little, licence: Apache-2.0, folder: demo/base{family}}}"


def base(folder: Path, family: str = "") -> Model:
    """The base of a models.yaml; family: further keys of its entry."""
    entry = ENTRY.format(family=family)
    (folder / "models.yaml").write_text(f"embedded:\n  base: {entry}\npublished: {{}}\n", encoding="utf-8")
    section = Params(use="embedded", folder="weights", device="cpu", batch=1)
    return registry.load(section, folder).model("base")


@pytest.mark.parametrize("file", family_files(ROOT))
def test_a_file_is_a_family(file: str, tmp_path: Path) -> None:
    model = base(tmp_path, f", family: {Path(file).stem}")
    family = family_of(model)
    assert isinstance(family, Family)
    assert family.side > 0 and family.encoders
    values = {field.name: getattr(family, field.name) for field in fields(Family)}
    for name in ("load_files", "learnt", "encode_clip", "keys_over_time"):
        assert values.pop(name) is None or callable(getattr(family, name))
    assert (experts := values.pop("experts")) is None or all(callable(one) for one in experts)
    assert family.moving == (values.pop("clips") is not None) == is_moving(model)
    assert values.pop("by_frame") in ((False, True) if family.moving else (False,))
    told = ("side", "encoders", "lora_keys", "precisions")
    assert all(callable(value) for name, value in values.items() if name not in told)
    assert "float32" in family.precisions and set(family.precisions) <= set(DTYPES)


def test_a_base_is_of_sd15_unless_its_entry_says_otherwise(tmp_path: Path) -> None:
    assert family_file(base(tmp_path)) == family_file(base(tmp_path, ", family: sd15")) == SD15


@pytest.mark.parametrize("name", ["sd99", "family", "__init__", "../trainer", "_sd15"])
def test_an_unknown_family_is_one_line_that_names_the_key(tmp_path: Path, name: str) -> None:
    with pytest.raises(GengaError) as error:
        family_of(base(tmp_path, f", family: {name}"))
    assert str(error.value) == f"models.yaml:embedded.base.family: there is no family {name} (families: {KNOWN})"


def test_the_families_of_our_bases_are_known() -> None:
    for use in ("embedded", "published"):
        family_file(registry.load(Params(use=use, folder="weights", device="cpu", batch=1), ROOT).model("base"))


def named(sources: rooms.Sources) -> list[str]:
    """Lines of training, sampling and evaluation that name a part of a model, families aside."""
    return [
        f"{module}:{number}: {line.strip()}"
        for module, source in sources.items()
        if rooms.room_of(module) in ("training", "evaluation") or module in ("scripts.train", "scripts.sample")
        # which know published files' layouts
        if not module.startswith(("training.families.", "training.choices", "training._layouts.", "training._merge."))
        for number, line in enumerate(source.splitlines(), 1)
        if PARTS.search(line)
    ]


def test_nothing_but_a_family_names_a_part_of_a_model() -> None:
    assert named(rooms.sources_of(ROOT)) == []


@pytest.mark.parametrize(
    "line",
    [
        "loaded.base.unet(noisy)",
        "# what the VAE makes",
        "if params.text_encoder:",
        "from transformers import CLIPTextModel",
        '"lora_te_text_model_"',
    ],
)
def test_a_name_of_a_part_is_seen(line: str) -> None:
    assert named({"training.trainer": f"x = 1\n{line}"}) == [f"training.trainer:2: {line}"]
    assert named({"training.families.sd15": line, "people.tag": line}) == []


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The code of the project with one more family, which knows nothing of the first one."""
    for name in ("genga", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / OTHER).write_text("from genga.training.noise import schedule_of\n\nFAMILY = None\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keys(project: Path) -> dict[str, str]:
    """The key of the code of a run of either family, and of a stage that is for both alike."""
    journal = Journal(project)
    runs = {f"{stage} {Path(file).stem}": journal.code(stage, file)
            for stage in ("train", "sample", "evaluate") for file in (SD15, OTHER)}  # fmt: skip
    return {**runs, "report": journal.code("report", *journal.families("report"))}


def changed(project: Path, file: str) -> set[str]:
    """Which of `keys` change with a file."""
    before = keys(project)
    with open(project / file, "a", encoding="utf-8") as added:
        added.write("\n_ADDED = 1\n")
    after = keys(project)
    return {name for name in before if before[name] != after[name]}


def test_a_family_is_in_the_code_of_its_own_runs_alone(project: Path) -> None:
    assert len(set(keys(project).values())) == 7
    assert changed(project, OTHER) == {"train other", "sample other", "evaluate other"}
    assert changed(project, SD15) == {"train sd15", "sample sd15", "evaluate sd15"}
    assert changed(project, "genga/training/families/_sd15/lora.py") == {"train sd15", "sample sd15", "evaluate sd15"}
    assert changed(project, "genga/training/trainer.py") == {"train sd15", "train other"}


def test_every_family_is_in_the_code_of_a_phase(project: Path) -> None:
    def written() -> dict[str, str]:
        command = [sys.executable, "-m", "genga.workflow.code_hash", "by-dvc.json"]
        subprocess.run(command, check=True, env={"PYTHONPATH": str(ROOT)}, cwd=project)
        Journal(project).write_code()
        assert read_json("by-dvc.json") == read_json("data/code.json")
        return dict(read_json("by-dvc.json"))

    before = written()
    (project / OTHER).write_text("FAMILY = 1\n", encoding="utf-8")
    after = written()
    assert {stage for stage in before if before[stage] != after[stage]} == {"train", "sample", "evaluate"}
