"""Load a bundle for serving: verify, open, name, and warm up.

Every batch size is run once before the worker says that it is ready, because the first run of each
size plans and allocates memory; at most a second is spent on it, the sizes that will be used most
(1, 2, 4, 8 ...) first.  At most another second goes into the choice of threads, if there is one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stoker.core.errors import ArtifactError
from stoker.serve.serve_settings import ServeSettings
from stoker.serve.served_model import ServedModel, is_image, zero_tensors
from stoker.serve.thread_trial import choose, measure

if TYPE_CHECKING:
    from stoker.bundle.predictor import Predictor
    from stoker.bundle.read import Bundle

_WARM_S = 1.0
_TRIED_ROWS = 8
_VERSION_DIGITS = 12


def load_model(
    bundle: Path, settings: ServeSettings, name: str | None = None, version: str | None = None
) -> ServedModel:
    """The model of a bundle, ready to answer.

    Args:
        bundle: Folder of the bundle.
        settings: Threads and batch size.
        name: What to call it; the bundle's own name if absent.
        version: Its version; the first 12 digits of the bundle's digest if absent.

    Raises:
        ArtifactError: If the bundle is missing, damaged or of a newer format.
        RecipeError: If there is a threshold, and the model does not choose between two classes.
    """
    from stoker.bundle.read import open_bundle

    opened = open_bundle(bundle)
    predictors = {count: _predictor(opened, count, settings) for count in settings.thread_choices}
    trial_s = _try(predictors, min(_TRIED_ROWS, settings.max_batch))
    predictor = predictors[choose(trial_s)]
    name = name or str(predictor.info["name"])
    version = version or str(predictor.info["digest"])[:_VERSION_DIGITS]
    if "/" in name or "/" in version:
        raise ArtifactError(f"{name} {version} cannot be part of a path", expected="no '/'")
    model = ServedModel(predictor, name, version, trial_s)
    warm(model, settings.max_batch)
    return model


def _predictor(opened: Bundle, threads: int, settings: ServeSettings) -> Predictor:
    from stoker.bundle.predictor import Predictor

    predictor = Predictor(opened, threads)
    if settings.threshold is None:
        return predictor
    return predictor.with_threshold(settings.threshold, "serve.threshold")


def _try(predictors: dict[int, Predictor], num_rows: int) -> dict[int, float]:
    """Seconds of one batch by number of threads; nothing is measured if there is no choice."""
    if len(predictors) == 1:
        return dict.fromkeys(predictors, 0.0)
    zeros = zero_tensors(next(iter(predictors.values())).interface, num_rows)
    return measure({count: partial(p.outputs_of, zeros) for count, p in predictors.items()})


def warm(model: ServedModel, max_batch: int) -> None:
    """Run each batch size once, and one raw row of each kind."""
    began = perf_counter()
    model.answer([example_row(model)])
    for size in _sizes(max_batch):
        model.warm([size])
        if perf_counter() - began > _WARM_S:
            return


def example_row(model: ServedModel) -> pa.Table:
    """A row that the model can answer: a black picture, an example, or a missing value."""
    return pa.table({name: _example(cell) for name, cell in model.cells.items()})


def _example(cell: dict[str, Any]) -> pa.Array:
    if is_image(cell):
        return pa.array([_black_picture()], pa.large_binary())
    is_number = "number" in cell.get("type", ())
    example = next(iter(cell.get("examples", ())), 0.0 if is_number else "")
    if is_number and not isinstance(example, str):
        return pa.array([float(example)], pa.float64())
    return pa.array([str(example)], pa.string())


def _black_picture() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (32, 32)).save(file, "PNG")
    return file.getvalue()


def _sizes(max_batch: int) -> Iterator[int]:
    powers = [2**i for i in range(max_batch.bit_length()) if 2**i <= max_batch]
    yield from powers
    yield from (size for size in range(max_batch, 0, -1) if size not in powers)
