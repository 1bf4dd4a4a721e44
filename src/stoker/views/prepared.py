"""What training, compressing and judging read of a prepared artifact."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stoker.bundle.interface import Interface
from stoker.core.errors import RecipeError
from stoker.data.dataset import Dataset
from stoker.data.prepare.part_rows import part_rows
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.views.last_rows import rows_path
from stoker.views.split_parts import SplitParts

if TYPE_CHECKING:
    import pyarrow as pa

    from stoker.dag.stage import Work
    from stoker.store.artifact import Artifact


@dataclass(frozen=True)
class Prepared:
    """What training reads: the prepared parts and what their tensors mean."""

    folder: Path
    interface: Interface
    train: PreparedSet
    validation: PreparedSet


def open_prepared(folder: Path) -> Prepared:
    """The training and validation parts of a prepared artifact.

    Raises:
        RecipeError: If there is no validation row: nothing could be chosen or gated honestly.
    """
    validation = PreparedSet.open(folder, "validation")
    if not len(validation):
        raise RecipeError(
            "no row is left for validation",
            expected="a validation part: early stopping, presets and gates look at it",
            fix="set data.split.validation to 0.1 or more",
        )
    return Prepared(folder, read_interface(folder), PreparedSet.open(folder, "train"), validation)


def read_interface(folder: Path) -> Interface:
    """What preparing learned, as the interface that every bundle of it carries."""
    said = json.loads((folder / "fitted.json").read_bytes())
    inputs = [{"column": name, "feature": spec} for name, spec in said["inputs"].items()]
    return Interface.from_json({**said, "inputs": inputs})


def raw_part(work: Work, part: str) -> Iterator[pa.Table]:
    """Raw rows of a part, in the order of the prepared set, as a predictor takes them."""
    columns = [*read_interface(work.inputs["prepare"].folder).inputs]
    return raw_rows(work.inputs, part, ["_row", "_source", "_line", *columns])


def spaced(tables: Iterable[pa.Table], step: int) -> Iterator[pa.Table]:
    """Every `step`-th row of tables that follow each other, the first one among them."""
    start = 0
    for table in tables:
        found = np.arange(-start % step, table.num_rows, step)
        start += table.num_rows
        if len(found):
            yield table if step == 1 else table.take(found)


def raw_rows(
    inputs: Mapping[str, Artifact], part: str, columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Some columns of the raw rows of a part, in the order of the prepared set."""
    return part_rows(
        Dataset.open(inputs["acquire"].folder),
        rows_path(inputs),
        SplitParts.open(inputs["split"]).path,
        inputs["prepare"].folder,
        part,
        columns,
    )
