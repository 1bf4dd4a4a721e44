"""Decide what is asked of a target column: a class or a number.

    truth values, dictionaries, labels, at most 20 whole numbers     classify
    more than 20 whole numbers, numbers with a fraction, amounts     regress

Numbers have an order, and classes throw it away: of 72 ages a model learns 72 unrelated labels.

Cost: microseconds.
"""

from __future__ import annotations

from typing import Any

from stoker.cells.number_advice import several_units
from stoker.cells.spelling import folded
from stoker.data.profile.apart import told_apart
from stoker.data.profile.choice import Choice, feature_yaml, quoted
from stoker.data.profile.column import ColumnProfile, NumberFacts
from stoker.data.profile.verdict import levels, spelled_alike, spelled_apart
from stoker.data.profile.written import Written, written_numbers

MOST_WHOLE_CLASSES = 20
"""Whole numbers of more different values are measured."""


def judge_target(column: ColumnProfile) -> Choice:
    """The task that suits a column, as a choice whose feature is a task; None if there is none.

    Args:
        column: What was counted.
    """
    task, why = _task(column)
    written, apart = _measured(column), told_apart(column, task)
    return Choice(
        column=column.name,
        kind="no target" if task is None else next(iter(task)),
        feature=task,
        why=why if apart is None else f"{why}; {apart.said}",
        change=_change(column, task, written) if apart is None else apart.line,
        is_notable=task is None
        or apart is not None
        or _hardly_repeats(column, task)
        or _is_told(task, written)
        or ("classify" in task and bool(task["classify"] or _is_doubtful(column))),
    )


def _measured(column: ColumnProfile) -> Written | None:
    """How the numbers of a target are written; None if it holds labels."""
    return None if _is_label_by_type(column) else written_numbers(column, "regress")


def _is_doubtful(column: ColumnProfile) -> bool:
    """Whether labels may mean one thing, or a measurement."""
    return bool(_alike(column) or spelled_apart(column) or _several(column))


def _alike(column: ColumnProfile) -> str:
    return spelled_alike(column, "classify")


def _several(column: ColumnProfile) -> str:
    texts = column.texts
    if texts is None or not texts.units:
        return "" if texts is None else texts.two_ways.replace("{number:", "{regress:")
    return several_units(texts.units, "regress", texts.unit_signs)


def _is_told(task: dict[str, Any], written: Written | None) -> bool:
    return "regress" in task and written is not None and bool(written.notes)


def _change(column: ColumnProfile, task: dict[str, Any] | None, written: Written | None) -> str:
    """The line with the other task; empty where that task would not run."""
    if task is not None and task.get("classify"):
        return f"target: {{{quoted(column.name)}: classify}}"
    if task is not None and "classify" in task and _alike(column):
        return f"target: {{{quoted(column.name)}: {{classify: {{fold: true}}}}}}"
    if task is None or ("classify" in task and written is None):
        return ""
    if "regress" in task:
        return f"target: {{{quoted(column.name)}: classify}}"
    assert written is not None
    return f"target: {{{quoted(column.name)}: {feature_yaml({'regress': written.options})}}}"


def _task(column: ColumnProfile) -> tuple[dict[str, dict[str, Any]] | None, str]:
    if column.distinct < 2:
        why = "every value is the same" if column.present else "every value is missing"
        return None, why
    if column.stored.startswith(("timestamp", "date", "time")):
        return None, f"its cells are moments ({column.stored}), which no task predicts"
    numbers, written = column.numbers, _measured(column)
    if numbers is None or written is None:
        task, how = _labels(column)
        if task:
            return {"classify": task}, f"{levels(column)}; {how}"
        said = (levels(column), _alike(column), spelled_apart(column), _several(column))
        return {"classify": {}}, "; ".join(filter(None, said))
    if _are_classes(column, numbers, written):
        return {"classify": {}}, f"{numbers.distinct} different numbers, which may be classes"
    said = f"{numbers.distinct:,} different numbers from {numbers.low:.6g} to {numbers.high:.6g}"
    return {"regress": written.options}, "; ".join([said, *written.notes])


def _labels(column: ColumnProfile) -> tuple[dict[str, Any], str]:
    """Options of `classify` for labels that say yes and no in more than two ways, and why."""
    texts = column.texts
    given = [(text.strip(), cells) for text, cells in column.frequent if text.strip()]
    words, cells = {text for text, _ in given}, sum(cells for _, cells in given)
    if texts is None or not texts.num_others or len(words) < 3 or texts.booleans < cells:
        return {}, ""
    if len(set(map(folded, words))) == 2:
        return {"fold": True}, "they say yes and no in upper and lower case, and are two classes"
    return {"boolean": True}, "they say yes and no in several spellings, and are two classes"


def _is_label_by_type(column: ColumnProfile) -> bool:
    return column.declared.startswith("dictionary") or column.stored == "bool"


def _are_classes(column: ColumnProfile, numbers: NumberFacts, written: Written) -> bool:
    """Whether numbers are few and whole, or codes that a number cannot hold."""
    if numbers.distinct < column.distinct and numbers.beyond_exact:
        return True
    if numbers.distinct < column.distinct and written.options:  # 2 and 2 kg would be two classes.
        return False
    if not numbers.is_whole:
        return column.texts is not None and column.distinct == 2
    return numbers.distinct <= MOST_WHOLE_CLASSES


def _hardly_repeats(column: ColumnProfile, task: dict[str, Any]) -> bool:
    return (
        "classify" in task
        and column.distinct > MOST_WHOLE_CLASSES
        and (2 * column.distinct > column.present)
    )


def why_absurd(column: ColumnProfile, task: str) -> str | None:
    """Why a task that a recipe asks for does not suit its target; None if it may.

    Args:
        column: What was counted.
        task: `classify` or `regress`.
    """
    numbers = column.numbers
    fitting, why = _task(column)
    if fitting is None:
        return why
    if task == "classify" and "regress" in fitting:
        return (
            f"{why}, and classify makes a class of each; for a measured number write "
            f"target: {{{quoted(column.name)}: {feature_yaml(fitting)}}}"
        )
    if task == "classify" and _hardly_repeats(column, fitting):
        return f"{why}: labels that hardly repeat cannot be learned; is it an identifier?"
    if task == "regress" and numbers is not None and numbers.distinct == 2:
        return (
            f"two different numbers only, {numbers.low:g} and {numbers.high:g}; for a class of two "
            f"write target: {{{quoted(column.name)}: classify}}"
        )
    return None
