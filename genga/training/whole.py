"""A run's model as a whole base: what UIs and diffusers load without anything beside it, its LoRA baked in."""

from pathlib import Path

from genga.errors import GengaError
from genga.store.files import read_facts
from genga.store.folders import replacing_folder
from genga.training import tensor_file
from genga.training.applied import applied, of_expert
from genga.training.checkpoints import Checkpoint, read_checkpoints, verified
from genga.training.device import DTYPES
from genga.training.families.family import LoadedBase

BY_TORCH = ".pth"  # as the code of older bases reads, and UIs that run it


def write_file(loaded: LoadedBase, checkpoint: Checkpoint, listed: Path, out: Path, precision: str) -> None:
    """Write a base as a checkpoint makes it, as one file in the layout that UIs load: .safetensors, or torch's .pth.

    listed: the run's checkpoints.json; precision: of its weights, by its name in params.yaml.
    """
    file, is_whole, expert = _of(checkpoint, listed)
    loaded = of_expert(loaded, expert)
    with applied(loaded, file, is_whole):
        tensors = tensor_file.in_precision(loaded.family.whole(loaded.base, {}), DTYPES[precision])
        if out.suffix == BY_TORCH:
            tensor_file.write_by_torch(out, tensors)
        else:
            tensor_file.write(out, tensors, _about(file, checkpoint))


def check_ending(out: Path) -> None:
    """Raise GengaError for a file that is to be called as if it were of another kind than is written."""
    if out.suffix not in (".safetensors", BY_TORCH):
        raise GengaError(f"{out}: is written as .safetensors, or as torch's {BY_TORCH}; call it so")


def write_folder(loaded: LoadedBase, checkpoint: Checkpoint, listed: Path, out: Path) -> None:
    """Write a base as a checkpoint makes it, as a diffusers folder; one from an earlier export is replaced."""
    file, is_whole, expert = _of(checkpoint, listed)
    loaded = of_expert(loaded, expert)
    with applied(loaded, file, is_whole), replacing_folder(out) as folder:
        loaded.family.write_folder(loaded.base, {}, folder)


def _of(checkpoint: Checkpoint, listed: Path) -> tuple[Path, bool, str | None]:
    """A checkpoint's file, held to its sha256, whether it has all weights, and the expert that it is of."""
    facts = read_facts(listed)
    file = verified({"file": checkpoint.file, "sha256": checkpoint.sha256})
    return file, facts["method"] == "full", facts.get("expert")


def _about(file: Path, checkpoint: Checkpoint) -> dict[str, str]:
    about = tensor_file.read_metadata(file)
    kept = {key: value for key, value in about.items() if key.startswith("modelspec.")}
    architecture = kept.get("modelspec.architecture", "").removesuffix("/lora")
    return {**kept, "modelspec.architecture": architecture, "modelspec.merged_from": checkpoint.sha256}


def chosen(run: str, step: int | None, selected: int | None) -> Checkpoint:
    """Return a run's checkpoint: of a step, else the selected one, else its last."""
    known = read_checkpoints(Path("models", run, "checkpoints.json"))
    wanted = step if step is not None else selected
    return known.at(wanted) if wanted is not None else known.all[-1]
