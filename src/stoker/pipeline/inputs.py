"""Choose a feature for every column when the recipe names no inputs.

Each column is judged by its values, see `columns`; those by which the rows are divided (a patient,
a date) are left out, because the model is to be used on patients and days that it never saw.

Looks at the first 20,000 rows only; costs milliseconds.  What was chosen is printed, and a recipe
that names its `inputs` is never second-guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stoker.core import events
from stoker.core.errors import DataError
from stoker.data.dataset import OWN_COLUMNS
from stoker.data.text_cells import TextCells
from stoker.features._cells import is_text, spelled_missing
from stoker.pipeline.columns import Verdict, judge

ROWS_LOOKED_AT = 20_000
SHOWN = 6


def choose_inputs(
    rows_path: Path,
    media_columns: tuple[str, ...],
    target: str,
    *,
    divided_by: Mapping[str, str] | None = None,
    row_numbers: Collection[str] = (),
    text_cells: TextCells | None = None,
) -> dict[str, str]:
    """The feature for each usable column.

    Args:
        rows_path: Parquet file of the cleaned rows.
        media_columns: Columns that hold media.
        target: Column that is predicted, never an input.
        divided_by: Columns by which rows are divided, with the key of the recipe that says so.
        row_numbers: Columns that only number the rows, as a source says.
        text_cells: How the sources read text; None if they have types of their own.

    Returns:
        Names of features by column, in the order of the table.

    Raises:
        DataError: If no column is usable.
    """
    head = _head(rows_path)
    verdicts = {
        name: _kept_out(name, divided_by or {}, row_numbers)
        or judge(name, head.column(name), is_media=name in media_columns, text_cells=text_cells)
        for name in head.column_names
        if name not in OWN_COLUMNS and name != target
    }
    for name, verdict in verdicts.items():
        if verdict.reason:
            said = "" if verdict.feature else " is not used"
            also = _elsewhere(head, verdict.texts, verdicts) if text_cells else ""
            events.warning(f"column {name!r}{said}: {verdict.reason}{also}")
    chosen = {name: verdict.feature for name, verdict in verdicts.items() if verdict.feature}
    if not chosen:
        raise DataError(
            "no column can serve as an input",
            expected="at least one image, number or category column",
            fix="name the columns under `inputs:` in the recipe",
        )
    events.message(f"inputs were not named; chose {_listed(chosen)}")
    return chosen


def _elsewhere(head: pa.Table, texts: tuple[str, ...], verdicts: Mapping[str, Verdict]) -> str:
    """A caution where a text that may mean "missing" is a value of other columns, target too."""
    for name in head.column_names:
        column = head.column(name)
        numbers_too = name in verdicts and verdicts[name].texts
        if name in OWN_COLUMNS or numbers_too or not is_text(column.type) or not texts:
            continue
        found = [text for text in texts if pc.any(spelled_missing(column, (text,))).as_py()]
        if found:
            return (
                f"; {found[0]!r} is a value of column {name!r} too and would be missing there: if "
                "it is an answer, name the inputs with number: {missing: [...]} instead"
            )
    return ""


def _kept_out(
    name: str, divided_by: Mapping[str, str], row_numbers: Collection[str]
) -> Verdict | None:
    """Why a column is left out whatever its values are, if it is."""
    if name in row_numbers:
        return Verdict(None, "it had no name and only numbers the rows")
    if name in divided_by:
        return Verdict(
            None, f"{divided_by[name]} divides the rows by it; name it under inputs to keep it"
        )
    if name.startswith("_"):
        return Verdict(None, "its name begins with an underscore; name it under inputs to keep it")
    return None


def _listed(chosen: dict[str, str]) -> str:
    """Columns by feature, such as `3 number (a, b, c)`."""
    names: dict[str, list[str]] = {}
    for column, feature in chosen.items():
        names.setdefault(feature, []).append(column)
    return "; ".join(
        f"{len(columns)} {feature} ({', '.join(columns[:SHOWN])}{', ...' * (len(columns) > SHOWN)})"
        for feature, columns in names.items()
    )


def _head(rows_path: Path) -> pa.Table:
    with pq.ParquetFile(rows_path, page_checksum_verification=True) as file:
        batch = next(file.iter_batches(batch_size=ROWS_LOOKED_AT), None)
        return pa.Table.from_batches([] if batch is None else [batch], file.schema_arrow)
