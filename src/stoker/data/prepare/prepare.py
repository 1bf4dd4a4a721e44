"""Prepare: fit cleaners, features and task on the training part, and write all parts as tensors.

Everything that is learned is learned from training rows only: first what the fitted cleaners need,
then each feature on the cleaned training column, then the task.  Then all parts go through the same
values chunk by chunk.  A row with a cell that will not become a tensor is rejected with its reason;
it is never filled in.

Pictures are decoded in child processes, see `child_decoder`.

Cost: memory for the training part's table columns while features are fitted (media: a sample of
2,048 pictures), then for one chunk.  Equal inputs give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stoker.cells.column import Column
from stoker.cells.decoder import Decoder
from stoker.cells.image_formats import MAX_PIXELS
from stoker.core import events
from stoker.core.canonical import canonical_json
from stoker.core.errors import DataError, RecipeError
from stoker.core.steps import step_name
from stoker.data.child_decoder import ChildDecoder
from stoker.data.clean import FittedCleaner
from stoker.data.dataset import Dataset
from stoker.data.flow import Flow, flow, stated
from stoker.data.media_kinds import check_kind
from stoker.data.prepare._absent import tell_absent
from stoker.data.prepare._copies import Copies, row_keys
from stoker.data.prepare._fit import Asked, FittedInputs, fit_training_part
from stoker.data.prepare._own_answers import encoded, mended, transformed
from stoker.data.prepare.prepared_set import PreparedWriter
from stoker.data.prepare.raw_rows import part_ids, rows_with_ids, with_media
from stoker.data.rejects import Rejects
from stoker.data.split import PARTS
from stoker.features import Feature
from stoker.store.durable import machine_errors
from stoker.tasks import Task

FORMAT = 1


@dataclass
class _Findings:
    """What preparing notes on its way."""

    rejects: Rejects = field(default_factory=Rejects)
    copies: Copies | None = None
    """Test rows that training has too; None where they cannot be, or rows hold pictures."""
    names: list[str] = field(default_factory=list)
    """What the recipe calls each cleaner."""
    touched: list[dict[str, np.ndarray]] = field(default_factory=list)
    """For each cleaner: cells it spoke about, by column, int64 of shape (3,) by part."""

    def reject(self, rows: pa.Table, index: int, **what: str) -> None:
        """Note that a row of a chunk goes."""
        self.rejects.add(
            row=rows["_row"][index].as_py(),
            source=rows["_source"][index].as_py(),
            line=rows["_line"][index].as_py(),
            **what,
        )


def prepare(  # noqa: PLR0913 - the stage's inputs, each by its name
    dataset: Dataset,
    rows_path: Path,
    parts_path: Path,
    folder: Path,
    *,
    inputs: Mapping[str, Feature],
    target: tuple[str, Task],
    cleaners: Sequence[FittedCleaner],
    seed: int,
) -> dict[str, Any]:
    """Write the prepared set of all parts.

    Args:
        dataset: Where the media are.
        rows_path: Table of the cleaned rows, sorted by `_row`.
        parts_path: Table of `_row` and `part`.
        folder: An existing empty folder; gets `<part>/`, `fitted.json`, `rejects.parquet` and
            `prepared.json`.
        inputs: Feature of each input column.
        target: Target column and its task.
        cleaners: Fitted cleaners in the order of the recipe.
        seed: Seed of the recipe.

    Returns:
        What is written to `prepared.json`: rows of each part, forms of columns, rows in and out.

    Raises:
        RecipeError: If a column is not there, or a feature does not suit it.
        DataError: If nothing can be learned from a column, or a part ends up empty.
    """
    _require_columns(dataset, inputs, target[0])
    ids = part_ids(parts_path)
    asked = Asked(inputs, *target, cleaners, seed)
    copies = None if any(feature.media for feature in inputs.values()) else Copies()
    findings = _Findings(
        copies=copies, touched=[{} for _ in cleaners], names=list(map(step_name, cleaners))
    )
    with ChildDecoder(max_pixels=_largest(inputs)) as decoder:
        fitted = fit_training_part(dataset, rows_path, ids["train"], asked, decoder)
        row_N = np.sort(np.concatenate(list(ids.values())))
        rows = rows_with_ids(rows_path, row_N, fitted.columns)
        chunks = with_media(rows, dataset, fitted.row_bytes)
        written = _write(chunks, folder, ids, fitted, findings, decoder)
    tell_absent(folder, fitted.task)
    info = _summary(ids, written, fitted, findings)
    findings.rejects.write(folder)
    with machine_errors(f"write {folder}"):
        (folder / "fitted.json").write_bytes(fitted.dump())
        (folder / "prepared.json").write_bytes(canonical_json(info))
    return info


def _largest(inputs: Mapping[str, Feature]) -> int:
    """Pixels of the largest picture that any column may hold."""
    limits = [feature.pixel_limit for feature in inputs.values()]
    return max((limit for limit in limits if limit is not None), default=MAX_PIXELS)


def _require_columns(dataset: Dataset, inputs: Mapping[str, Feature], target: str) -> None:
    """Refuse unknown columns, and features that do not suit media or values.

    Raises:
        RecipeError: Naming the column.
    """
    for name in [*inputs, target]:
        if name not in dataset.columns:
            raise RecipeError(
                f"there is no column {name!r}", expected=f"one of {', '.join(dataset.columns)}"
            )
    if target in inputs:
        raise RecipeError(
            f"column {target!r} is both input and target",
            expected="a target that the inputs do not contain",
            fix=f"take {target!r} out of inputs",
        )
    for name, feature in inputs.items():
        check_kind(name, dataset.media_kinds.get(name), feature)


def _write(
    chunks: Iterator[pa.Table],
    folder: Path,
    ids: Mapping[str, np.ndarray],
    fitted: FittedInputs,
    findings: _Findings,
    decoder: Decoder,
) -> dict[str, int]:
    """Write all parts in one pass over the rows; gives the number of rows of each.

    Raises:
        DataError: If nothing is left of a part in the end.
    """
    forms = {name: Column(f.dtype.name, f.shape, f.ragged) for name, f in fitted.inputs.items()}
    row_N = np.concatenate([ids[part] for part in PARTS])
    part_N = np.repeat(np.arange(len(PARTS)), [len(ids[part]) for part in PARTS])
    order = row_N.argsort()
    row_N, part_N = row_N[order], part_N[order]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(PreparedWriter(folder, part, forms, fitted.task.target_form))
            for part in PARTS
        ]
        preparing = stack.enter_context(events.task("prepare", total=len(row_N), unit="rows"))
        for chunk in chunks:
            part_of = part_N[np.searchsorted(row_N, chunk["_row"].to_numpy())]
            _write_chunk(writers, chunk, part_of, fitted, findings, decoder)
            preparing.advance(chunk.num_rows)
    for writer in writers:
        if len(ids[writer.part]) and not writer.rows:
            raise _nothing_left(writer.part, findings)
    return {writer.part: writer.rows for writer in writers}


def _nothing_left(part: str, findings: _Findings) -> DataError:
    last = findings.rejects.table().to_pylist()[-1:]
    reasons = [f"; the last because {each['column']} {each['reason']}" for each in last]
    return DataError(
        f"no row of the {part} part can be used{''.join(reasons)}",
        expected="at least one row whose cells all become tensors",
    )


def _write_chunk(
    writers: Sequence[PreparedWriter],
    rows: pa.Table,
    part_N: np.ndarray,
    fitted: FittedInputs,
    findings: _Findings,
    decoder: Decoder,
) -> None:
    """Clean and transform a chunk, and append its good rows to their parts."""
    rows, keep = _clean_chunk(rows, part_N, fitted, findings)
    tensors = {
        name: transformed(one, one.transform_with(rows[name], decoder), rows.num_rows)
        for name, one in fitted.inputs.items()
    }
    about = fitted.task.about(rows, fitted.inputs)
    target = encoded(about, about.encode(rows[fitted.target]), rows.num_rows)
    for name, done in [*tensors.items(), (fitted.target, target)]:
        for cell in done.bad:
            if keep[cell.index]:  # a row is rejected once, for its first bad cell
                keep[cell.index] = False
                what = {"column": name, "found": cell.found, "reason": cell.reason}
                findings.reject(rows, cell.index, step="prepare", **what)
    if findings.copies is not None:
        columns = [
            one.values if one.offsets is None else row_keys(one.values, one.offsets)
            for one in (*tensors.values(), target)
        ]
        findings.copies.add(columns, np.where(keep, part_N, -1))
    row_N = rows["_row"].to_numpy()
    for code, writer in enumerate(writers):
        chosen = keep & (part_N == code)
        if chosen.any():
            some = None if chosen.all() else np.flatnonzero(chosen)
            values = {name: done.rows(some) for name, done in tensors.items()}
            writer.append(values, target=target.rows(some), row=row_N[chosen])


def _clean_chunk(
    rows: pa.Table, part_N: np.ndarray, fitted: FittedInputs, findings: _Findings
) -> tuple[pa.Table, np.ndarray]:
    """The rows as all cleaners leave them, and which stay; only training rows ever go."""
    keep = np.ones(rows.num_rows, bool)
    for step, state, touched in zip(findings.names, fitted.cleaners, findings.touched, strict=True):
        for name, cells_N in state.touched(rows).items():
            count_P = np.bincount(part_N[cells_N & keep], minlength=len(PARTS))
            touched[name] = touched.get(name, 0) + count_P
        for index, column, found, reason in state.rejects(rows):
            if keep[index] and part_N[index] == 0:
                keep[index] = False
                what = {"column": column, "found": found, "reason": reason}
                findings.reject(rows, index, step=step, **what)
        rows = mended(state, rows)
    return rows, keep


def _summary(
    ids: Mapping[str, np.ndarray],
    written: Mapping[str, int],
    fitted: FittedInputs,
    findings: _Findings,
) -> dict[str, Any]:
    columns = {
        name: {"feature": step_name(f), "dtype": f.dtype.name, "shape": list(f.shape)}
        for name, f in fitted.inputs.items()
    }
    cleaned = [
        {"step": step, "cells": _by_part(touched)}
        for step, touched in zip(findings.names, findings.touched, strict=True)
    ]
    copies = findings.copies.tell() if findings.copies is not None else 0
    return {
        "format": FORMAT,
        "parts": dict(written),
        "rows_in": sum(map(len, ids.values())),
        "rows_out": sum(written.values()),
        "rejected": len(findings.rejects),
        "flows": stated(_flows(sum(map(len, ids.values())), cleaned, findings.rejects, copies)),
        "inputs": columns,
        "target": {"column": fitted.target, "task": step_name(fitted.task)},
        "cleaned": cleaned,
    }


def _flows(
    rows_in: int, cleaned: Sequence[Mapping[str, Any]], rejects: Rejects, copies: int
) -> list[Flow]:
    """Rows that each cleaner left out of the training part, then those with a bad cell."""
    flows = []
    steps = rejects.table()["step"].to_pylist()
    for one in cleaned:
        gone = steps.count(one["step"])
        flows.append(flow(one["step"], rows_in, gone, notes=_touched(one["cells"])))
        rows_in -= gone
    notes = {"test rows that equal a training row": copies} if copies else {}
    return [*flows, flow("prepare", rows_in, steps.count("prepare"), unusable=True, notes=notes)]


def _touched(cells: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """How many cells a cleaner filled, moved or counted, and in which columns, most first.

    >>> _touched({"age": {"train": 7, "test": 1}, "sex": {"train": 0}})
    {'cells': 8, 'columns': ['age 8']}
    """
    counts = {column: sum(parts.values()) for column, parts in cells.items()}
    most = sorted((name for name, count in counts.items() if count), key=lambda n: -counts[n])
    named = {"columns": [f"{name} {counts[name]:,}" for name in most]} if most else {}
    return {"cells": sum(counts.values()), **named}


def _by_part(touched: Mapping[str, np.ndarray]) -> dict[str, dict[str, int]]:
    """Cells of each column that a cleaner spoke about; columns without any left out."""
    return {
        name: dict(zip(PARTS, count_P.tolist(), strict=True))
        for name, count_P in touched.items()
        if count_P.any()
    }
