"""The model card: what the model is, for whom it is not, and where it came from, in Markdown.

It goes into the bundle, and equal training must give equal bytes: so it holds no time of day and no
name of a machine, and what compression measured only in the copy that lies beside a report.  User
text is escaped, so that a label cannot become a link, a heading or HTML.

Source: the sections follow Mitchell et al. 2019, "Model Cards for Model Reporting",
https://arxiv.org/abs/1810.03993
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from stoker.core.errors import printable
from stoker.core.words import size
from stoker.evaluate.constant import about_words, no_better_words
from stoker.evaluate.evaluation import ClassScore, Evaluation
from stoker.evaluate.leaks import warning_words
from stoker.report._format import DASH, metric, percent, shortened, signed, span
from stoker.report.columns import unused_columns
from stoker.report.facts import CompressFacts, ReportFacts
from stoker.report.samples import commands
from stoker.report.words import (
    compared_sentence,
    grouped_notes,
    headline_sentence,
    parity_sentence,
    sentence,
)

FEW_ROWS = 50
MOST_CLASSES = 50
MOST_UNUSED = 50
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def render_card(facts: ReportFacts) -> str:
    """The card."""
    parts = [
        f"# {escaped(facts.name)}",
        _summary(facts),
        *_use(facts),
        *_scores(facts),
        *_classes(facts),
        *_limits(facts),
        *_said(facts),
        *_data(facts),
        *_unused(facts),
        *_training(facts),
        *_origin(facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: object) -> str:
    r"""Text that Markdown shows as it is, in one line.

    >>> print(escaped("<b> a|b [x](y)"))
    \<b\> a\|b \[x\](y)
    """
    return _SPECIAL.sub(r"\\\1", printable(" ".join(str(text).split())))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of text that is escaped already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _summary(facts: ReportFacts) -> str:
    said = f"Predicts {facts.predicts} `{_code(facts.target)}`"
    if facts.inputs:
        names = [f"`{_code(name)}` ({feature})" for name, feature in facts.inputs.items()]
        shown = names if len(names) <= 12 else [*names[:11], f"{len(names) - 11} more columns"]
        said += f" from {', '.join(shown)}"
    best = facts.best
    return f"{said}.\n\n**{escaped(headline_sentence(facts, best))}**" if best else f"{said}."


def _use(facts: ReportFacts) -> list[str]:
    said = commands(facts)
    lines = [said[key] for key in ("predict", "serve", "request")]
    return ["## How to use it", "```sh\n" + "\n".join(lines) + "\n```"]


def _scores(facts: ReportFacts) -> list[str]:
    best = facts.best
    if best is None:
        return ["## Evaluation", "Nothing was scored."]
    names = facts.candidates
    head = ["metric", *(escaped(name) for name in names)]
    reference = best.comparison.reference if best.comparison else None
    if reference:
        head.append(f"against {escaped(reference)}")
    rows = [_score_row(facts, best, name, names, reference) for name, _ in best.in_order()]
    level = round(100 * best.level)
    about = (
        f"Scored on the {best.num_rows:,} rows of the {facts.scored_part} part, with {level} % "
        f"bootstrap intervals ({best.resamples:,} resamples)."
    )
    if facts.constant:
        about += f" {escaped(about_words(facts.constant))}"
    if best.positive:
        about += f" Binary metrics are about the class `{_code(best.positive)}`."
    gates = [f"- {'met' if g.passed else '**not met**'}: {escaped(g.text)}" for g in facts.gates]
    ruled = [f"Gates, on the {facts.gates_part} part:", "\n".join(gates)] if gates else []
    return ["## Evaluation", about, table(head, rows), *ruled]


def _score_row(
    facts: ReportFacts,
    best: Evaluation,
    name: str,
    candidates: Sequence[str],
    reference: str | None,
) -> list[str]:
    row = [best.metrics[name].title + (" ↑" if best.metrics[name].higher_is_better else " ↓")]
    for candidate in candidates:
        score = facts.evaluations[candidate].metrics.get(name)
        if score is None or score.value is None:
            row.append("undefined" if score else DASH)
            continue
        between = span(score.low, score.high)
        row.append(metric(score.value) + (f" ({between})" if between else ""))
    if reference and best.comparison:
        gap = best.comparison.metrics.get(name)
        row.append(f"{signed(gap.value)}, {gap.verdict}" if gap and gap.value is not None else DASH)
    return row


def _classes(facts: ReportFacts) -> list[str]:
    best = facts.best
    if best is None or not best.per_class:
        return []
    shown = best.per_class[:MOST_CLASSES]
    rows = [
        [
            escaped(one.name),
            f"{one.rows:,}",
            metric(one.precision),
            metric(one.recall),
            metric(one.f1),
        ]
        for one in shown
    ]
    more = len(best.per_class) - len(shown)
    rest = [f"{more} more classes are in `metrics.json`."] if more else []
    return ["## Each class", table(["class", "rows", "precision", "recall", "F1"], rows), *rest]


def _limits(facts: ReportFacts) -> list[str]:
    found = [
        "It answers always, also for inputs unlike any it was trained on; watch its confidence and "
        "the data that reaches it.",
        *_weak_points(facts),
    ]
    return ["## Limits", "\n".join(f"- {one}" for one in found)]


def _weak_points(facts: ReportFacts) -> list[str]:
    best = facts.best
    if best is None:
        return ["Its quality on unseen rows was not measured."]
    found = [
        f"{titles}: {escaped(note)}."
        for titles, note in grouped_notes(score for _, score in best.in_order())
    ]
    if facts.constant and facts.is_no_better_than_constant:
        found.insert(0, f"**{escaped(no_better_words(best, facts.constant))}.**")
    if facts.suspects:
        said = warning_words(best, facts.suspects, facts.asked)
        found.insert(0, f"**{escaped(said)}.**")
    elif facts.asked.words:
        found.append(f"No column tells the answer alone; each was asked on {facts.asked.words}.")
    classes = best.per_class or []
    rare = [one for one in classes if one.rows < FEW_ROWS]
    if rare:
        found.append(f"Fewer than {FEW_ROWS} scored rows, so little is known: {_names(rare)}.")
    weak = sorted(
        (one for one in classes if one.recall is not None and one.recall < 0.5),
        key=lambda one: one.recall or 0.0,
    )
    if weak:
        found.append(f"More than half of the rows are missed: {_names(weak)}.")
    return found


def _names(classes: Sequence[ClassScore]) -> str:
    shown = ", ".join(escaped(shortened(one.name, 40)) for one in classes[:10])
    return shown + (f" and {len(classes) - 10} more" if len(classes) > 10 else "")


def _data(facts: ReportFacts) -> list[str]:
    data = facts.data
    if not data.sources and not data.parts:
        return []
    sources = table(
        ["source", "licence", "rows", "rejected"],
        [
            [
                escaped(s.source),
                escaped(s.licence or "not stated"),
                f"{s.rows_out:,}",
                f"{s.rejected:,}",
            ]
            for s in data.sources
        ],
    )
    parts = table(
        ["part", "rows", "commonest class"],
        [
            [escaped(p.name), f"{p.rows:,}", _commonest(p.labels, p.rows)]
            for p in data.parts_in_order
        ],
    )
    method = f"Split: {escaped(data.split_method)}." if data.split_method else ""
    rejected = sum(one.rows for one in data.rejects)
    left_out = f"{rejected:,} rows were left out, each with its reason." if rejected else ""
    return [
        "## Data",
        sources if data.sources else "",
        left_out,
        method,
        parts if data.parts else "",
    ]


def _unused(facts: ReportFacts) -> list[str]:
    """Columns that the model does not look at, and why."""
    unused = unused_columns(facts)
    lines = [f"- `{_code(name)}`: {escaped(why)}" for name, why in unused[:MOST_UNUSED]]
    more = len(unused) - MOST_UNUSED
    if more > 0:
        lines.append(f"- and {more:,} more")
    return ["Columns that are not used:", "\n".join(lines)] if lines else []


def _commonest(labels: dict[str, int] | None, rows: int) -> str:
    if not labels or not rows:
        return DASH
    name = max(labels, key=lambda one: labels[one])
    return f"{escaped(shortened(name, 40))} ({percent(labels[name] / rows)})"


def _training(facts: ReportFacts) -> list[str]:
    training = facts.training
    if training is None:
        return []
    weights = f", {training.num_weights:,} learned numbers" if training.num_weights else ""
    why = f" Why: {escaped(sentence(training.reason))}" if training.reason else ""
    lines = [f"Model `{_code(training.model)}`{weights}.{why}", parity_sentence(training)]
    if facts.compress:
        lines.append(f"The bundle holds the candidate `{_code(facts.chosen)}`.")
        lines.append(_compression(facts.compress))
        lines += [compared_sentence(facts.compress)] if facts.compress.rows else []
    recipe = f"```yaml\n{facts.recipe_text.rstrip()}\n```" if _fits_fence(facts) else ""
    return ["## Training", "\n\n".join(filter(None, lines)), recipe]


def _compression(facts: CompressFacts) -> str:
    """Every candidate of compression, the refused and the skipped ones too."""
    rows = [
        [
            escaped(one.name),
            DASH if one.size_bytes is None else size(one.size_bytes),
            metric(one.score),
            escaped(one.decision),
        ]
        for one in facts.candidates
    ]
    head = ["candidate", "size", f"{escaped(facts.score_name)} (validation)", "decision"]
    return table(head, rows)


def _fits_fence(facts: ReportFacts) -> bool:
    return bool(facts.recipe_text) and "```" not in facts.recipe_text


def _said(facts: ReportFacts) -> list[str]:
    """Every line that the run told the user, warnings first."""
    warnings = [f"- **Warning** ({escaped(o.stage)}): {escaped(o.text)}" for o in facts.warnings]
    messages = [
        f"- {escaped(one.stage)}: {escaped(one.text)}"
        for one in facts.said
        if one.kind == "message"
    ]
    return ["## What the run said", "\n".join([*warnings, *messages])] if facts.said else []


def _origin(facts: ReportFacts) -> list[str]:
    rows = [[escaped(s.name), f"`{s.digest[:16]}`"] for s in facts.stages if s.digest]
    made = [table(["stage", "contents (SHA-256)"], rows)] if rows else []
    return ["## Lineage", *made] if made else []


def _code(text: object) -> str:
    """Text inside backticks, which know no escape."""
    return " ".join(str(text).replace("`", "'").split())
