"""A feature whose rows have any length goes from cells to a memory map, whole and in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from stoker.cells import BadCell
from stoker.data.dataset import Dataset
from stoker.data.prepare.prepare import prepare
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.engine.table_file import read_table, write_table
from stoker.features import Feature, FittedFeature, Transformed
from stoker.features.number import Number
from stoker.tasks.classify import Classify

TEXTS = ["甲乙", "b", "", "long enough", "b", "cc", "x?", "dd", "甲乙", "b"]
PARTS = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
LABELS = ["a", "b", "a", "b", "b", "a", "a", "b", "a", "b"]


class FittedLetters(FittedFeature):
    """The code point of each letter; a question mark is a bad cell."""

    ragged: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.int32)

    def transform(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        texts = [cell or "" for cell in column.to_pylist()]
        bad = [BadCell(i, text, "asks") for i, text in enumerate(texts) if "?" in text]
        offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
        letters = np.array([ord(letter) for letter in "".join(texts)], np.int32)
        return Transformed(letters, tuple(bad), offsets=offsets.astype(np.int64))

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string"}


class Letters(Feature):
    """The code point of each letter."""

    def fit(self, column: pa.ChunkedArray) -> FittedLetters:
        return FittedLetters()


class Said:
    """Keeps warnings and lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def task(self, *_: object) -> None:
        return None

    def message(self, text: str) -> None:
        self.lines.append(text)

    warning = message


def test_rows_of_any_length_are_prepared_whole(
    make_dataset: Callable[..., Dataset], new_folder: Callable[[], Path]
) -> None:
    ages = [str(i) for i in range(10)]
    ages[8], ages[9] = ages[0], ages[1]
    dataset = make_dataset({"text": TEXTS, "age": ages, "label": LABELS})
    parts_path, folder = new_folder() / "parts.parquet", new_folder()
    rows = read_table(dataset.rows_path, ["_row"])
    write_table(rows.append_column("part", pa.array(PARTS)), parts_path)
    info = prepare(
        dataset,
        dataset.rows_path,
        parts_path,
        folder,
        inputs={"text": Letters(), "age": Number()},
        target=("label", Classify()),
        cleaners=(),
        seed=0,
    )
    train, validation, test = (
        PreparedSet.open(folder, part) for part in ("train", "validation", "test")
    )
    texts = ["".join(map(chr, train.ragged["text"][row])) for row in range(len(train))]
    assert texts == TEXTS[:6]
    assert len(validation) == 1, "the row with a bad cell is rejected"
    assert "".join(map(chr, validation.ragged["text"][0])) == "dd"
    some = train.gather(np.array([3, 0])).ragged["text"]
    assert "".join(map(chr, some.values)) == "long enough甲乙"
    assert info["flows"][-1]["notes"] == {"test rows that equal a training row": len(test)}
