"""The frontier: measure every candidate, keep the best one that is neither worse nor slower.

Each compressor makes a candidate bundle.  All of them and the model itself are scored on the same
validation rows (paired resamples give an interval of the difference), timed at batches of 1 and 32
in turns on one thread, and weighed.  A candidate is kept only if no watched score falls by more
than the budget *and* it is not slower at either batch size.  Of those the fastest is chosen, and
with none the model stays as it is; either way the reason is said.

Watched are accuracy, and for two classes the area under the ROC curve too, because accuracy hides
what happens to a rare class; for numbers it is R2.

Of more than 20,000 validation rows evenly spaced ones are looked at.

Cost: answers to these rows and about a second of timing a candidate.  Times are those
of this machine; another one may decide otherwise, which is why it is measured and not assumed.
What is written beside the candidates holds no times, so that equal work gives equal bytes; they are
in what is returned.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stoker.bundle.predictor import Predictor
from stoker.bundle.read import Bundle, open_bundle
from stoker.bundle.write import GRAPH_FILE
from stoker.candidates.offer import MODEL
from stoker.cells.ragged import Rows, lengths_of, rows_at, values_of
from stoker.compress import Compressor, Material
from stoker.core import events
from stoker.core.canonical import canonical_json
from stoker.core.errors import ArtifactError, MachineError, StokerError
from stoker.core.steps import load_stored, step_name, step_spec
from stoker.evaluate.evaluation import Evaluation
from stoker.evaluate.score import evaluate_all
from stoker.models import Model
from stoker.store.durable import make_folder, write_file

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet

Columns = Mapping[str, Rows]

TIMES = ("latency_ms", "speed")
"""What was measured of a candidate on this machine."""

CALIBRATION_ROWS = 1024
"""Most training rows that calibrate."""
_CALIBRATION_WORK = 25_000_000_000
"""Multiplications that one pass over them may take; large networks see fewer rows."""
_FEWEST_CALIBRATION = 64
_CALIBRATION_VALUES = 16_384
"""Values of rows of any length that one pass over them may hold, such as tokens."""
MOST_ROWS = 20_000
"""Validation rows that candidates are scored on."""
BATCHES = (1, 32)
_RESAMPLES = 200
_SECONDS, _ALONE_SECONDS = 1.0, 0.05
_FEWEST_ROUNDS, _MOST_ROUNDS = 15, 400


@dataclass(frozen=True)
class _Measured:
    """A candidate that could be made."""

    predictor: Predictor
    size_bytes: int
    outputs: Rows


def choose_candidate(
    bundle: Path,
    candidates: Sequence[Compressor],
    parts: tuple[PreparedSet, PreparedSet],
    folder: Path,
    *,
    max_accuracy_loss: float,
    seed: int = 0,
) -> dict[str, Any]:
    """Make, measure and judge the candidates.

    Args:
        bundle: Folder of the model's bundle.
        candidates: Compressors to try.
        parts: Prepared training rows, some of which calibrate, and validation rows, on which
            everything is decided.
        folder: Where each candidate gets a folder of its own, and `compress.json` is written.
        max_accuracy_loss: How much a watched score may fall, such as 0.005.
        seed: Source of all randomness of a step that learns.

    Returns:
        `chosen` (`"model"` or a candidate's name, which is its folder), `reason`, and `rows`, one
        for the model and one for each candidate with `status` (`chosen`, `kept`, `refused` or
        `skipped`), `reason`, `scores`, `changes`, `size_bytes` and, not in `compress.json`,
        `latency_ms` and `speed`.
    """
    make_folder(folder)
    source = open_bundle(bundle)
    columns, target = _spaced(parts[1])
    measured = {MODEL: _measure(source, columns)}
    steps = dict(zip(_names(candidates), candidates, strict=True))
    skipped: dict[str, str] = {}
    material = _material(source, *parts, seed)
    with events.task("compress", total=len(steps), unit="candidates") as view:
        for name, step in steps.items():
            why = _make(step, source, folder / name, material)
            found = why or _try(folder / name, columns)
            if isinstance(found, str):
                skipped[name] = found
            else:
                measured[name] = found
            view.advance()
    rows = _judge(measured, columns, target, max_accuracy_loss)
    rows += [{"name": name, "status": "skipped", "reason": why} for name, why in skipped.items()]
    specs = {name: step_spec(step) for name, step in steps.items()}
    chosen = {"format": 1, "max_accuracy_loss": max_accuracy_loss, **_choose(rows)}
    chosen |= {"compared_rows": len(target), "validation_rows": len(parts[1])}
    rows = [{**row, "step": specs.get(row["name"])} for row in rows]
    lasting = {**chosen, "rows": [_without_times(row) for row in rows]}
    write_file(folder / "compress.json", canonical_json(lasting) + b"\n")
    return {**chosen, "rows": rows}


def _without_times(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in TIMES}


def _names(candidates: Sequence[Compressor]) -> list[str]:
    """A folder name for each candidate: the step's, numbered where it comes again."""
    names: list[str] = []
    for step in candidates:
        plain = step_name(step).rpartition(":")[2]
        again = sum(name == plain or name.startswith(f"{plain}-") for name in names)
        names.append(f"{plain}-{again + 1}" if again else plain)
    return names


def _make(step: Compressor, source: Bundle, out: Path, material: Material) -> str | None:
    """Write a candidate; the reason if there is none."""
    if why := step.refusal(source):
        return why
    try:
        step.compress(source.folder, out, material)
    except ArtifactError as error:
        return _left_out(out.name, error)
    return None


def _material(source: Bundle, train: PreparedSet, validation: PreparedSet, seed: int) -> Material:
    # Evenly spaced rows: the same each time, and from all of a set that came sorted.
    rows = _calibration_rows(source, train)
    index = np.unique(np.linspace(0, len(train) - 1, rows).astype(np.int64))
    calibration = {name: rows_at(column, index) for name, column in train.inputs.items()}
    return Material(calibration, train, validation, seed)


def _try(candidate: Path, columns: Columns) -> _Measured | str:
    """What a candidate answers at every size that is timed; the reason if it cannot be used."""
    try:
        measured = _measure(open_bundle(candidate), columns)
        for size in BATCHES:
            measured.predictor.outputs_of(_batch(columns, size))
    except (ArtifactError, MachineError) as error:
        return _left_out(candidate.name, error)
    if not np.isfinite(values_of(measured.outputs)).all():
        return "its outputs are not all finite"
    return measured


def _left_out(name: str, error: StokerError) -> str:
    """Say that a candidate is given up; gives the reason."""
    events.warning(f"compress: {name} was left out: {error.what}")
    return error.what


def _batch(columns: Columns, size: int) -> dict[str, Rows]:
    """So many validation rows, from the first on and again."""
    index = np.arange(size) % len(next(iter(columns.values())))
    return {name: rows_at(column, index) for name, column in columns.items()}


def _calibration_rows(source: Bundle, train: PreparedSet) -> int:
    """As many rows as the work allows: by what the model's step says, and by the values in them."""
    rows, length_N = CALIBRATION_ROWS, lengths_of(train.ragged)
    if length_N is not None:
        rows = min(rows, int(_CALIBRATION_VALUES / max(1.0, length_N.mean())))
    spec = source.model.get("step")
    if spec is not None:
        model = load_stored(spec, Model)
        shapes = [column.shape[1:] for column in train.columns.values()]
        picture = next((shape for shape in shapes if len(shape) == 3), None)
        columns = sum(math.prod(shape) for shape in shapes if len(shape) < 3) + len(train.ragged)
        work = model.multiplications(picture, columns, source.interface.task.output.width) or 1
        rows = min(rows, _CALIBRATION_WORK // work)
    return max(_FEWEST_CALIBRATION, rows)


def _spaced(validation: PreparedSet) -> tuple[Columns, Rows]:
    """Columns and targets of the rows that are looked at."""
    step = max(1, -(-len(validation) // MOST_ROWS))
    if step == 1:
        return validation.inputs, validation.target
    index = np.arange(0, len(validation), step)
    columns = {name: rows_at(value, index) for name, value in validation.inputs.items()}
    return columns, rows_at(validation.target, index)


def _measure(bundle: Bundle, columns: Columns) -> _Measured:
    predictor = Predictor(bundle)
    size_bytes = bundle.manifest.files[GRAPH_FILE].size
    return _Measured(predictor, size_bytes, predictor.output_rows_of(columns))


def _judge(
    measured: Mapping[str, _Measured],
    columns: Columns,
    target: Rows,
    max_accuracy_loss: float,
) -> list[dict[str, Any]]:
    """One record for the model and for each candidate that was made."""
    task = measured[MODEL].predictor.interface.task
    outputs = {name: one.outputs for name, one in measured.items()}
    scored = evaluate_all(outputs, target, task, seed=0, resamples=_RESAMPLES, reference=MODEL)
    predictors = {name: one.predictor for name, one in measured.items()}
    latency = {size: _latency_ms(predictors, columns, size) for size in BATCHES}
    watched = scored[MODEL].watched
    rows = []
    for name, one in measured.items():
        row: dict[str, Any] = {
            "name": name,
            "scores": {key: scored[name].metrics[key].value for key in watched},
            "latency_ms": {str(size): latency[size][name] for size in BATCHES},
            "size_bytes": one.size_bytes,
        }
        if name != MODEL:
            row |= {
                "changes": _changes(scored[name], watched),
                "speed": {
                    str(size): latency[size][MODEL] / latency[size][name] for size in BATCHES
                },
                "size_ratio": measured[MODEL].size_bytes / one.size_bytes,
            }
            row |= _verdict(row, max_accuracy_loss)
        rows.append(row)
    return rows


def _changes(evaluation: Evaluation, watched: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Change of each watched score against the model's, with its interval."""
    assert evaluation.comparison is not None
    found = {name: evaluation.comparison.metrics[name] for name in watched}
    return {name: {"value": d.value, "low": d.low, "high": d.high} for name, d in found.items()}


def _verdict(row: Mapping[str, Any], max_accuracy_loss: float) -> dict[str, str]:
    """Whether a candidate may be kept, and why or why not."""
    for name, change in row["changes"].items():
        if change["value"] is None:
            return {"status": "refused", "reason": f"{name} is not defined on these rows"}
        if -change["value"] > max_accuracy_loss:
            lost, budget = -change["value"], max_accuracy_loss
            return {"status": "refused", "reason": f"{name} falls by {lost:.4f}, over {budget:g}"}
    for size, speed in row["speed"].items():
        if speed < 1:
            return {"status": "refused", "reason": f"slower than the model at batch {size}"}
    return {"status": "kept", "reason": "within the budget and not slower"}


def _choose(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Mark and name the fastest of the kept candidates, or the model."""
    kept = [row for row in rows if row.get("status") == "kept"]
    best = max(kept, key=lambda row: statistics.geometric_mean(row["speed"].values()), default=None)
    model = next(row for row in rows if row["name"] == MODEL)
    if best is None:
        model |= {"status": "chosen", "reason": "no candidate was kept"}
        tried = [f"{row['name']}: {row['reason']}" for row in rows if row is not model]
        return {"chosen": MODEL, "reason": "; ".join(tried) or "no compressor was asked for"}
    best["status"] = "chosen"
    model |= {"status": "kept", "reason": f"{best['name']} is faster"}
    falls = ", ".join(f"{name} {change['value']:+.4f}" for name, change in best["changes"].items())
    sizes = " and ".join(best["speed"])
    reason = f"faster at batches of {sizes}, {best['size_ratio']:.1f}x smaller, {falls}"
    return {"chosen": best["name"], "reason": reason}


def _latency_ms(
    predictors: Mapping[str, Predictor], columns: Columns, size: int
) -> dict[str, float]:
    """Median milliseconds of one batch, candidates in turns so that a busy moment hits all."""
    batch = _batch(columns, size)
    times: dict[str, list[float]] = {name: [] for name in predictors}
    for predictor in predictors.values():
        predictor.outputs_of(batch)
    # A model alone is timed to be shown, not to be chosen by.
    end = time.perf_counter() + (_SECONDS if len(predictors) > 1 else _ALONE_SECONDS)
    for rounds in range(_MOST_ROUNDS):
        if rounds >= _FEWEST_ROUNDS and time.perf_counter() > end:
            break
        for name, predictor in predictors.items():
            begin = time.perf_counter()
            predictor.outputs_of(batch)
            times[name].append((time.perf_counter() - begin) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}
