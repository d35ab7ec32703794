"""Judge how good a still looks to people: by a classifier in ONNX, by its contract in models.yaml.

Without a word about it a classifier is as deepghs publish theirs (imgutils.generic.classify): NCHW float32, RGB, the
image stretched bilinearly to the graph's size, else 384 px, and scaled to -1..1; output: probabilities of the labels in
`meta.json`. The score is what its labels are worth (genga.params.models.ClassifierContract), averaged by these: of
deepghs/anime_aesthetic 0, all worst, to 6, all masterpiece.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.images.image import Image, pictures, takes
from genga.models.preparation import How, of_contract, read_stages, shape_of
from genga.models.registry import Registry, models_of
from genga.params.models import ClassifierContract
from genga.store.files import read_json

ROLE = "aesthetic"

Array = npt.NDArray[np.float32]

_SIZE = 384  # px, where neither contract nor graph say one
_SLACK = 0.01  # by which probabilities may miss 0..1 and their sum of 1: half precision


class Judge:
    """A classifier ready to run."""

    def __init__(
        self,
        model: Path,
        labels: Path,
        contract: ClassifierContract,
        stages: Path | None = None,
        device: str = "auto",
        threads: int = 2,
    ) -> None:
        """Open graph and labels. stages: its `preprocess.json`. Raises GengaError if one is not what it should be."""
        # Here, so that stages in which no model judges do not wait for the runtime.
        from genga.models import onnx

        self._model, self._file, self._contract = model, labels, contract
        names = read_labels(labels)
        if (unlike := sorted({*names} ^ {*contract.scores})) or len({*names}) < len(names):
            raise GengaError(
                f"{labels}: its labels are {', '.join(names)}, and what they are worth is said of "
                f"{', '.join(contract.scores)} ({', '.join(unlike) or 'one stands twice'}); write "
                f"contract: {{scores: {{label: worth}}}} in models.yaml (role {ROLE})"
            )
        self._worth = np.array([contract.scores[name] for name in names])
        self._session = onnx.session(model, device, threads)
        self._run = partial(onnx.run, self._session)
        self._how = self._preparation(self._session.get_inputs()[0].shape, stages)
        self._output = self._named_output()

    def __call__(self, images: Sequence[Image]) -> list[float]:
        """Return the score of each image, of at least one, rounded to four decimals."""
        answer = self._run(pictures(images).given(self._how), self._output)
        if answer.ndim != 2 or answer.shape[1] != len(self._worth):
            raise GengaError(
                f"{self._file}: has {len(self._worth)} labels but {self._model} answers {list(answer.shape[1:])} "
                f"(role {ROLE}); they are not of one revision: genga models pull"
            )
        found = (self._probabilities(answer.astype(np.float64)) * self._worth).sum(axis=1)
        return [round(float(score), 4) for score in found]

    def _probabilities(self, answer: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        if self._contract.activation == "logits":
            powers = np.exp(answer - answer.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)  # softmax: of the labels one is right
        if answer.min() < -_SLACK or np.abs(answer.sum(axis=1) - 1).max() > _SLACK:
            said = ", ".join(f"{value:.3g}" for value in answer[0])
            raise GengaError(
                f"{self._model}: answers {said}, which are no probabilities of labels (role {ROLE}); write "
                f"contract: {{activation: logits}} in models.yaml, or name another output"
            )
        return answer

    def _preparation(self, shape: Sequence[Any], stages: Path | None) -> How:
        """How images are prepared, for what the graph takes. shape: of its input, four sides, numbers or names."""
        sides = shape[1:3] if self._contract.layout == "NHWC" else shape[2:4]
        size = self._contract.size or next((side for side in sides if isinstance(side, int)), _SIZE)
        how = of_contract(self._contract, (size, size)) if stages is None else read_stages(stages)
        wanted = shape_of(how)
        if not takes(shape, wanted):
            raise GengaError(
                f"{self._model}: input is {shape}, expected a classifier's [N, {', '.join(map(str, wanted))}] (role "
                f"{ROLE}, as {stages or 'models.yaml'} has it); it is another model, or its contract is another's"
            )
        return how

    def _named_output(self) -> str | None:
        """The output that the contract names; None: the first."""
        names = [output.name for output in self._session.get_outputs()]
        if self._contract.output is not None and self._contract.output not in names:
            raise GengaError(
                f"{self._model}: has no output {self._contract.output} (role {ROLE}), but {', '.join(names)}; "
                "name one of them in models.yaml (contract.output)"
            )
        return self._contract.output


def read_labels(path: Path) -> list[str]:
    """Return labels in the order of the output: `labels` of a meta.json, or `id2label` of a transformers config.json.

    Raises GengaError if it has neither.
    """
    said = read_json(path)
    try:
        if "id2label" in said:
            numbered = {int(number): str(name) for number, name in said["id2label"].items()}
            return [numbered[number] for number in range(len(numbered))]
        if isinstance(said["labels"], list):
            return [str(name) for name in said["labels"]]
    except (TypeError, KeyError, ValueError, AttributeError):
        pass
    raise GengaError(f"{path}: has no list `labels`, no `id2label` of 0, 1, …; it is no meta.json: genga models pull")


def judge_of(models: str, threads: int = 2) -> Callable[[Sequence[Image]], list[float]] | None:
    """Return the judge of the set that `--models` names (genga.models.registry.models_of), as `open_judge` does."""
    return open_judge(models_of(models), threads)


def open_judge(registry: Registry, threads: int = 2) -> Callable[[Sequence[Image]], list[float]] | None:
    """Return the registry's judge, its files verified; None if no model plays that role."""
    if ROLE not in registry.models:
        return None
    model, contract = registry.model(ROLE).verify(), registry.model(ROLE).entry.contract
    assert isinstance(contract, ClassifierContract)  # of that role: genga.models.models_file
    stages = model.part("preprocess") if "preprocess" in model.entry.files else None
    return Judge(model.part("model"), model.part("labels"), contract, stages, registry.section.device, threads)
