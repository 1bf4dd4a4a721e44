"""Rejects in the report: few lines whatever the number of reasons, and nothing left out."""

from __future__ import annotations

import pyarrow as pa

from stoker.data.rejects import Rejects
from stoker.report.collect.reject_facts import MOST_KINDS, by_kind


def rejects(reasons: list[str], step: str = "exact_duplicates") -> pa.Table:
    made = Rejects()
    for line, reason in enumerate(reasons, 1):
        made.add(source="a b.csv", line=line, column=None, found=None, reason=reason, step=step)
    return made.table()


def test_a_thousand_duplicates_are_one_line_with_examples() -> None:
    copies = [f"has the same content as my file.csv:{n}" for n in range(1000)]
    swaps = [f"{reason} but it is labelled cat's here" for reason in copies[:10]]
    first, second = by_kind(rejects(copies + swaps))
    assert (first.reason, first.rows) == ("has the same content as another row", 1000)
    assert (second.reason, second.rows) == ("is a copy with another label", 10)
    assert len(first.samples) == 5
    assert first.samples[1].reason == copies[1]


def test_a_reason_that_all_share_is_shown_as_it_is() -> None:
    reason = "is an outlier, outside 1.5 to 9"
    (fact,) = by_kind(rejects([reason] * 3, step="outliers"))
    assert fact.reason == reason
    assert {sample.reason for sample in fact.samples} == {None}


def test_numbers_and_quotes_make_no_new_kind() -> None:
    reasons = [f"is too short: {n} fields where 1,000 are expected" for n in range(5)]
    reasons += [f"is '{name}', not a number" for name in ("一", "b c")]
    found = {fact.reason: fact.rows for fact in by_kind(rejects(reasons, step="csv"))}
    assert found == {
        "is too short: … fields where … are expected": 5,
        "is '…', not a number": 2,
    }


def test_rare_kinds_are_summed_up() -> None:
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(MOST_KINDS + 30)]
    facts = by_kind(rejects([f"is {word}" for word in words]))
    assert len(facts) == MOST_KINDS + 1
    assert facts[-1].reason == "30 rarer reasons"
    assert sum(fact.rows for fact in facts) == len(words)
