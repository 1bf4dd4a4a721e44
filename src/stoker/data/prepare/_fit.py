"""Learn cleaners, features and task from the training part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from stoker.core.errors import DataError, Place, StokerError
from stoker.core.seeds import derive_seed
from stoker.core.steps import step_name
from stoker.data.clean import CleanerState, FittedCleaner, dump_cleaner
from stoker.data.dataset import Dataset
from stoker.data.prepare._rows import rows_with_ids
from stoker.data.text_cells import TextCells
from stoker.features import Feature, FittedFeature, dump_fitted
from stoker.features._decoder import Decoder
from stoker.features.image import Image
from stoker.tasks import FittedTask, Task, dump_fitted_task

SAMPLED_MEDIA = 2_048
"""Training pictures that an image feature is fitted on."""
_SAMPLED_BYTES = 256 << 20
_OWN = ("_row", "_source", "_line")


@dataclass(frozen=True)
class Fitted:
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
            "inputs": {name: dump_fitted(feature) for name, feature in self.inputs.items()},
            "cleaners": [dump_cleaner(state) for state in self.cleaners],
            "target": self.target,
            "task": dump_fitted_task(self.task),
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
) -> Fitted:
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
    names = [*tabular, asked.target]
    rows = pa.concat_tables(rows_with_ids(rows_path, train_ids, names))
    labels, rows = rows[asked.target], rows.select(list(tabular))
    states = []
    for cleaner in asked.cleaners:
        state = cleaner.fit(rows, tabular)
        keep = np.ones(len(labels), bool)
        keep[[index for index, *_ in state.rejects(rows)]] = False
        if not keep.any():
            raise DataError(
                f"{step_name(cleaner)} drops every training row",
                expected="at least one row that stays",
                fix="use another rule than drop",
            )
        rows, labels = state.apply(rows).filter(pa.array(keep)), labels.filter(pa.array(keep))
        states.append(state)
    fitted = {}
    for name, feature in asked.inputs.items():
        with _naming(name):
            if not feature.media:
                fitted[name] = feature.fit(rows[name])
                continue
            sample = _media_sample(dataset, rows_path, train_ids, name, asked.seed)
            is_image = isinstance(feature, Image)
            fitted[name] = feature.fit(sample, decoder) if is_image else feature.fit(sample)
    with _naming(asked.target):
        return Fitted(fitted, states, asked.target, asked.task.fit(labels), dataset.text_cells)


@contextmanager
def _naming(column: str) -> Iterator[None]:
    """Name the column in an error that does not say where it is."""
    try:
        yield
    except StokerError as error:
        if error.place is None:
            error.place = Place(column=column)
        raise


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
