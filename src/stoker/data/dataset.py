"""The dataset: all rows of all sources in one table file, media beside it, rejects beside that.

`read_sources.acquire` writes a folder of it; `Dataset` opens one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from stoker.cells import MediaKind
from stoker.core.errors import ArtifactError, Place
from stoker.data.media import Media
from stoker.data.text_cells import TextCells
from stoker.engine.table_file import read_tables
from stoker.store.durable import machine_errors

FORMAT = 1


class Dataset:
    """A dataset folder, open for reading.

    Example:
        `Dataset.open(folder).media.read(numbers)` gives the encoded pictures of some rows.
    """

    def __init__(self, folder: Path, info: dict[str, Any], rows: Path | None = None) -> None:
        """Use `Dataset.open`."""
        self.folder = folder
        self.rows_path = rows or folder / "rows.parquet"
        """The table of all rows."""
        self.info = info
        """What `dataset.json` says: columns, sources with licences, rows in, out and rejected."""

    @classmethod
    def open(cls, folder: Path, rows: Path | None = None) -> Dataset:
        """Open a folder that `acquire` wrote.

        Args:
            folder: With the description, the media and the table.
            rows: The table as later stages left it; absent: that of the folder.

        Raises:
            ArtifactError: If it is not one, or of a newer format.
        """
        with machine_errors(f"read {folder / 'dataset.json'}"):
            text = (folder / "dataset.json").read_bytes()
        try:
            info = json.loads(text)
            newer = info["format"] > FORMAT
        except (ValueError, KeyError, TypeError):
            raise ArtifactError(
                "not the description of a dataset", place=Place(str(folder / "dataset.json"))
            ) from None
        if newer:
            raise ArtifactError(
                f"the dataset has format {info['format']}",
                expected=f"format {FORMAT} or older",
                fix="use the newer stoker that wrote it",
                place=Place(str(folder / "dataset.json")),
            )
        return cls(folder, info, rows)

    @property
    def rejects_path(self) -> Path:
        """The table of what was left out while reading."""
        return self.folder / "rejects.parquet"

    @property
    def media_columns(self) -> tuple[str, ...]:
        """Columns that hold numbers of media blobs."""
        return tuple(self.media_kinds)

    @property
    def media_kinds(self) -> dict[str, MediaKind]:
        """What files each of them holds."""
        return self.info["media"]

    @property
    def columns(self) -> dict[str, str]:
        """Arrow type of each of the sources' own columns."""
        return self.info["columns"]

    @property
    def sources(self) -> list[dict[str, Any]]:
        """What each source gave: its name, licence, part, and rows in, out and rejected."""
        return self.info["sources"]

    @property
    def declared(self) -> dict[str, str]:
        """Arrow type of each column as its file declared it; empty where files declare none.

        It may say more than the type of the cells: `dictionary<values=string, ...>` was made to be
        a category.
        """
        return self.info.get("declared", {})

    @property
    def left_out(self) -> dict[str, str]:
        """Columns of the sources that were not read, and why."""
        return self.info.get("left_out", {})

    @property
    def row_numbers(self) -> tuple[str, ...]:
        """Columns without a name of their own that only number the rows."""
        return tuple(self.info.get("row_numbers", ()))

    @property
    def usual_decimal(self) -> str:
        """The sign before fractions that the form of all sources suggests; empty: none."""
        return self.info.get("usual_decimal", "")

    @property
    def text_cells(self) -> TextCells | None:
        """How the sources' text was read; None if their cells have types."""
        said = self.info.get("text_cells")
        return None if said is None else TextCells.model_validate(said)

    @cached_property
    def media(self) -> Media:
        """The blobs, mapped into memory."""
        return Media(self.folder)

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in order, some thousands at a time."""
        return read_tables(self.rows_path, columns)

    def raw_rows(self, rows: pa.Table) -> pa.Table:
        """The rows with media numbers replaced by the encoded bytes, as a predictor takes them."""
        for name in self.media_columns:
            if name in rows.column_names:
                position = rows.column_names.index(name)
                rows = rows.set_column(position, name, self.media.read(rows[name]))
        return rows
