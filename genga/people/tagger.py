"""Booru taggers in ONNX, each by its contract in models.yaml (genga.params.models.Contract).

Without a word about it a tagger is of the WD v3 family (SmilingWolf): NHWC float32, BGR, 0..255, the image padded to a
white square; the size is read from the graph. Output: probabilities, a column per row of `selected_tags.csv`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.images.image import Image, pictures, takes
from genga.models import onnx
from genga.models.preparation import How, of_contract, read_stages, shape_of
from genga.models.registry import Model, Registry
from genga.params.models import Contract
from genga.people.ensemble import Ensemble, TagScorer, on_one_scale
from genga.people.labels import FETCH, Labels, Tag, read_labels, read_thresholds

Scores = npt.NDArray[np.float32]  # (images, tags), 0..1
WD = Contract()  # what a tagger is that says nothing of itself
_SLACK = 0.01  # by which a probability may be beyond 0..1: half precision


@dataclass(frozen=True)
class Files:
    """Beside graph and labels, where there are any: what says how images are prepared, and thresholds."""

    preprocess: Path | None = None
    thresholds: Path | None = None


class Tagger:
    """A tagger ready to run. `tags`: what the columns of `scores` stand for; `counts`: images per tag in training.

    A tagger that knows which works its characters are of answers for the works, too, in columns after its own.
    """

    def __init__(
        self,
        model: str | Path,
        tags: str | Path,
        device: str = "auto",
        threads: int = 2,
        contract: Contract = WD,
        name: str = "",
        files: Files = Files(),
    ) -> None:
        """Open graph and labels. Raises GengaError if one cannot be read, or is not what the contract says."""
        self.name = name or Path(model).parent.name
        self._model, self._file, self._contract = str(model), str(tags), contract
        labels = read_labels(tags, contract.labels)
        self._width = len(labels.tags)
        self._session = onnx.session(model, device, threads)
        self.how = self._preparation(files.preprocess)
        self._output = self._scores_output()
        self._columns = _columns(labels)
        self._is_plain = [of for _, of in self._columns] == [[i] for i in range(self._width)]
        self.tags = [tag for tag, _ in self._columns]
        self.counts = [sum(labels.counts[i] for i in of) for _, of in self._columns]
        self.thresholds = self._thresholds(labels, files.thresholds)  # of each tag; None: it has none of its own

    def scores(self, images: Sequence[Image]) -> Scores:
        """Return (N, tags) float32 for N images, on the scale that all taggers share (`on_one_scale`)."""
        return on_one_scale(self.probabilities(images), self.thresholds)

    def probabilities(self, images: Sequence[Image]) -> Scores:
        """Return (N, tags) float32 for N images, as the tagger itself says."""
        if not images:
            return np.zeros((0, len(self.tags)), np.float32)
        answer = onnx.run(self._session, pictures(images).given(self.how), self._output)
        if answer.ndim != 2 or answer.shape[1] != self._width:
            raise self._mismatch(answer.shape[-1])
        if self._contract.activation == "logits":
            answer = (0.5 + np.tanh(answer.astype(np.float64) / 2) / 2).astype(np.float32)  # the logistic function
        elif answer.size and not (answer.min() >= -_SLACK and answer.max() <= 1 + _SLACK):
            raise GengaError(
                f"{self._model}: answers {answer.min():.3g} to {answer.max():.3g}, which are no probabilities "
                f"(model {self.name}); write contract: {{activation: logits}} in models.yaml, or name another output"
            )
        return answer if self._is_plain else self._by_tag(answer)

    def _by_tag(self, answer: Scores) -> Scores:
        """A column for each tag: of a work the best of its characters."""
        return np.stack([answer[:, of].max(axis=1) for _, of in self._columns], axis=1)

    def _preparation(self, stages: Path | None) -> How:
        """How images are prepared, for what the graph takes."""
        shape = self._session.get_inputs()[0].shape
        if stages is not None:
            how: How = read_stages(stages)
            self._check(shape, shape_of(how), stages.as_posix())
            return how
        sides = slice(1, 3) if self._contract.layout == "NHWC" else slice(2, 4)
        known = [side for side in shape[sides] if isinstance(side, int)] if len(shape) == 4 else []
        size = self._contract.size or (known[0] if known else 0)
        layout = [size, size, 3] if self._contract.layout == "NHWC" else [3, size, size]
        if not size:
            raise self._another(shape, "N, size, size, 3" if layout[0] == size else "N, 3, size, size")
        self._check(shape, layout, "models.yaml")
        return of_contract(self._contract, (size, size))

    def _check(self, shape: Sequence[Any], wanted: Sequence[int], by: str) -> None:
        """Raise GengaError unless the graph's input takes an image of the shape `wanted`."""
        if not takes(shape, wanted):
            raise self._another(shape, f"N, {', '.join(map(str, wanted))}", by)

    def _another(self, shape: Sequence[Any], wanted: str, by: str = "models.yaml") -> GengaError:
        return GengaError(
            f"{self._model}: input is {shape}, expected a tagger's [{wanted}] (model {self.name}, as {by} has it); "
            "it is another model, or its contract in models.yaml is another's"
        )

    def _scores_output(self) -> str:
        """The output that the contract names; else the one as wide as the labels (some exports add an embedding); the
        first if no width is written."""
        outputs = self._session.get_outputs()
        widths = {output.name: output.shape[-1] if output.shape else None for output in outputs}
        if (named := self._contract.output) is not None:
            if named not in widths:
                raise GengaError(
                    f"{self._model}: has no output {named} (model {self.name}), but {', '.join(widths)}; "
                    "name one of them in models.yaml (contract.output)"
                )
            widths = {named: widths[named]}
        found = next((name for name, width in widths.items() if width == self._width), None)
        first, width = next(iter(widths.items()))
        if found is None and isinstance(width, int):
            raise self._mismatch(width)
        return found or first

    def _mismatch(self, width: int) -> GengaError:
        return GengaError(
            f"{self._file}: has {self._width} tags but {self._model} answers {width} (model {self.name}); "
            "they are not of one revision: genga models pull"
        )

    def _thresholds(self, labels: Labels, path: Path | None) -> Scores | None:
        """Each tag's own threshold; NaN, or None for all, where the tagger has none of its own."""
        said: dict[str, float] = {str(category): own for category, own in self._contract.thresholds.items()}
        if self._contract.mode == "best_threshold":
            if labels.best is None:
                raise GengaError(
                    f"{self._file}: has no column best_threshold (model {self.name}); write thresholds, or {FETCH}"
                )
            best = labels.best
            return np.array([max(best[i] for i in of) for _, of in self._columns], np.float32)
        if path is not None:
            said = read_thresholds(path, str(self._contract.mode))
        return np.array([said.get(tag.category, np.nan) for tag in self.tags], np.float32) if said else None


def _columns(labels: Labels) -> list[tuple[Tag, list[int]]]:
    """Each tag with the columns of the answer that speak of it: its own, and of a work those of its characters."""
    own: dict[Tag, list[int]] = {}
    of_works: dict[Tag, list[int]] = {}
    for i, tag in enumerate(labels.tags):
        if tag.name:
            own.setdefault(tag, []).append(i)
        for work in labels.works.get(tag.name, ()):
            of_works.setdefault(Tag(work, "copyright"), []).append(i)
    return [*own.items(), *((work, of) for work, of in of_works.items() if work not in own)]


def open_taggers(registry: Registry, threads: int = 2) -> list[Tagger]:
    """Return every tagger of the registry, in order, its files verified."""
    return [_open(model.verify(), registry.section.device, threads) for model in registry.taggers()]


def _open(model: Model, device: str, threads: int) -> Tagger:
    beside = {part: model.part(part) for part in ("preprocess", "thresholds") if part in model.entry.files}
    graph, labels = model.part("model"), model.part("tags")
    return Tagger(graph, labels, device, threads, model.entry.contract, model.name, Files(**beside))


def open_ensemble(
    registry: Registry,
    threads: int,
    threshold: float,
    calibrated: Callable[[Sequence[Tagger]], Sequence[TagScorer]] = list,
) -> Ensemble:
    """Return the registry's taggers as one.

    threshold: score above which a tagger votes for a tag. calibrated: the taggers as they are to be asked
    (genga.people.calibration).
    """
    taggers = open_taggers(registry, threads)
    return Ensemble(calibrated(taggers), threshold, ", ".join(tagger.name for tagger in taggers))
