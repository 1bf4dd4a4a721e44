"""Learn cleaners, features and task from the training part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.decoder import Decoder
from stoker.cells.raw import cell_text, one_array
from stoker.core import events
from stoker.core.errors import DataError, Place, StokerError
from stoker.core.seeds import derive_seed
from stoker.core.steps import step_name, step_spec
from stoker.data.clean import CleanerState, FittedCleaner
from stoker.data.dataset import Dataset
from stoker.data.prepare._own_answers import mended, returned
from stoker.data.prepare.raw_rows import rows_with_ids
from stoker.data.text_cells import TextCells
from stoker.engine.table_file import read_table
from stoker.features import Feature, FittedFeature
from stoker.tasks import FittedTask, Task

SAMPLED_MEDIA = 2_048
"""Training pictures that an image feature is fitted on."""
_SAMPLED_BYTES = 256 << 20
_FITTED_CELLS = 8_000_000
"""Cells of a table that are in memory at once while features are fitted, some 100 MB."""
_OWN = ("_row", "_source", "_line")


@dataclass(frozen=True)
class FittedInputs:
    """All that was learned from the training part."""

    inputs: dict[str, FittedFeature]
    """Fitted feature of each input column."""
    cleaners: list[CleanerState]
    """Fitted cleaners in order."""
    target: str
    """Target column."""
    task: FittedTask
    """Fitted task."""
    text_cells: TextCells | None
    """How the sources' text was read."""

    @property
    def columns(self) -> list[str]:
        """Columns to read."""
        return list(dict.fromkeys([*_OWN, *self.inputs, self.target]))

    @property
    def row_bytes(self) -> int:
        """Bytes of one prepared row."""
        features = self.inputs.values()
        return sum(f.dtype.itemsize * int(np.prod(f.shape, dtype=np.int64)) for f in features)

    def dump(self) -> bytes:
        """What is written to `fitted.json`: JSON with the inputs in the order of the recipe."""
        said = {
            "inputs": {name: step_spec(feature) for name, feature in self.inputs.items()},
            "cleaners": [step_spec(state) for state in self.cleaners],
            "target": self.target,
            "task": step_spec(self.task),
            "text_cells": self.text_cells and self.text_cells.model_dump(mode="json"),
        }
        return json.dumps(said, ensure_ascii=False, allow_nan=False).encode()


@dataclass(frozen=True)
class Asked:
    """What the recipe asks to be learned."""

    inputs: Mapping[str, Feature]
    """Feature of each input column."""
    target: str
    """Target column."""
    task: Task
    """What is asked of the target."""
    cleaners: Sequence[FittedCleaner]
    """Fitted cleaners in order."""
    seed: int
    """Seed of the recipe."""


def fit_training_part(
    dataset: Dataset, rows_path: Path, train_ids: np.ndarray, asked: Asked, decoder: Decoder
) -> FittedInputs:
    """Learn from the training rows: cleaners first, each on what the one before left.

    Args:
        dataset: Where the media are.
        rows_path: Table of the cleaned rows.
        train_ids: Ids of the training rows, rising.
        asked: What is to be learned.
        decoder: Decodes pictures.

    Raises:
        DataError: If there is nothing to learn from a column, or no row is left.
    """
    tabular = {name: feature for name, feature in asked.inputs.items() if not feature.media}
    if asked.cleaners:
        states, fitted, labels = _fit_cleaned(tabular, rows_path, train_ids, asked)
    else:
        states, fitted = [], dict(_fit_columns(tabular, rows_path, train_ids))
        labels = _training(rows_path, train_ids, [asked.target])[asked.target]
    for name, feature in asked.inputs.items():
        if feature.media:
            with _naming(name):
                sample = _media_sample(dataset, rows_path, train_ids, name, asked.seed)
                fitted[name] = feature.fit_with(sample, decoder)
    inputs = {name: fitted[name] for name in asked.inputs}
    with _naming(asked.target):
        _refuse_lone_value(labels, rows_path, asked.target)
        task = returned(asked.task, "fit", asked.task.fit(labels), FittedTask)
    return FittedInputs(inputs, states, asked.target, task, dataset.text_cells)


def _fitted(feature: Feature, column: pa.ChunkedArray) -> FittedFeature:
    return returned(feature, "fit", feature.fit(column), FittedFeature)


def _refuse_lone_value(labels: pa.ChunkedArray, rows_path: Path, target: str) -> None:
    """Refuse training rows of one value where rows of other parts have others.

    Raises:
        DataError: If the division of the rows is to blame.
    """
    lone = labels.drop_null().unique()
    if len(lone) != 1:
        return
    whole = read_table(rows_path, [target])[target].drop_null()
    others = whole.filter(pc.not_equal(whole, lone[0]))
    if len(others):
        raise DataError(
            f"all {len(labels):,} training rows have {cell_text(lone, 0)!r}; "
            f"{len(others):,} rows of other parts have others, such as "
            f"{cell_text(one_array(others), 0)!r}",
            expected="at least two different values in the training part",
            fix="divide the rows otherwise: data.split, such as {test: 0.15, validation: 0.15}",
        )


def _fit_columns(
    features: Mapping[str, Feature], rows_path: Path, train_ids: np.ndarray
) -> Iterator[tuple[str, FittedFeature]]:
    """Fit features on columns as they are, some at a time: all of a long table would be large."""
    names = list(features)
    at_once = max(1, _FITTED_CELLS // max(1, len(train_ids)))
    for start in range(0, len(names), at_once):
        rows = _training(rows_path, train_ids, names[start : start + at_once])
        for name in rows.column_names:
            with _naming(name), _telling_of(name):
                fitted = _fitted(features[name], rows[name])
            yield name, fitted


def _fit_cleaned(
    features: Mapping[str, Feature], rows_path: Path, train_ids: np.ndarray, asked: Asked
) -> tuple[list[CleanerState], dict[str, FittedFeature], pa.ChunkedArray]:
    """Fit cleaners, then features on what they leave; also the labels of the rows that stay."""
    rows = _training(rows_path, train_ids, [*features, asked.target])
    labels, rows = rows[asked.target], rows.select(list(features))
    states = []
    for cleaner in asked.cleaners:
        state = returned(cleaner, "fit", cleaner.fit(rows, features), CleanerState)
        keep = np.ones(len(labels), bool)
        keep[[index for index, *_ in state.rejects(rows)]] = False
        if not keep.any():
            raise DataError(
                f"{step_name(cleaner)} drops every training row",
                expected="at least one row that stays",
                fix="use another rule than drop",
            )
        rows, labels = mended(state, rows).filter(pa.array(keep)), labels.filter(pa.array(keep))
        states.append(state)
    fitted = {}
    for name, feature in features.items():
        with _naming(name), _telling_of(name):
            fitted[name] = _fitted(feature, rows[name])
    return states, fitted, labels


def _training(rows_path: Path, train_ids: np.ndarray, names: Sequence[str]) -> pa.Table:
    """Some columns of the training part."""
    return pa.concat_tables(rows_with_ids(rows_path, train_ids, names))


@contextmanager
def _naming(column: str) -> Iterator[None]:
    """Name the column in an error that does not say where it is."""
    try:
        yield
    except StokerError as error:
        if error.place is None:
            error.place = Place(column=column)
        raise


@contextmanager
def _telling_of(column: str) -> Iterator[None]:
    """Name the column in every line that is said, because a feature does not know it."""
    with events.recording(aloud=False) as lines:
        yield
    for line in lines:
        tell = events.warning if line.kind == "warning" else events.message
        tell(f"column {column!r}: {line.text}", passing=line.passing)


def _media_sample(
    dataset: Dataset, rows_path: Path, train_ids: np.ndarray, name: str, seed: int
) -> pa.ChunkedArray:
    """Blobs of some training rows, drawn from the seed, as large_binary."""
    generator = np.random.default_rng(derive_seed(seed, "prepare", "sample", name))
    size = min(SAMPLED_MEDIA, len(train_ids))
    chosen = np.sort(generator.choice(train_ids, size, replace=False))
    numbers = pa.concat_tables(rows_with_ids(rows_path, chosen, [name]))[name].drop_null()
    sizes = dataset.media.sizes[numbers.to_numpy()]
    enough = max(1, int(np.searchsorted(sizes.cumsum(), _SAMPLED_BYTES)))
    return pa.chunked_array([dataset.media.read(numbers.slice(0, enough))])
