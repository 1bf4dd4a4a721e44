"""About how long each stage takes on a quiet machine of two cores, from how much there is to do.

The rates are rounded from whole runs of MNIST, Census-Income and folders of pictures, large and
small.  They are a rough guess and are said to be one: other disks, other processors and busy
neighbours easily make a factor of three.  They matter twice: as the only answer before the first
run, and afterwards as the yardstick that scales what this home measured to more rows, more epochs
or another model.

What a model costs, its step says; a user's own need not, and then only a budget or an earlier run
gives its time.

Cost: arithmetic only.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from stoker.core.steps import expect, find_step, step_name
from stoker.models import Estimator, Model, Network
from stoker.networks.stages import Shape
from stoker.pipeline.candidates import plain_model
from stoker.pipeline.plan.extent import Extent
from stoker.recipe.model import Recipe, Train
from stoker.train.presets import choose_model

GFLOPS = 200.0
"""Float32 matrix products of the two cores that the rates come from."""

_STEP_S, _PICTURE_STEP_S = 0.4e-3, 6e-3
"""Seconds of a step beside its multiplications: a network for pictures calls some hundred small
operations in it, which is most of a step of 16 rows."""

_SIDE, _LARGEST_AUTO = 64, 256
_PROBE_SIDE, _PROBES = 96, 300


@dataclass(frozen=True)
class Effort:
    """What a stage takes by the built-in rates."""

    seconds: float
    kind: str
    """Of data and model; times of one kind say something about others of that kind."""


def efforts(recipe: Recipe, extent: Extent, gflops: float = GFLOPS) -> dict[str, Effort]:
    """About what each stage takes; one is absent where nobody can tell.

    Args:
        recipe: What is to be done.
        extent: How large its data is.
        gflops: Float32 matrix products of this machine, in billions of operations a second.
    """
    inputs = seen_by_model(recipe, extent)
    main = main_model(recipe, inputs, extent)
    plain = plain_model(has_pictures=inputs.picture is not None)
    baseline = find_step("stoker.models", plain, Model)()
    found = {
        "acquire": _acquire(extent),
        "clean": _clean(recipe, extent),
        "split": 0.05 + 3e-6 * extent.rows,
        "profile": _profile(extent),
        "prepare": _prepare(extent, inputs),
        "train": _train(main, recipe.train, extent, inputs, gflops),
        "baseline": _train(baseline, Train(preset="fast"), extent, inputs, gflops),
        "compress": _compress(main, extent, inputs, gflops),
        "evaluate": _evaluate(recipe, main, extent, inputs, gflops),
        "bundle": 0.1,
    }
    data = "pictures" if extent.encoded else "pixels" if extent.picture else "table"
    kinds = dict.fromkeys(("train", "compress", "evaluate"), f"{data} {step_name(main)}")
    return {
        stage: Effort(round(seconds, 3), kinds.get(stage, data))
        for stage, seconds in found.items()
        if seconds is not None
    }


def measure_gflops(threads: int) -> float:
    """Billions of operations a second of float32 matrix products, when nobody else disturbs them.

    Costs about five milliseconds.  NumPy's product stands for torch's, whose import would take
    longer than everything else that a plan does.  It is so small that NumPy uses one thread, and
    the best of many meets no neighbour even on a busy machine; threads are taken to multiply it.

    Args:
        threads: How many will be used.
    """
    left = np.ones((_PROBE_SIDE, _PROBE_SIDE), np.float32)
    best = float("inf")
    for _ in range(_PROBES):
        begin = perf_counter()
        left @ left
        best = min(best, perf_counter() - begin)
    return threads * 2 * _PROBE_SIDE**3 / best / 1e9


@dataclass(frozen=True)
class Seen:
    """What the model sees of a row."""

    picture: Shape | None
    columns: int
    outputs: int

    @property
    def numbers(self) -> int:
        """Numbers that one row has as tensors."""
        return self.columns + (int(np.prod(self.picture)) if self.picture else 0)

    def work_of(self, model: Model) -> int | None:
        """Multiplications for the answer to one row; None where nobody can tell."""
        return model.multiplications(self.picture, self.columns, self.outputs)


def seen_by_model(recipe: Recipe, extent: Extent) -> Seen:
    """What the model will see of a row, as far as the recipe and a look at the files tell."""
    features = recipe.inputs or {}
    images = [feature for feature in features.values() if step_name(feature) == "image"]
    shape = extent.picture if images or not features else None
    if images or shape:
        shape = _as_told(shape or (3, _SIDE, _SIDE), images[0] if images else None)
    columns = len(features) - len(images) if features else extent.num_columns - 1
    regress = step_name(recipe.task) == "regress"
    return Seen(shape, columns, 1 if regress else extent.classes or (10 if shape else 2))


def _as_told(shape: Shape, image: Any) -> Shape:
    """The size that the image feature gives pictures of this size."""
    channels, height, wide = shape
    if image is None or image.size == "auto":
        height, wide = (height, wide) if max(height, wide) <= _LARGEST_AUTO else (_SIDE, _SIDE)
    else:
        height, wide = (image.size,) * 2 if isinstance(image.size, int) else image.size
    told = "auto" if image is None else image.channels
    return channels if told == "auto" else int(told), int(height), int(wide)


def main_model(recipe: Recipe, inputs: Seen, extent: Extent) -> Model:
    """The recipe's model, or the one that the preset will take."""
    if recipe.model is not None:
        return expect(recipe.model, Model)
    model, _ = choose_model(
        recipe.train.preset,
        picture=inputs.picture,
        has_table=bool(inputs.columns),
        num_rows=extent.parts["train"],
        given=recipe.train.given,
    )
    return model


def _acquire(extent: Extent) -> float:
    cells = 0 if extent.picture else extent.rows * extent.num_columns
    return 0.3 + extent.size_bytes / 120e6 + 150e-6 * extent.num_files + 0.1e-6 * cells


def _decode(extent: Extent, rows: int) -> float:
    """Seconds to decode the pictures of some rows; raw pixels are only copied."""
    if extent.picture is None:
        return 0.0
    return rows * (40e-6 + extent.picture_bytes / 40e6) if extent.encoded else rows * 3e-6


def _clean(recipe: Recipe, extent: Extent) -> float:
    columns = 1 if extent.picture else extent.num_columns
    steps = len(recipe.data.clean) * extent.rows * (2e-6 + 0.05e-6 * columns)
    return 0.05 + steps + _decode(extent, extent.rows)


def _profile(extent: Extent) -> float:
    cells = 0 if extent.picture else extent.rows * extent.num_columns
    return 0.1 + 0.12e-6 * cells + 0.4e-3 * extent.num_columns


def _prepare(extent: Extent, inputs: Seen) -> float:
    return 0.1 + 0.14e-6 * extent.rows * inputs.columns + _decode(extent, extent.rows)


def _train(model: Model, told: Train, extent: Extent, inputs: Seen, gflops: float) -> float | None:
    rows = extent.parts["train"]
    checked = extent.parts["validation"] * (0.3e-6 * inputs.columns)
    checked += _decode(extent, extent.parts["validation"])
    if isinstance(model, Estimator):
        fitted = model.fit_seconds(rows, inputs.columns, inputs.outputs)
        return None if fitted is None else fitted + checked
    work = inputs.work_of(model)
    if work is None:
        return None
    habits, known = expect(model, Network).habits, max(1, rows)
    seen = rows * (told.epochs or habits.num_epochs(told.preset, known))
    batch_size = told.batch_size or habits.num_batch_rows(known)
    # A step multiplies three times: for the answer, the weights' and the layers' gradients.
    floating = 6 * work * seen / (0.45e9 * gflops)
    step_s = _PICTURE_STEP_S if inputs.picture else _STEP_S
    handled = seen * (1e-6 + 2e-9 * inputs.numbers) + step_s * seen / batch_size
    return 1.0 + floating + handled + checked


def _compress(model: Model, extent: Extent, inputs: Seen, gflops: float) -> float | None:
    work = inputs.work_of(model)
    if work is None:
        return None
    if isinstance(model, Estimator):
        return 1.0
    return 2.0 + 2 * _answer(work, extent.parts["validation"], gflops)


def _evaluate(
    recipe: Recipe, model: Model, extent: Extent, inputs: Seen, gflops: float
) -> float | None:
    """The model, its compressed candidate perhaps, baseline and constant, on the scored rows."""
    rows = extent.parts["test"] or extent.parts["validation"]
    work = inputs.work_of(model)
    if work is None:
        return None
    reading = 3 * (rows * (3e-6 + 0.5e-6 * inputs.columns) + _decode(extent, rows))
    drawing = 2 * recipe.evaluate.resamples * rows * (8e-9 + 5e-9 * inputs.outputs)
    return 0.3 + reading + drawing + 2 * _answer(work, rows, gflops)


def _answer(work: int, rows: int, gflops: float) -> float:
    """Seconds of the graph to answer rows, on one thread."""
    return rows * work * 2 / (0.45e9 * gflops)
