"""Refuse a run when more of its raw data is unusable than the recipe allows.

Rows that a cleaner leaves out because the recipe says so (duplicates, outliers) are not counted:
only records that could not be read, pictures that do not open, and cells that do not become a
tensor.  What was rejected is in the store before this looks, so nothing is lost by refusing.  Rows
that the split takes out (training rows that stand in a given test set) are told and never refused.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from stoker.core import events
from stoker.core.errors import DataError, Place
from stoker.core.steps import step_names
from stoker.data.rejects import SCHEMA
from stoker.engine.table_file import read_tables
from stoker.pipeline.execute import Executed
from stoker.pipeline.reject_facts import by_kind
from stoker.store.artifact import Artifact

UNREADABLE = "unreadable_media"
_CLEANERS = "stoker.data.clean"
_MOST_REASONS = 3


def check_rejects(executed: Executed, max_rejects: float) -> None:
    """Count the unusable records of a stage, and warn of them and of rows that the split took out.

    Args:
        executed: A stage that has just been done or found.
        max_rejects: Largest share of its rows that may be unusable.

    Raises:
        DataError: If more are, with the commonest reasons, the first, and where all of them are.
    """
    if executed.stage == "split":
        _tell_left_out(executed.artifact)
    if executed.stage not in ("acquire", "clean", "prepare"):
        return
    rows_in = int(executed.artifact.manifest.summary["rows_in"])
    unusable = _unusable(executed.artifact)
    if not unusable.num_rows:
        return
    count, first = unusable.num_rows, unusable.slice(0, 1).to_pylist()[0]
    path = executed.artifact.folder / "rejects.parquet"
    reasons = _reasons(unusable)
    said = f"{count:,} of {rows_in:,} records cannot be used ({executed.stage}{reasons})"
    example = f"'{first['found']}' {first['reason']}" if first["found"] else first["reason"]
    place = Place(first["source"], first["line"], column=first["column"])
    if count > max_rejects * rows_in:
        raise DataError(
            f"{said}; the first: {example}",
            expected=f"at most {max_rejects:.2%}, as data.max_rejects says",
            fix=f"`stoker rejects` writes all of {path} for a spreadsheet; "
            "mend the data, or raise data.max_rejects",
            place=place,
        )
    events.warning(f"{said} and are left out, see {path}; the first: {place}: {example}")


def _tell_left_out(artifact: Artifact) -> None:
    """Say which rows the split took out, such as training rows that stand in a given test set."""
    path = artifact.folder / "rejects.parquet"
    tables = list(read_tables(path))
    for fact in by_kind(pa.concat_tables(tables)) if tables else ():
        first = fact.samples[0]
        place = Place(first.source, first.line, column=first.column)
        rows = "row is" if fact.rows == 1 else "rows are"
        events.warning(
            f"{fact.rows:,} {rows} left out (split): {fact.reason}, see {path}; the first: {place}"
        )


def _unusable(artifact: Artifact) -> pa.Table:
    """The records of a stage that are unusable; there may be a million."""
    chosen = pa.array(sorted(set(step_names(_CLEANERS)) - {UNREADABLE}))
    return pa.concat_tables(
        [
            SCHEMA.empty_table(),
            *(
                table.filter(pc.invert(pc.is_in(table["step"], value_set=chosen)))
                for table in read_tables(artifact.folder / "rejects.parquet")
            ),
        ]
    )


def _reasons(unusable: pa.Table) -> str:
    """The commonest kinds of reason with their rows, where there is more than one kind."""
    facts = by_kind(unusable)
    if len(facts) == 1:
        return ""
    shown = [f"{fact.rows:,} {fact.reason}" for fact in facts[:_MOST_REASONS]]
    more = len(facts) - len(shown)
    return ": " + ", ".join(shown) + f", and {more} other reasons" * (more > 0)
