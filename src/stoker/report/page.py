"""The report as one HTML page that needs nothing else.

The page has no script, no style attribute and no address but `data:` pictures, and says so in a
content security policy (the one style sheet is allowed by its hash).  So a label such as
`<script>` or `<img src=//evil>` could do nothing even if escaping, which the template engine does
for every value, failed.

Cost: about 20 ms, 60 to 200 kB.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Any

from stoker.evaluate.constant import about_words, no_better_words
from stoker.evaluate.evaluation import ClassScore, Evaluation
from stoker.evaluate.leaks import is_too_good, warning_words
from stoker.report import _format
from stoker.report._pictures import data_uri
from stoker.report._templates import TEMPLATES, environment
from stoker.report.charts import (
    effect_charts,
    evaluation_charts,
    lift_charts,
    row_charts,
    training_charts,
)
from stoker.report.columns import column_rows
from stoker.report.facts import MistakeFact, PartFact, ReportFacts
from stoker.report.samples import commands
from stoker.report.words import (
    compared_sentence,
    grouped_notes,
    headline_sentence,
    parity_sentence,
    sentence,
)

LARGEST_MATRIX = 25
MOST_CLASS_ROWS = 25
MOST_CLASSES = 100
PAIRS_BESIDE_MATRIX = 8
MOST_MISTAKE_COLUMNS, MOST_CELLS = 5, 40
"""Columns of a row that was answered badly: in the table, and in all."""
FIRST_WARNINGS = 8
"""Warnings that stand at the top; more of them are folded up."""
MOST_BESIDE = 31
MOST_ALONE = 64
"""Widths of a confusion matrix, in the size of a letter M, that fit beside something and alone."""
_LONGEST_PLACE = 28
_IN_MEMORY = re.compile(r"[0-9a-f]{64}\.parquet")
"""A table that was handed over in memory, which the home keeps under its hash."""
ENDINGS = {
    "epochs": "all epochs were done",
    "patience": "the validation score stopped getting better",
    "budget": "the time budget was used up",
}
_PARTS = (
    ("answer", "Answer"),
    ("use", "Use it"),
    ("evaluation", "Evaluation"),
    ("closer", "A closer look"),
    ("mistakes", "Worst mistakes"),
    ("training", "Training"),
    ("compression", "Compression"),
    ("data", "Data"),
    ("rejects", "Rejects"),
    ("lineage", "Lineage"),
    ("said", "Messages"),
    ("environment", "Environment"),
    ("recipe", "Recipe"),
)


def render_page(facts: ReportFacts) -> str:
    """The page; pictures in `facts` must be small PNGs (see `write_report`)."""
    css = (TEMPLATES / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    template = environment().get_template("report.html.j2")
    return template.render(
        facts=facts,
        css=safe(css),
        css_hash=f"sha256-{digest}",
        **_frame(facts),
        **_evaluation(facts),
        **_mistakes(facts),
        **_training(facts),
        **_data(facts),
    )


def safe(text: str) -> str:
    """Our own text, which templates must not escape."""
    return _Safe(text)


class _Safe(str):
    """Our own text, which must not be escaped."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def _frame(facts: ReportFacts) -> dict[str, Any]:
    best = facts.best
    data = facts.data
    has_data = bool(data.sources or data.flow or data.parts or data.columns)
    has = {
        "answer": True,
        "use": bool(facts.bundle),
        "evaluation": best is not None,
        "closer": bool(facts.findings.rows),
        "mistakes": best is not None,
        "training": facts.training is not None,
        "compression": facts.compress is not None,
        "data": has_data,
        "rejects": has_data,
        "lineage": bool(facts.stages),
        "said": bool(facts.said),
        "environment": bool(facts.environment),
        "recipe": bool(facts.recipe_text),
    }
    names = [n if n == f else f"{n} ({f})" for n, f in facts.inputs.items()]
    few = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more columns"]
    doubt = best and facts.suspects and warning_words(best, facts.suspects, facts.asked)
    no_better = (
        best
        and facts.constant
        and facts.is_no_better_than_constant
        and no_better_words(best, facts.constant)
    )
    return {
        "parts": [(key, title) for key, title in _PARTS if has[key]],
        "best": best,
        "headline": best and _headline(facts, best),
        "doubt": doubt,
        "too_good": bool(best and is_too_good(best)),
        "no_better": no_better,
        "warnings": [one for one in facts.warnings if one.text not in (doubt, no_better)],
        "first_warnings": FIRST_WARNINGS,
        "gates_met": sum(gate.passed for gate in facts.gates),
        "total_seconds": sum(stage.seconds for stage in facts.stages),
        "input_words": ", ".join(few),
        "commands": commands(facts),
    }


def _headline(facts: ReportFacts, best: Evaluation) -> dict[str, Any]:
    comparison = best.comparison
    gap = comparison.metrics.get(best.headline) if comparison else None
    return {
        "name": best.headline,
        "score": best.metrics[best.headline],
        "sentence": headline_sentence(facts, best),
        "reference": comparison.reference if comparison else "",
        "gap": gap if gap and gap.value is not None else None,
        "constant_gap": best.gap_to_constant,
    }


def _evaluation(facts: ReportFacts) -> dict[str, Any]:
    best = facts.best
    main = best.in_order() if best else []
    every = best.in_order(details=True) if best else []
    return {
        "candidates": facts.candidates,
        "metric_rows": main,
        "detail_rows": len(every) > len(main),
        "all_rows": every,
        "constant_words": facts.constant and about_words(facts.constant),
        "metric_notes": grouped_notes(score for _, score in main),
        "matrix": _matrix(best),
        "matrix_is_wide": _width(best.classes or []) > MOST_BESIDE if best else False,
        "matrix_is_dense": _width(best.classes or []) > MOST_ALONE if best else False,
        "class_rows": _class_rows(best),
        "pairs_shown": PAIRS_BESIDE_MATRIX if best and len(best.classes or ()) <= 25 else 25,
        "charts": {
            "evaluation": evaluation_charts(facts),
            "training": training_charts(facts.training) if facts.training else [],
            "effects": effect_charts(facts.findings, facts.target),
            "lift": lift_charts(facts.findings),
            "rows": row_charts(facts.learning_curve),
        },
    }


def _class_rows(best: Evaluation | None) -> list[ClassScore]:
    """Every class in order, or the weakest ones if there are too many to read."""
    classes = best.per_class or [] if best else []
    if len(classes) <= MOST_CLASSES:
        return classes
    return sorted(classes, key=lambda one: one.f1 if one.f1 is not None else 2.0)[:MOST_CLASSES]


def _matrix(best: Evaluation | None) -> list[dict[str, Any]] | None:
    if best is None or best.confusion is None or best.confusion.rows is None or not best.classes:
        return None
    names = best.classes
    if len(names) > LARGEST_MATRIX:
        return None
    return [
        {"name": names[t], "cells": [_cell(row, t, a, names) for a in range(len(names))]}
        for t, row in enumerate(best.confusion.rows)
    ]


def _width(names: list[str]) -> float:
    """About how wide the matrix of these classes is, in the size of a letter M.

    >>> round(_width(list("0123456789")), 1), _width(["stays", "leaves"])
    (27.5, 11.5)
    """
    head = min(9.0, 1 + 0.5 * max(map(len, names), default=0))
    return head + sum(max(2.6, min(6.0, 1 + 0.5 * len(name))) for name in names)


def _cell(row: list[int], truth: int, answer: int, names: list[str]) -> dict[str, Any]:
    share = row[answer] / sum(row) if sum(row) else 0.0
    words = f"{names[truth]} taken for {names[answer]}: {_format.percent(share)} of its rows"
    # Square root: one mistake in a hundred should still be seen.
    shade = min(9, round(share**0.5 * 9)) if row[answer] else 0
    hit = truth == answer
    return {"rows": row[answer], "shade": shade, "hit": hit, "words": words}


def _mistakes(facts: ReportFacts) -> dict[str, Any]:
    shown = _without_lines(facts.mistakes) if _have_pictures(facts) else list(facts.mistakes)
    pictures = [_picture(one) for one in shown] if _have_pictures(facts) else []
    named = dict.fromkeys(name for one in facts.mistakes for name in one.cells)
    ranked = (*(one.column for one in facts.findings.importance), *facts.inputs)
    order = {name: place for place, name in reversed(list(enumerate(ranked)))}
    columns = sorted(
        (name for name in named if name != facts.target), key=lambda name: order.get(name, 1e9)
    )
    rows = [
        {"fact": one, "off": _off(one), "place": _place(one), "short_place": _short_place(one)}
        for one in shown
        if not pictures or columns
    ]
    return {
        "pictures": pictures,
        "mistake_rows": rows,
        "mistake_columns": columns[:MOST_MISTAKE_COLUMNS],
        "more_columns": columns[MOST_MISTAKE_COLUMNS:MOST_CELLS],
    }


def _have_pictures(facts: ReportFacts) -> bool:
    return any(one.image is not None for one in facts.mistakes)


def _picture(one: MistakeFact) -> dict[str, Any]:
    width, height = _png_size(one.image) if one.image else (0, 0)
    return {
        "fact": one,
        "uri": data_uri(one.image) if one.image else None,
        "alt": f"{one.truth}, taken for {one.prediction}",
        "width": width,
        "height": height,
        "tiny": 0 < max(width, height) <= 64,
        "place": _place(one),
        "short_place": _short_place(one),
    }


def _without_lines(mistakes: Sequence[MistakeFact]) -> list[MistakeFact]:
    """Mistakes whose files hold one picture each, without its number, which is always 1."""
    if any(one.line != 1 for one in mistakes):
        return list(mistakes)
    return [one.model_copy(update={"line": None}) for one in mistakes]


def shortened_path(place: str) -> str:
    """The last part of a path.

    >>> shortened_path("photos/cats/a.png:3")
    'a.png:3'
    """
    return place.rpartition("/")[2]


def _short_place(one: MistakeFact) -> str:
    """The place of a mistake, of which the row is never cut: a long file name loses its middle."""
    name = shortened_path(_place(one))
    if len(name) <= _LONGEST_PLACE:
        return name
    return f"{name[: _LONGEST_PLACE // 2]}…{name[-_LONGEST_PLACE // 2 :]}"


def _png_size(png: bytes) -> tuple[int, int]:
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _place(one: MistakeFact) -> str:
    if one.source is None:
        return f"row {one.row}" if one.row is not None else ""
    if one.line is not None and _IN_MEMORY.fullmatch(one.source):
        return f"row {one.line} of the table"
    return f"{one.source}:{one.line}" if one.line is not None else one.source


def _off(one: MistakeFact) -> str:
    if one.confidence is not None:
        return _format.percent(one.confidence)
    if isinstance(one.truth, str) or isinstance(one.prediction, str):
        return _format.DASH
    return _format.signed(one.prediction - one.truth)


def _training(facts: ReportFacts) -> dict[str, Any]:
    training, compress = facts.training, facts.compress
    times = dict(training.seconds) if training else {}
    total = times.pop("total", sum(times.values()))
    if total > 1.005 * sum(times.values()):
        times["the rest"] = total - sum(times.values())
    candidates = compress.candidates if compress else ()
    batches = dict.fromkeys(batch for one in candidates for batch in one.latency_ms)
    return {
        "time_rows": sorted(times.items(), key=lambda row: -row[1]),
        "time_sum": total,
        "reason": sentence(training.reason) if training else "",
        "ending": ENDINGS.get(training.stopped, training.stopped) if training else "",
        "parity_words": parity_sentence(training),
        "compared_words": compared_sentence(compress) if compress else "",
        "setting_rows": list((training.settings if training else {}).items()),
        "latency_columns": list(batches),
        "timings": {one.name: one for one in facts.timings},
        "board_metric": facts.leaderboard and facts.leaderboard.metric.replace("_", " "),
    }


def _data(facts: ReportFacts) -> dict[str, Any]:
    parts = facts.data.parts_in_order
    counts: dict[str, int] = {}
    for part in parts:
        for name, rows in (part.labels or {}).items():
            counts[name] = counts.get(name, 0) + rows
    commonest = sorted(counts, key=lambda name: -counts[name])[:MOST_CLASS_ROWS]
    shown = [name for name in counts if name in set(commonest)]
    rows = [{"name": name, "cells": [_class_cell(part, name) for part in parts]} for name in shown]
    cells = [{"rows": part.rows, "share": None} for part in parts]
    total = {"name": "all", "total": True, "cells": cells}
    return {
        "split_parts": parts,
        "split_rows": [*({**row, "total": False} for row in rows), total] if rows else [],
        "more_classes": len(counts) if len(counts) > len(shown) else 0,
        "column_rows": column_rows(facts),
        "num_columns": len(facts.data.columns),
        "rejects_total": sum(one.rows for one in facts.data.rejects),
    }


def _class_cell(part: PartFact, name: str) -> dict[str, Any]:
    rows = (part.labels or {}).get(name, 0)
    return {"rows": rows, "share": rows / part.rows if part.rows else None}
