"""Refuse a run when more of its raw data goes than the recipe allows.

There are two limits.  `data.max_rejects` counts what is unusable: records that could not be read,
pictures that do not open, cells that do not become a tensor.  `data.max_lost` counts every row that
any step took, those that the recipe asks for (duplicates, outliers, rows without a target) too: a
model of a tenth of the data must not come as a surprise.  What was rejected is in the store before
this looks, so nothing is lost by refusing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from stoker.core import events
from stoker.core.errors import DataError, Place
from stoker.dag.execute import Executed
from stoker.data.flow import Flow
from stoker.data.missing_target import NAME as MISSING_TARGET
from stoker.data.rejects import SCHEMA
from stoker.engine.table_file import read_tables
from stoker.report.collect.reject_facts import by_kind
from stoker.store.artifact import Artifact
from stoker.views.flows import flows_of, lost, rejects_path

_MOST_REASONS = 3
_ABOUT_EQUAL_ROWS = (
    "take exact_duplicates out of data.clean: equal rows of a table are usually different people "
    "or things; if they are copies, raise data.max_lost"
)
_ABOUT_PICTURES = (
    "look at them with `stoker rejects`: a picture under several labels goes whole, unless "
    "exact_duplicates has the option `conflicts: keep`; if they are copies, raise data.max_lost"
)
_ABOUT_TEXTS = (
    "look at them with `stoker rejects`; if they are not the same, raise the `similarity` of "
    "near_duplicates; texts under several labels go whole, unless it has `conflicts: keep`; if "
    "they are copies, raise data.max_lost"
)


def check_rejects(executed: Executed, max_rejects: float) -> None:
    """Count the unusable records of a stage, and tell of them and of what the recipe left out.

    Args:
        executed: A stage that has just been done or found.
        max_rejects: Largest share of its rows that may be unusable.

    Raises:
        DataError: If more are, with the commonest reasons, the first, and where all of them are.
    """
    flows = flows_of(executed.artifact)
    if not any(flow.rejected for flow in flows):
        return
    _tell_left_out(executed, flows)
    unusable = _rejected(executed.artifact, flows, unusable=True)
    if not unusable.num_rows:
        return
    rows_in = flows[0].rows_in
    count, first = unusable.num_rows, unusable.slice(0, 1).to_pylist()[0]
    path = rejects_path(executed.artifact)
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


def check_lost(done: Mapping[str, Executed], max_lost: float) -> None:
    """Count the rows that all stages so far left out, whatever the reason.

    Args:
        done: Stages of the run in order.
        max_lost: Largest share of the rows that may go.

    Raises:
        DataError: If more went, naming the steps that took most.
    """
    gone = lost({stage: executed.artifact for stage, executed in done.items()})
    if gone.share <= max_lost:
        return
    worst = next(iter(gone.by_step))
    pictures = bool(done["acquire"].artifact.manifest.summary["media"])
    advice = {
        "exact_duplicates": _ABOUT_PICTURES if pictures else _ABOUT_EQUAL_ROWS,
        "near_duplicates": _ABOUT_TEXTS,
        MISSING_TARGET: "check the name under target, or raise data.max_lost",
    }
    raise DataError(
        gone.text,
        expected=f"at most {100 * max_lost:.3g} %, as data.max_lost says",
        fix=advice.get(
            worst,
            "look at them with `stoker rejects`; mend the data or the step that takes most, or "
            "raise data.max_lost",
        ),
    )


def _tell_left_out(executed: Executed, flows: Sequence[Flow]) -> None:
    """Say which rows a step of the recipe or the split took out, and why."""
    path = rejects_path(executed.artifact)
    chosen = [flow for flow in flows if not flow.unusable and flow.step != MISSING_TARGET]
    tell = events.warning if executed.stage == "split" else events.message
    for fact in by_kind(_rejected(executed.artifact, chosen, unusable=False)):
        first = fact.samples[0]
        place = Place(first.source, first.line, column=first.column)
        rows = "row is" if fact.rows == 1 else "rows are"
        tell(
            f"{fact.rows:,} {rows} left out ({fact.step}): {fact.reason}, see {path}; "
            f"the first: {place}"
        )


def _rejected(artifact: Artifact, flows: Sequence[Flow], *, unusable: bool) -> pa.Table:
    """The records of a stage that are unusable, or those of the given steps that are not.

    A source writes its own name into its records, so all that no other step left out is unusable.
    """
    others = pa.array([flow.step for flow in flows if not flow.unusable], pa.string())
    found = [SCHEMA.empty_table()]
    for table in read_tables(rejects_path(artifact)):
        is_other = pc.is_in(table["step"], value_set=others)
        found.append(table.filter(pc.invert(is_other) if unusable else is_other))
    return pa.concat_tables(found)


def _reasons(unusable: pa.Table) -> str:
    """The commonest kinds of reason with their rows, where there is more than one kind."""
    facts = by_kind(unusable)
    if len(facts) == 1:
        return ""
    shown = [f"{fact.rows:,} {fact.reason}" for fact in facts[:_MOST_REASONS]]
    more = len(facts) - len(shown)
    return ": " + ", ".join(shown) + f", and {more} other reasons" * (more > 0)
