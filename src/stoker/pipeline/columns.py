"""Judge one column: which feature suits its values, and what a user should know about that.

Media become images, columns whose values read as numbers become numbers, columns with few distinct
values become categories.  Columns that look like identifiers or free text, and columns that never
change, are left out, because a model would learn them by heart or not at all.

An identifier of whole numbers is told from a measurement by this: all values differ, and they count
up with few gaps, or are too large for a 64-bit decimal, or the column is called what identifiers
are called.

Cost: milliseconds for 20,000 values.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.data.text_cells import TextCells
from stoker.features._cells import MISSING_NUMBERS, is_text, spelled_missing
from stoker.features._numbers import almost_a_number

FEWEST_ROWS = 50
"""Fewer different whole numbers than these may lie close together by chance."""

_NUMBER = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
_WHOLE = r"^[-+]?\d{1,40}$"
_DAY = re.compile(
    r"\d{4}[-/.年]\d{1,2}([-/.月]|$).*|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*|\d{1,2}:\d\d.*"
)
_CODE = re.compile(r"[A-Za-z]{1,8}[-_]?\d+")
_LEADING_ZERO = r"^[-+]?0\d"
_IDENTIFIER = re.compile(
    r"(?i:(?<![a-z])(?:id|uuid|guid|index|rowid|row_?num(?:ber)?|row_?names?))$"
    r"|[a-z](?:ID|Id)$|^Unnamed: 0$|(?<!信)号$|号码$|序号|编号"
)
_LARGEST_EXACT = 2**53
_MAX_CATEGORY_SHARE = 0.2
_MAX_CATEGORIES = 2_000
_MOSTLY = 0.8
_FEW_TEXTS = 10
_LOOKED_AT = 50


@dataclass(frozen=True)
class Verdict:
    """What a column is good for."""

    feature: str | None
    """Name of the feature; None: the column is left out."""
    reason: str = ""
    """Why it is left out, or what is odd about the choice; empty: nothing is."""
    texts: tuple[str, ...] = ()
    """Texts that stand among numbers and may mean a missing value."""


@dataclass(frozen=True)
class _Texts:
    """A column of text, value by value."""

    numbers: pa.ChunkedArray
    """Values that are numbers, blanks around them taken off."""
    others: dict[str, int] = field(default_factory=dict)
    """All other values that are not missing, with their counts, most frequent first."""

    @property
    def num_others(self) -> int:
        return sum(self.others.values())


def judge(
    name: str, column: pa.ChunkedArray, *, is_media: bool, text_cells: TextCells | None
) -> Verdict:
    """The feature for a column.

    Args:
        name: What the column is called.
        column: Its cells.
        is_media: Whether they are pictures.
        text_cells: How the sources read text; None if they have types of their own.

    >>> judge("x", pa.chunked_array([["1", "2.5"]]), is_media=False, text_cells=None).feature
    'number'
    """
    values = column.drop_null()
    if is_media:
        return Verdict("image")
    if len(values) == 0:
        return Verdict(None, "every value is missing")
    distinct = len(values.unique())
    if distinct == 1:
        return Verdict(None, "every value is the same")
    if is_text(values.type):
        return _judge_text(name, values, distinct, text_cells)
    if _is_number(values.type):
        return _judge_numbers(name, values)
    return _judge_other(values, distinct)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _judge_text(
    name: str, values: pa.ChunkedArray, distinct: int, text_cells: TextCells | None
) -> Verdict:
    texts = _sort_out(values)
    if not texts.others and len(texts.numbers.unique()) > 1:
        if not pc.any(pc.match_substring_regex(texts.numbers, _LEADING_ZERO)).as_py():
            return _judge_numbers(name, texts.numbers)
        return _judge_other(values, distinct)
    verdict = _judge_other(values, distinct)
    if not texts.others or (distinct == len(values) and _are_codes(texts)):
        return verdict
    mixed = _few_texts(name, texts, text_cells)
    oddity = mixed or _other_form(texts)
    if not oddity:
        return verdict
    return Verdict(
        verdict.feature,
        f"it becomes a category: {oddity}" if verdict.feature else oddity,
        tuple(texts.others) if mixed else (),
    )


def _are_codes(texts: _Texts) -> bool:
    """Whether all are letters with a whole number behind, as `K00017`, and never a measurement."""
    return not len(texts.numbers) and all(_CODE.fullmatch(text) for text in texts.others)


def _sort_out(values: pa.ChunkedArray) -> _Texts:
    texts = pc.utf8_trim_whitespace(values)
    texts = texts.filter(pc.invert(spelled_missing(texts, ("", *MISSING_NUMBERS))))
    is_number = pc.match_substring_regex(texts, _NUMBER)
    rest = texts.filter(pc.invert(is_number)).value_counts().to_pylist()
    rest.sort(key=lambda one: (-one["counts"], one["values"]))
    others = {one["values"]: one["counts"] for one in rest}
    return _Texts(texts.filter(is_number), others)


def _judge_other(values: pa.ChunkedArray, distinct: int) -> Verdict:
    if distinct <= min(_MAX_CATEGORIES, max(10, _MAX_CATEGORY_SHARE * len(values))):
        return Verdict("category")
    return Verdict(
        None,
        f"{distinct} different values in {len(values)} rows look like identifiers or free text",
    )


def _judge_numbers(name: str, values: pa.ChunkedArray) -> Verdict:
    reason = _identifies(name, values)
    return Verdict(None, reason) if reason else Verdict("number")


def _identifies(name: str, values: pa.ChunkedArray) -> str | None:
    """Why numbers look like identifiers, if they do."""
    number_N = _whole_numbers(values)
    if len(number_N) < 2:
        return None
    size = len(number_N)
    steps = [after - before for before, after in pairwise(number_N)]
    if 0 in steps:
        return None
    low, high = number_N[0], number_N[-1]
    if max(high, -low) > _LARGEST_EXACT:
        return "all its values differ and are whole numbers beyond 2**53, as identifiers are"
    if _IDENTIFIER.search(name):
        return "all its values differ, and its name is that of an identifier"
    close = high - low < 2 * size or steps.count(1) >= 0.9 * len(steps)
    if size >= FEWEST_ROWS and close:
        return (
            f"its {size:,} values are different whole numbers from {low:,} to {high:,}, as row "
            "numbers and identifiers are"
        )
    return None


def _whole_numbers(values: pa.ChunkedArray) -> list[int]:
    """The values in rising order if all are whole numbers, else none."""
    if is_text(values.type):
        is_whole = pc.all(pc.match_substring_regex(values, _WHOLE)).as_py()
        return sorted(int(text) for text in values.to_pylist()) if is_whole else []
    if pa.types.is_floating(values.type):
        value_N = values.to_numpy()
        value_N = value_N[~np.isnan(value_N)]
        is_whole = np.isfinite(value_N).all() and (value_N == np.floor(value_N)).all()
        return sorted(int(value) for value in value_N) if is_whole else []
    return sorted(values.to_pylist()) if pa.types.is_integer(values.type) else []


def _few_texts(name: str, texts: _Texts, text_cells: TextCells | None) -> str | None:
    """What to write where most values are numbers and the others are a few texts."""
    share = len(texts.numbers) / (len(texts.numbers) + texts.num_others)
    if share < _MOSTLY or len(texts.others) > _FEW_TEXTS:
        return None
    named = ", ".join(f"{text!r} {count}" for text, count in texts.others.items())
    return (
        f"{share:.0%} of its values are numbers, the others are few texts ({named}); if these "
        f'mean "not known", write {_missing_line(name, list(texts.others), text_cells)}'
    )


def _other_form(texts: _Texts) -> str | None:
    """What to do where values are days, or numbers with a unit or other signs."""
    looked_at = list(texts.others.items())[:_LOOKED_AT]
    most = _MOSTLY * sum(count for _, count in looked_at)
    if sum(count for text, count in looked_at if _DAY.fullmatch(text)) >= most:
        return (
            f"its values are days or times ({looked_at[0][0]!r}), which no feature reads; add a "
            "column with a number made of them, such as a year, an age or days since"
        )
    nearly = [(text, count, almost_a_number(text)) for text, count in looked_at]
    found = [f"{text!r} {why}" for text, _, why in nearly if why]
    if not found or sum(count for _, count, why in nearly if why) < most:
        return None
    return f"its values are numbers in another form: {found[0]}"


def _missing_line(name: str, found: list[str], text_cells: TextCells | None) -> str:
    if text_cells is None:
        listed = json.dumps([*MISSING_NUMBERS, *found], ensure_ascii=False)
        return (
            f"inputs: {{{json.dumps(name, ensure_ascii=False)}: {{number: {{missing: {listed}}}}}}}"
        )
    listed = json.dumps([*text_cells.missing, *found], ensure_ascii=False)
    return f"in the csv source: missing: {listed}"
