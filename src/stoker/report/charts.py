"""Which charts a report has, and from which facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from stoker.candidates.learning_curve import LearningCurve
from stoker.evaluate.evaluation import Bin, Evaluation
from stoker.evaluate.probes.effects import Effect
from stoker.evaluate.probes.look import Findings
from stoker.report._format import shortened
from stoker.report._svg import Axes, Point, Series, chart, names_that_fit
from stoker.report.facts import ReportFacts, TrainingFacts

_X_KEYS = ("epoch", "round", "step")
_SIDES = ("train", "validation", "test")
_BEFORE = "before the temperature"
_NO_CURVE = ("seconds", "time", *_X_KEYS)


@dataclass(frozen=True)
class Figure:
    """A chart with its legend."""

    title: str
    svg: Markup
    keys: tuple[Series, ...]
    """Series to name below it; empty where the axes say it all."""
    note: str = ""


def evaluation_charts(facts: ReportFacts) -> list[Figure]:
    """Charts of the chosen candidate, beside the baseline where that helps."""
    best = facts.best
    if best is None:
        return []
    shown = {facts.chosen: best}
    reference = best.comparison.reference if best.comparison else None
    if reference in facts.evaluations:
        shown[reference] = facts.evaluations[reference]
    figures = [
        _roc(shown),
        _precision_recall(shown, best),
        _calibration(shown, best),
        _reliability(best),
    ]
    figures += [_scatter(best, facts.target), _by_prediction(best, facts.target)]
    figures += [_residuals(best, facts.target)]
    return [figure for figure in figures if figure is not None]


def effect_charts(findings: Findings, target: str) -> list[Figure]:
    """How answers move with each of the first columns, over the rows that have each value."""
    return [_effect(one, target) for one in findings.effects]


def _effect(one: Effect, target: str) -> Figure:
    answer = f"chance of {shortened(one.of, 24)}" if one.of else target
    called = [name for name, _ in one.values]
    points = [(float(place), y) for place, (_, y) in enumerate(one.values)] or list(one.points)
    short = names_that_fit(called)
    y_low, y_high = min(y for _, y in points), max(y for _, y in points)
    margin = 0.1 * (y_high - y_low) or max(abs(y_high), 1e-6) * 0.1
    low, high = y_low - 3 * margin, y_high + margin
    most = max(one.rows) or 1
    x_low, x_high = points[0][0], points[-1][0]
    width = (x_high - x_low) / max(len(points) - 1, 1)
    bars = Series(
        "rows",
        [
            (x, low + 0.2 * (high - low) * rows / most)
            for (x, _), rows in zip(points, one.rows, strict=True)
        ],
        "bars",
        style=4,
        bar_width=0.6 * width,
    )
    line = Series("answer", points, "dots" if one.values else "line")
    name = f"{one.column}, {one.part}" if one.part else one.column
    axes = Axes(
        f"{name}: mean answer by value",
        name,
        answer,
        x_range=(x_low - 0.6 * width, x_high + 0.6 * width),
        y_range=(low, high),
        x_names=short,
    )
    note = f"Bars: rows, up to {most:,}." + (" 0 is Monday." if one.part == "weekday" else "")
    title = f"{name}: {answer}" if one.of else name
    return Figure(title, chart((bars, line), axes), (), _legend(called, short) + note)


def _legend(names: Sequence[str], shown: Sequence[str]) -> str:
    """The names of values that do not stand in full below the axis."""
    if list(names) == list(shown):
        return ""
    short = shown or [str(place) for place in range(len(names))]
    pairs = zip(short, names, strict=True)
    return "; ".join(f"{one}: {shortened(name, 24)}" for one, name in pairs if one != name) + ". "


def lift_charts(findings: Findings) -> list[Figure]:
    """The gain of looking at the rows that the model puts first."""
    if not findings.lift:
        return []
    size = len(findings.lift)
    points = [(0.0, 0.0), *(((n + 1) / size, one.found) for n, one in enumerate(findings.lift))]
    axes = Axes(
        "Gain",
        "share of rows looked at",
        "share of the class found",
        x_range=(0, 1),
        y_range=(0, 1.02),
        diagonal=True,
    )
    return [Figure("Gain", chart([Series("", points)], axes), (), "Dotted: rows in any order.")]


def row_charts(curve: LearningCurve | None) -> list[Figure]:
    """The score by the rows that were learned from, with its interval."""
    if curve is None:
        return []
    words = curve.metric.replace("_", " ")
    series = (
        Series(words, [(float(one.rows), one.score) for one in curve.points], "line"),
        Series("95 % interval", [(float(one.rows), one.low) for one in curve.points], style=4),
        Series("", [(float(one.rows), one.high) for one in curve.points], style=4),
    )
    axes = Axes("Learning curve", "rows learned from", words)
    return [Figure("Learning curve", chart(series, axes), series[:2])]


def training_charts(training: TrainingFacts) -> list[Figure]:
    """One chart for each quantity in the history, training beside validation."""
    history = training.history
    x_key = next((key for key in _X_KEYS if any(key in row for row in history)), None)
    by_quantity: dict[str, list[tuple[str, str]]] = {}
    for key in dict.fromkeys(key for row in history for key in row):
        if key.startswith(_NO_CURVE) or key.endswith(("_s", "seconds")):
            continue
        side, _, rest = key.partition("_")
        quantity = rest if side in _SIDES and rest else key
        by_quantity.setdefault(quantity, []).append((side if quantity != key else "", key))
    return [_learning(history, quantity, keys, x_key) for quantity, keys in by_quantity.items()]


def _learning(
    history: Sequence[dict[str, float]],
    quantity: str,
    keys: Sequence[tuple[str, str]],
    x_key: str | None,
) -> Figure:
    series = tuple(
        Series(
            side or quantity,
            [
                (row.get(x_key or "", i + 1), row[key])
                for i, row in enumerate(history)
                if key in row
            ],
            style=_SIDES.index(side) if side in _SIDES else 0,
        )
        for side, key in keys
    )
    words = quantity.replace("_", " ")
    title = words[:1].upper() + words[1:]
    axes = Axes(f"{title} by {x_key or 'record'}", x_key or "record", words)
    return Figure(title, chart(series, axes), series if len(series) > 1 or keys[0][0] else ())


def _overlaid(
    shown: dict[str, Evaluation], points: Callable[[Evaluation], Sequence[Point] | None]
) -> tuple[Series, ...]:
    found = [(name, points(one)) for name, one in shown.items()]
    return tuple(
        Series(name, line, style=style) for style, (name, line) in enumerate(found) if line
    )


def _roc(shown: dict[str, Evaluation]) -> Figure | None:
    series = _overlaid(shown, lambda one: one.curves.roc if one.curves else None)
    axes = Axes(
        "ROC curve",
        "false positive rate",
        "true positive rate",
        x_range=(0, 1),
        y_range=(0, 1),
        diagonal=True,
    )
    note = "Dotted: chance."
    return Figure("ROC curve", chart(series, axes), series, note) if series else None


def _precision_recall(shown: dict[str, Evaluation], best: Evaluation) -> Figure | None:
    series = _overlaid(shown, lambda one: one.curves.pr if one.curves else None)
    if not series or not best.per_class:
        return None
    share = best.per_class[1].rows / best.num_rows
    chance = Series("chance", [(0, share), (1, share)], style=4)
    axes = Axes("Precision-recall curve", "recall", "precision", x_range=(0, 1), y_range=(0, 1))
    return Figure("Precision and recall", chart((*series, chance), axes), (*series, chance))


def _calibration(shown: dict[str, Evaluation], best: Evaluation) -> Figure | None:
    series = _overlaid(
        shown, lambda one: _bin_points(one.curves.calibration if one.curves else None)
    )
    if not series:
        return None
    before = _bin_points(best.uncalibrated.calibration) if best.uncalibrated else None
    if before:
        series = (*series, Series(_BEFORE, before, style=4))
    axes = Axes(
        "Calibration curve",
        "predicted probability",
        "share that came true",
        x_range=(0, 1),
        y_range=(0, 1),
        diagonal=True,
    )
    note = "On the dotted line, 30 % means three in ten."
    return Figure("Calibration", chart(series, axes), series, note)


def _reliability(best: Evaluation) -> Figure | None:
    bins = best.curves.reliability if best.curves else None
    if not bins:
        return None
    most = max(one.rows for one in bins)
    rows = Series(
        "rows (scaled)",
        [((one.low + one.high) / 2, one.rows / most) for one in bins if one.rows],
        "bars",
        style=4,
        bar_width=1 / len(bins),
    )
    right = Series("share right", _bin_points(bins) or [], "dots")
    before = _bin_points(best.uncalibrated.reliability) if best.uncalibrated else None
    series = (rows, right, *([Series(_BEFORE, before, "line", style=4)] if before else []))
    axes = Axes(
        "Reliability diagram",
        "confidence",
        "share right",
        x_range=(0, 1),
        y_range=(0, 1.02),
        diagonal=True,
    )
    note = f"Dots: share right; bars: rows, up to {most:,}; dotted: as it should be"
    note += f"; line: {_BEFORE}" if before else ""
    return Figure("Reliability", chart(series, axes), (), f"{note}.")


def _bin_points(bins: Sequence[Bin] | None) -> list[Point] | None:
    points = [(one.mean, one.share) for one in bins or ()]
    return [(x, y) for x, y in points if x is not None and y is not None] or None


def _scatter(best: Evaluation, target: str) -> Figure | None:
    if best.residuals is None:
        return None
    points = best.residuals.points
    every = [value for point in points for value in point]
    margin = 0.03 * (max(every) - min(every)) or 1.0
    both = (min(every) - margin, max(every) + margin)
    axes = Axes(
        "Prediction against truth",
        f"true {target}",
        "prediction",
        x_range=both,
        y_range=both,
        diagonal=True,
    )
    note = f"{len(points)} of {best.num_rows:,} rows; dotted: perfect."
    return Figure("Prediction against truth", chart([Series("", points, "dots")], axes), (), note)


def _by_prediction(best: Evaluation, target: str) -> Figure | None:
    if best.residuals is None:
        return None
    points = [(answer, answer - truth) for truth, answer in best.residuals.points]
    zero = Series("", [(min(x for x, _ in points), 0.0), (max(x for x, _ in points), 0.0)], style=4)
    axes = Axes("Errors by prediction", f"predicted {target}", "prediction minus truth")
    note = "A fan means that large predictions are less sure; a bend, that something is missed."
    drawn = chart([Series("", points, "dots"), zero], axes)
    return Figure("Errors by prediction", drawn, (), note)


def _residuals(best: Evaluation, target: str) -> Figure | None:
    if best.residuals is None:
        return None
    bins = best.residuals.histogram
    bars = Series(
        "",
        [((low + high) / 2, float(rows)) for low, high, rows in bins],
        "bars",
        bar_width=bins[0][1] - bins[0][0],
    )
    tallest = max(rows for *_, rows in bins)
    axes = Axes(
        "Histogram of errors",
        f"prediction minus true {target}",
        "rows",
        x_range=(bins[0][0], bins[-1][1]),
        y_range=(0, tallest * 1.05),
    )
    return Figure("Errors", chart([bars], axes), (), "Right of 0 is too high.")
