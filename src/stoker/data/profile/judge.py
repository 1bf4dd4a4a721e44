"""Decide what each column is, from what was counted over all of its rows.

Rules are asked in order and the first that answers decides.  The type in a user's file is the
strongest word: a dictionary is a category whatever it holds, a truth value a boolean, a timestamp a
moment.  Text is judged by the pattern of the whole column and never by one cell.

What only tells rows apart (row numbers, order numbers, codes, names) is left out, because a model
would learn it by heart.

Cost: microseconds a column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from stoker.cells.raw import SHEET_ERRORS
from stoker.core.events import counted
from stoker.data.profile.apart import told_apart
from stoker.data.profile.choice import Choice, feature_yaml, quoted
from stoker.data.profile.column import ColumnProfile, Profile
from stoker.data.profile.judge_numbers import judge_numbers
from stoker.data.profile.judge_text import judge_text
from stoker.data.profile.missing import missing_words
from stoker.data.profile.verdict import Verdict, as_category, is_category, levels

_TEMPORAL = ("timestamp", "date", "time")
_NESTED = ("list", "large_list", "fixed_size_list", "struct", "map", "dense_union", "sparse_union")
_FEWEST_PRESENT = 5


def judge(profile: Profile, *, left_out: Mapping[str, str] | None = None) -> list[Choice]:
    """A choice for each column of a table, in its order.

    Args:
        profile: What was counted.
        left_out: Columns that are no inputs whatever they hold, with the reason, such as those by
            which the rows are divided.
    """
    return [judge_column(column, (left_out or {}).get(column.name)) for column in profile.columns]


def judge_column(column: ColumnProfile, left_out: str | None = None) -> Choice:
    """The choice for one column.

    Args:
        column: What was counted.
        left_out: Why it is no input whatever it holds; None: it may be one.
    """
    verdicts = (rule(column) for rule in _RULES)
    found = next(verdict for verdict in verdicts if verdict is not None)
    if left_out is not None:
        found = Verdict(found.kind, None, left_out, is_notable=True, instead=_instead(found))
    apart = told_apart(column, found.feature)
    if apart is not None:
        told = {"why": f"{apart.said}; {found.why}", "instead": feature_yaml(apart.step)}
        found = replace(found, **told, is_notable=True)
    marks = _marks(column, found)
    if marks:
        found = replace(found, why=f"{marks}; {found.why}", is_notable=True)
    instead = found.instead or _other(column, found)
    name = quoted(column.name)
    return Choice(
        column=column.name,
        kind=found.kind,
        feature=found.feature,
        why=found.why,
        change=f"{name}: {instead}" if instead else f"# {name}: {found.kind}",
        is_notable=found.is_notable,
        is_doubtful=found.is_doubtful and found.feature is None,
    )


def _marks(column: ColumnProfile, found: Verdict) -> str:
    """That usual words such as `-` are read as missing; errors of sheets are told elsewhere."""
    known = () if column.texts is None else column.texts.mark_words
    told = {text.casefold() for text in SHEET_ERRORS}
    read = missing_words(column, found.feature)
    words = [
        (text, read[text]) for text, _ in known if read.get(text) and text.casefold() not in told
    ]
    words = [(text, cells) for text, cells in words if text]
    if not words or found.feature is None or "category" in found.feature:
        return ""
    named = ", ".join(f"{text!r} {cells:,}" for text, cells in words)
    cells = sum(cells for _, cells in words)
    return f"{counted(cells, 'cells')} of a spelling that means no value ({named}) are missing"


def _instead(found: Verdict) -> str:
    return "category" if found.feature is None else next(iter(found.feature))


def _other(column: ColumnProfile, found: Verdict) -> str:
    """The feature that one may want instead of the one found; empty: only to leave it out."""
    has_numbers = column.numbers is not None and not column.numbers.is_time
    if found.feature is None:
        return "number" if has_numbers and column.texts is None else "category"
    if "category" not in found.feature:
        return "category"
    reading = None if column.texts is None else column.texts.number
    if has_numbers and reading is not None:
        return feature_yaml({"number": reading.options})
    return "number" if has_numbers else "text" if column.texts is not None else ""


# --- rules in order ------------------------------------------------------------------------------


def _media(column: ColumnProfile) -> Verdict | None:
    return Verdict("image", {"image": {}}, "its cells are pictures") if column.is_media else None


def _empty(column: ColumnProfile) -> Verdict | None:
    if column.present:
        return None
    return Verdict("empty", None, "every value is missing", is_notable=True)


def _unread(column: ColumnProfile) -> Verdict | None:
    """Types that no feature reads."""
    if "binary" in column.stored:
        why = f"its cells are bytes ({column.stored}), which no feature reads"
        return Verdict("bytes", None, why, is_notable=True)
    if column.stored.partition("<")[0] in _NESTED:
        return Verdict("nested", None, f"its cells are nested ({column.stored})", is_notable=True)
    return None


def _constant(column: ColumnProfile) -> Verdict | None:
    if column.distinct != 1:
        return None
    if min(column.present, column.missing) < _FEWEST_PRESENT:
        return Verdict("constant", None, "every value is the same", is_notable=True)
    share = column.present / column.rows
    why = f"{column.frequent[0][0]!r} stands in {share:.0%} of the rows, the others are empty"
    return Verdict("category", {"category": {}}, why)


def _dictionary(column: ColumnProfile) -> Verdict | None:
    if not column.declared.startswith("dictionary") or not is_category(column, generous=True):
        return None
    return as_category(column, "its file says that it is a category")


def _boolean(column: ColumnProfile) -> Verdict | None:
    if column.stored != "bool":
        return None
    shares = (f"{value} in {cells / column.present:.0%}" for value, cells in column.frequent)
    return Verdict("boolean", {"boolean": {}}, f"its file says truth values: {', '.join(shares)}")


def _moment(column: ColumnProfile) -> Verdict | None:
    """Moments by their type."""
    if not column.stored.startswith(_TEMPORAL):
        return None
    return Verdict("timestamp", {"timestamp": {}}, f"its file says moments ({column.stored})")


def _number(column: ColumnProfile) -> Verdict | None:
    """Numbers by their type; durations are seconds."""
    if column.texts is not None or column.numbers is None:
        return None
    return judge_numbers(column, {})


def _text(column: ColumnProfile) -> Verdict | None:
    return None if column.texts is None else judge_text(column)


def _nothing(column: ColumnProfile) -> Verdict:
    why = f"{levels(column)} of type {column.stored}, which no feature reads"
    return Verdict("unread", None, why, is_notable=True)


_RULES: tuple[Callable[[ColumnProfile], Verdict | None], ...] = (
    *(_media, _empty, _unread, _constant, _dictionary, _boolean, _moment, _number, _text),
    _nothing,
)
