"""Repair texts that were read in the wrong encoding once (`cafÃ©`), by `ftfy`.

Such texts are UTF-8 that somebody decoded as Latin-1 or cp1252 and saved again.  Only where that is
plain is anything changed, and nothing else of a text: neither quotes nor full-width marks, which
Chinese needs.  What is served is repaired as training was.

Not done: Chinese in GBK that was read as UTF-8; its bytes are lost.  Copies of which one is broken
are no copies to `exact_duplicates`, which looks before.

Cost: importing 0.1 s; 0.5 s for a million characters that are not ASCII, next to nothing for
others.  None of 13,890 Chinese reviews, 11,293 posts and 6,532 news was changed, which need none.

Source: R. Speer 2019, ftfy, https://doi.org/10.5281/zenodo.2591652
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.cells.raw import is_text, one_array
from stoker.core.errors import MissingExtraError, RecipeError
from stoker.core.events import message, warning
from stoker.data.clean import CleanerState, FittedCleaner
from stoker.features import Feature
from stoker.features.boolean import Boolean
from stoker.features.number import Number
from stoker.features.timestamp import Timestamp

_NO_TEXTS = (Boolean, Number, Timestamp)
_SHOWN = 40


class FittedMojibake(CleanerState):
    """Repairs texts."""

    columns: tuple[str, ...]
    """Columns that it repairs."""
    version: str
    """Release of the library that training used."""

    def apply(self, rows: pa.Table) -> pa.Table:
        """The rows with texts repaired.

        >>> state = FittedMojibake(columns=("said",), version=_library_version())
        >>> state.apply(pa.table({"said": ["cafÃ©", "“好”", None]}))["said"].to_pylist()
        ['café', '“好”', None]
        """
        for name in self._there(rows):
            repaired = _repaired(rows[name], self.version)
            if repaired is not None:
                position = rows.column_names.index(name)
                rows = rows.set_column(position, name, repaired)
        return rows

    def touched(self, rows: pa.Table) -> dict[str, np.ndarray]:
        """Cells that need repair."""
        return {name: _changed_N(rows[name], self.version) for name in self._there(rows)}

    def rejects(self, rows: pa.Table) -> list[tuple[int, str, str, str]]:
        """None."""
        return []

    def _there(self, rows: pa.Table) -> list[str]:
        return [name for name in self.columns if name in rows.column_names]


class Mojibake(FittedCleaner):
    """Repair texts that were read in the wrong encoding, in training and in serving."""

    columns: tuple[str, ...] | None = None
    """Columns of texts and categories; absent: all of them."""

    def fit(self, rows: pa.Table, features: Mapping[str, Feature]) -> FittedMojibake:
        """Choose the columns, and say how many texts are repaired.

        Raises:
            RecipeError: If a column is no input, or holds no text.
            MissingExtraError: If the library is not installed.
        """
        version = _library_version()
        for name in self.columns or ():
            if name not in features:
                raise RecipeError(
                    f"mojibake: {name!r} is not an input column",
                    expected=f"one of {', '.join(features)}",
                )
        chosen = [
            name
            for name in rows.column_names
            if is_text(one_array(rows[name]).type)
            and (self.columns is None or name in self.columns)
            and not isinstance(features[name], _NO_TEXTS)
        ]
        for name in set(self.columns or ()) - set(chosen):
            raise RecipeError(f"mojibake: {name!r} holds no text", fix="leave it out")
        for name in chosen:
            _tell(name, rows[name], version)
        return FittedMojibake(columns=tuple(chosen), version=version)


def _tell(name: str, column: pa.ChunkedArray, version: str) -> None:
    """Say how many training texts are repaired, with an example."""
    at = np.flatnonzero(_changed_N(column, version))
    if not len(at):
        message(f"mojibake: no training text of column {name!r} needs repair")
        return
    before = str(column[int(at[0])].as_py())
    after = _repair(version)(before)
    message(
        f"mojibake: {len(at):,} of {len(column):,} training texts of column {name!r} are repaired, "
        f"such as {before[:_SHOWN]!r} to {after[:_SHOWN]!r}"
    )


def _changed_N(column: pa.ChunkedArray | pa.Array, version: str) -> np.ndarray:
    """Which cells are repaired, bool."""
    cells, repaired = one_array(column), _repaired(column, version)
    if repaired is None:
        return np.zeros(len(cells), bool)
    return pc.fill_null(pc.not_equal(cells, repaired), False).to_numpy(zero_copy_only=False)


def _repaired(column: pa.ChunkedArray | pa.Array, version: str) -> pa.Array | None:
    """The cells with all that need it repaired; None where none does."""
    cells = one_array(column)
    if not is_text(cells.type):
        return None
    repair, changed = _repair(version), False
    texts = cells.to_pylist()
    for index, text in enumerate(texts):
        if text is None or text.isascii():
            continue
        texts[index] = repair(text)
        changed = changed or texts[index] != text
    return pa.array(texts, cells.type) if changed else None


@cache
def _repair(version: str) -> Callable[[str], str]:
    """What repairs a text; a warning where another release than training had does it."""
    here = _library_version()
    if here != version:
        warning(
            f"texts are repaired by ftfy {here}, training had {version}: answers may differ; "
            f"pip install ftfy=={version}"
        )
    import ftfy

    return ftfy.fix_encoding


def _library_version() -> str:
    try:
        import ftfy
    except ImportError:
        raise MissingExtraError("ftfy", extra="mojibake", needed_for="clean: mojibake") from None
    return ftfy.__version__
