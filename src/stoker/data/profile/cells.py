"""Read the cells of one column in the form that its Arrow type asks for, and count them.

Every type has an answer.  Texts are counted by their different values and read as numbers or
moments where most of them are some; whole numbers stay whole, so that none of 19 digits is lost;
decimals are counted by their own digits; of nested cells only missing ones are counted.

Cost: see `tally`, `numbers` and `words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stoker.cells.raw import is_text
from stoker.data.profile.column import NumberFacts, TextFacts
from stoker.data.profile.far import far_values
from stoker.data.profile.moments import seconds_of
from stoker.data.profile.numbers import WeightedValues, number_facts, weigh
from stoker.data.profile.spelling import values_of
from stoker.data.profile.tally import Tally, tally
from stoker.data.profile.words import TextReading, read_texts, text_facts

_MOST_FREQUENT = 20
_MOSTLY = 0.8
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


@dataclass(frozen=True)
class ProfiledCells:
    """A column that was read and counted."""

    missing_N: np.ndarray
    """Which cells have no value, bool."""
    distinct: int = 0
    single: int = 0
    """Values of one cell."""
    frequent: tuple[tuple[str, int], ...] = ()
    top_N: np.ndarray | None = None
    """Place of each cell's value in `frequent`; its length for others, plus one where missing."""
    order_N: np.ndarray | None = None
    """What is compared from row to row."""
    is_ordered: bool = False
    """Whether larger means more there."""
    number_N: np.ndarray | None = None
    """Numbers of the cells as `numbers` describes them, NaN where there is none."""
    numbers: NumberFacts | None = None
    texts: TextFacts | None = None


def read_block(
    columns: Sequence[pa.ChunkedArray], media: Sequence[bool], decimal: str = ""
) -> Iterator[ProfiledCells]:
    """Read and count some columns.

    Args:
        columns: All cells of each.
        media: Whether the cells of each are numbers of media.
        decimal: Sign before fractions in the rest of the file; empty: nothing tells.
    """
    tallies = {i: tally(column) for i, column in enumerate(columns) if is_text(_kind(column))}
    readings = dict(zip(tallies, read_texts(list(tallies.values())), strict=True))
    for number, column in enumerate(columns):
        if number in tallies:
            yield _of_text(tallies.pop(number), readings.pop(number), decimal)
        else:
            yield _of_typed(column, is_media=media[number])


def _kind(column: pa.ChunkedArray) -> pa.DataType:
    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type


def _of_typed(column: pa.ChunkedArray, *, is_media: bool) -> ProfiledCells:
    """Columns of all types but text."""
    kind = _kind(column)
    if pa.types.is_boolean(kind) or "binary" in str(kind):
        return _of_few(column)
    if pa.types.is_decimal(kind):
        return _of_decimals(column)
    if pa.types.is_temporal(kind):
        return _of_moments(column)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _of_numbers(column, is_media=is_media)
    return ProfiledCells(column.is_null().to_numpy())


def _of_text(found: Tally, read: TextReading, decimal: str) -> ProfiledCells:
    texts = text_facts(read, decimal)
    number_V, is_time = _as_numbers(read, texts)
    numbers, number_N = None, None
    if number_V is not None:
        weighted = weigh(number_V, found.count_V)
        numbers = number_facts(weighted, is_time=is_time)
        is_day = is_time and texts is not None and not _is_clock(texts)
        far_V = far_values(weighted, is_day=is_day) if is_day or not is_time else np.zeros(0)
        numbers = _with_far(numbers, far_V, read.value_V, number_V, found.count_V)
        number_N = np.append(number_V, np.nan)[found.index_N]
    is_ordered = number_V is not None
    order_N = number_N if is_ordered else found.index_N
    return _counted(
        found, order_N, is_ordered=is_ordered, numbers=numbers, texts=texts, number_N=number_N
    )


def _is_clock(texts: TextFacts) -> bool:
    return texts.time is not None and texts.time.is_time_of_day


def _with_far(
    facts: NumberFacts | None,
    far_V: np.ndarray,
    value_V: pa.Array,
    number_V: np.ndarray,
    count_V: np.ndarray,
) -> NumberFacts | None:
    """The facts with the values that lie far, in each way in which they are written."""
    if facts is None or not len(far_V):
        return facts
    at = np.flatnonzero(np.isin(number_V, far_V))
    texts = value_V.take(pa.array(at)).cast(pa.string()).to_pylist()
    cells: dict[str, int] = {}
    for text, count in zip(texts, count_V[at].tolist(), strict=True):
        cells[text] = cells.get(text, 0) + count
    return facts.model_copy(update={"far": tuple(cells.items())})


def _as_numbers(read: TextReading, texts: TextFacts | None) -> tuple[np.ndarray | None, bool]:
    """Different texts as numbers, if most cells are some when read one way."""
    if texts is None:
        return None, False
    most = _MOSTLY * (read.count_V.sum() - texts.marks)
    if texts.time is not None and texts.time.cells >= most:
        return seconds_of(read.value_V, texts.time), True
    if texts.number is not None and texts.number.cells >= most:
        return values_of(read.value_V, texts.number), False
    if texts.plain_numbers and texts.plain_numbers >= most:
        return read.number_V, False
    return None, False


def _of_few(column: pa.ChunkedArray) -> ProfiledCells:
    """Truth values and bytes: counted, and no more."""
    found = tally(column)
    return _counted(found, found.index_N, is_ordered=False)


def _of_decimals(column: pa.ChunkedArray) -> ProfiledCells:
    found = tally(column.cast(pa.string()))
    number_V = read_texts([found])[0].number_V
    weighted = weigh(number_V, found.count_V)
    facts, far_V = number_facts(weighted), far_values(weighted)
    return _counted(
        found,
        np.append(number_V, np.nan)[found.index_N],
        is_ordered=True,
        numbers=_with_far(facts, far_V, found.value_V, number_V, found.count_V),
        number_N=np.append(number_V, np.nan)[found.index_N],
    )


def _counted(
    found: Tally,
    order_N: np.ndarray | None,
    *,
    is_ordered: bool,
    numbers: NumberFacts | None = None,
    texts: TextFacts | None = None,
    number_N: np.ndarray | None = None,
) -> ProfiledCells:
    is_bytes = not is_text(found.value_V.type) and not pa.types.is_boolean(found.value_V.type)
    top = np.zeros(0, np.int64) if is_bytes else found.most_frequent(_MOST_FREQUENT)
    names = found.value_V.take(pa.array(top)).cast(pa.string()).to_pylist() if len(top) else []
    place_V = np.full(len(found.count_V) + 1, len(top))
    place_V[top] = np.arange(len(top))
    place_V[-1] = len(top) + 1
    return ProfiledCells(
        missing_N=found.index_N < 0,
        distinct=len(found.count_V),
        single=int((found.count_V == 1).sum()),
        frequent=tuple(zip(names, found.count_V[top].tolist(), strict=True)),
        top_N=None if is_bytes else place_V[found.index_N],
        order_N=order_N,
        is_ordered=is_ordered,
        number_N=number_N,
        numbers=numbers,
        texts=texts,
    )


def _of_moments(column: pa.ChunkedArray) -> ProfiledCells:
    kind = column.type
    whole = pa.int32() if kind.bit_width == 32 else pa.int64()
    missing_N = column.is_null().to_numpy()
    value_N = column.cast(whole).cast(pa.int64()).fill_null(0).to_numpy()
    found = weigh(value_N[~missing_N])
    top = _top(found)
    texts = pa.array(found.value_V[top]).cast(whole).cast(kind).cast(pa.string())
    per_second = 1 / 86_400 if kind == pa.date32() else _PER_SECOND[getattr(kind, "unit", "ms")]
    seconds = WeightedValues(found.value_V / per_second, found.count_V)
    facts = number_facts(seconds, is_time=not pa.types.is_duration(kind))
    is_day = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    far_V = far_values(seconds, is_day=True) if is_day else np.zeros(0)
    if len(far_V):
        whole_V = pa.array(found.value_V).cast(whole).cast(kind)
        facts = _with_far(facts, far_V, whole_V, seconds.value_V, found.count_V)
    number_N = np.where(missing_N, np.nan, value_N / per_second)
    return _of_weighted(found, (top, texts.to_pylist()), value_N, number_N, facts)


def _of_numbers(column: pa.ChunkedArray, *, is_media: bool) -> ProfiledCells:
    missing_N = column.is_null(nan_is_null=True).to_numpy()
    value_N = column.fill_null(0).to_numpy()
    found = weigh(value_N[~missing_N] if missing_N.any() else value_N)
    number_N = value_N.astype(np.float64)
    number_N[missing_N] = np.nan
    if is_media:
        return ProfiledCells(missing_N, len(found.value_V), int((found.count_V == 1).sum()))
    top = _top(found)
    texts = [str(value) for value in found.value_V[top].tolist()]
    facts, far_V = number_facts(found), far_values(found)
    if len(far_V):
        written_V = pa.array([f"{value:.15g}" for value in far_V.tolist()])
        at = np.searchsorted(found.value_V, far_V)
        facts = _with_far(facts, far_V, written_V, far_V, found.count_V[at])
    return _of_weighted(found, (top, texts), value_N, number_N, facts)


def _top(found: WeightedValues) -> np.ndarray:
    """Numbers of the most frequent values, then the smallest ones."""
    return np.argsort(-found.count_V, kind="stable")[:_MOST_FREQUENT]


def _of_weighted(
    found: WeightedValues,
    top: tuple[np.ndarray, list[str]],
    value_N: np.ndarray,
    number_N: np.ndarray,
    facts: NumberFacts | None,
) -> ProfiledCells:
    """Count numbers; only of few different ones each cell's place is told."""
    places, texts = top
    top_N = None
    if 0 < len(found.value_V) <= len(places):
        place_V = np.empty(len(places), np.int64)
        place_V[places] = np.arange(len(places))
        at = np.searchsorted(found.value_V, value_N).clip(max=len(places) - 1)
        top_N = place_V[at]
        top_N[np.isnan(number_N)] = len(places) + 1
    return ProfiledCells(
        missing_N=np.isnan(number_N),
        distinct=len(found.value_V),
        single=int((found.count_V == 1).sum()),
        frequent=tuple(zip(texts, found.count_V[places].tolist(), strict=True)),
        top_N=top_N,
        order_N=value_N,
        is_ordered=True,
        number_N=number_N,
        numbers=facts,
    )
