"""Rejects for the report: one line for each kind of reason, with a count and a few examples.

Reasons name places and values (`has the same content as a.csv:17`), so there can be as many of them
as rows.  Two reasons are of one kind if they differ only in numbers, places and quoted text; where
all of a kind are equal, the reason is shown as it is.

Cost: a few passes over the reasons; memory for one stage's rejects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stoker.engine.table_file import read_tables
from stoker.report.facts import RejectFact, RejectSample
from stoker.store.artifact import Artifact
from stoker.views.flows import rejects_path, stages_with_rows

MOST_SAMPLES = 5
MOST_KINDS = 50

_OWN = (
    (
        r"(?s)has the same content as .*:\d+ but it is labelled .* here$",
        "is a copy with another label",
    ),
    (r"has the same content as .*:\d+$", "has the same content as another row"),
    (
        r"(?s)is nearly the same text as .*:\d+ \(similarity .*\) but it is labelled .* here$",
        "is nearly the text of another row with another label",
    ),
    (
        r"is nearly the same text as .*:\d+ \(similarity .*\)$",
        "is nearly the same text as another row",
    ),
    (r"'[^']*'", "'…'"),
    (r"\d[\d,.]*\b", "…"),
)
"""What is of one row alone, and what stands for it."""


def read_rejects(inputs: Mapping[str, Artifact]) -> list[RejectFact]:
    """Every kind of reason for which rows were left out, most rows first."""
    found: list[RejectFact] = []
    for _, artifact in stages_with_rows(inputs):
        tables = list(read_tables(rejects_path(artifact)))
        if tables:
            found += by_kind(pa.concat_tables(tables))
    return sorted(found, key=lambda fact: -fact.rows)


def by_kind(rejects: pa.Table) -> list[RejectFact]:
    """The kinds of reason in a table of rejects, most rows first; the rarest as one line.

    Args:
        rejects: A table with the schema of `stoker.data.rejects`.
    """
    marked = rejects.append_column("kind", kinds(rejects["reason"]))
    counts = marked.group_by(["step", "kind"]).aggregate(
        [([], "count_all"), ("reason", "min"), ("reason", "max")]
    )
    ordered = sorted(
        counts.to_pylist(), key=lambda one: (-one["count_all"], one["step"], one["kind"])
    )
    facts = [_fact(marked, count) for count in ordered[:MOST_KINDS]]
    rest = ordered[MOST_KINDS:]
    if rest:
        rows = sum(one["count_all"] for one in rest)
        facts.append(
            RejectFact(step=rest[0]["step"], reason=f"{len(rest)} rarer reasons", rows=rows)
        )
    return facts


def kinds(reasons: pa.ChunkedArray) -> pa.ChunkedArray:
    """Reasons without what is of one row alone.

    >>> kinds(pa.chunked_array([["has the same content as a b.csv:7", "has 3 fields"]])).to_pylist()
    ['has the same content as another row', 'has … fields']
    """
    for pattern, instead in _OWN:
        reasons = pc.replace_substring_regex(reasons, pattern, instead)
    return reasons


def _fact(marked: pa.Table, count: Mapping[str, Any]) -> RejectFact:
    chosen = (pc.field("step") == count["step"]) & (pc.field("kind") == count["kind"])
    samples = marked.filter(chosen).slice(0, MOST_SAMPLES).to_pylist()
    is_one = count["reason_min"] == count["reason_max"]
    return RejectFact(
        step=count["step"],
        reason=count["reason_min"] if is_one else count["kind"],
        rows=count["count_all"],
        samples=tuple(_sample(one, None if is_one else one["reason"]) for one in samples),
    )


def _sample(one: Mapping[str, Any], reason: str | None) -> RejectSample:
    return RejectSample(
        source=one["source"],
        line=one["line"],
        column=one["column"],
        found=one["found"],
        reason=reason,
    )
