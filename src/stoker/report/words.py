"""Sentences that the page and the model card share."""

from __future__ import annotations

from collections.abc import Iterable

from stoker.evaluate.constant import answer_words
from stoker.evaluate.evaluation import Evaluation, Score
from stoker.report import _format
from stoker.report.facts import CompressFacts, RejectSample, ReportFacts, TrainingFacts


def sample_words(sample: RejectSample) -> str:
    r"""A rejected row in one line; what was found is printable already.

    >>> sample_words(RejectSample(source="a.csv", line=3, column="age", found="x"))
    "a.csv:3, age: 'x'"
    >>> sample_words(RejectSample(source="a.csv", found=r"a\x00b"))
    "a.csv: 'a\\x00b'"
    >>> sample_words(RejectSample(source="a.csv", line=3, reason="has the same content as a.csv:1"))
    'a.csv:3 has the same content as a.csv:1'
    """
    place = sample.source + (f":{sample.line}" if sample.line is not None else "")
    column = f", {sample.column}" if sample.column else ""
    found = f": '{sample.found}'" if sample.found is not None else ""
    return f"{place}{column}{found}" + (f" {sample.reason}" if sample.reason else "")


def rows_of(rows: int, whole: int, part: str, how: str = "evenly spaced") -> str:
    """Rows that were looked at, and of how many where they are a sample.

    Args:
        rows: How many.
        whole: Rows of the part; 0 where nobody noted it.
        part: Its name.
        how: How the sample was taken.

    >>> rows_of(900, 900, "test"), rows_of(20_000, 70_000, "validation")
    ('900 test rows', '20,000 of 70,000 validation rows, evenly spaced')
    """
    if whole <= rows:
        return f"{rows:,} {part} rows"
    return f"{rows:,} of {whole:,} {part} rows, {how}"


def parity_sentence(training: TrainingFacts | None) -> str:
    """That the bundle answers as the model did in training, and on which rows that was seen.

    >>> parity_sentence(TrainingFacts(model="cnn", parity=2e-7, parity_rows=9, validation_rows=9))
    'The bundle answered 9 validation rows as the model did in training, to 2e-07 of their scale.'
    """
    if training is None or training.parity is None or not training.parity_rows:
        return ""
    rows = rows_of(training.parity_rows, training.validation_rows, "validation")
    between = ", " if "," in rows.partition("rows")[2] else " "
    to = f"to {training.parity:.2g} of their scale"
    return f"The bundle answered {rows}{between}as the model did in training, {to}."


def compared_sentence(facts: CompressFacts) -> str:
    """On which rows candidates of compression were compared; empty where nobody noted it."""
    if not facts.rows:
        return ""
    return f"Compared on {rows_of(facts.rows, facts.all_rows, 'validation')}."


def headline_sentence(facts: ReportFacts, best: Evaluation) -> str:
    """The result in one sentence, from most to least important.

    Used by the page and by the model card.
    """
    score = best.metrics[best.headline]
    if score.value is None:
        return f"{score.title} is undefined: {score.note}."
    between = _format.span(score.low, score.high)
    said = f"{score.title} {_format.metric(score.value)}"
    said += f" ({between})" if between else ""
    said += f" on {best.num_rows:,} {facts.scored_part} rows"
    return f"{said}{_against_baseline(facts, best)}{_against_constant(facts, best)}."


def _against_baseline(facts: ReportFacts, best: Evaluation) -> str:
    comparison = best.comparison
    gap = comparison.metrics.get(best.headline) if comparison else None
    if comparison is None or gap is None or gap.value is None:
        return ""
    name = comparison.reference
    if facts.baseline and facts.baseline != name:
        name += f" ({facts.baseline})"
    if gap.verdict == "unclear":
        return f"; not clearly different from the {name}"
    return f": {gap.verdict} than the {name} by {_format.metric(abs(gap.value))}"


def _against_constant(facts: ReportFacts, best: Evaluation) -> str:
    constant, gap = facts.constant, best.gap_to_constant
    if constant is None or gap is None:
        return ""
    score = _format.metric(constant.metrics[best.headline].value)
    always = f"always answering {answer_words(constant)}"
    if not best.is_no_better_than_constant:
        return f"; {always} would get {score}"
    verdict = "worse" if gap.verdict == "worse" else "NOT clearly better"
    return f"; {verdict} than {always}, which gets {score}"


def grouped_notes(scores: Iterable[Score]) -> list[tuple[str, str]]:
    """(metrics, note) for everything to mind about scores, said once where several share one."""
    by_note: dict[str, list[str]] = {}
    for score in scores:
        if score.note:
            by_note.setdefault(score.note, []).append(score.title)
    return [(", ".join(titles), note) for note, titles in by_note.items()]


def sentence(text: str) -> str:
    """Text with a full stop.

    >>> sentence("trees, hard to beat"), sentence("")
    ('trees, hard to beat.', '')
    """
    whole = text.strip().rstrip(".")
    return f"{whole}." if whole else ""
