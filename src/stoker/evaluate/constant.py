"""What is said of the constant answer, which looks at no input and so costs nothing.

It answers every row with the commonest class of the training part (its probabilities are the shares
of the classes) or with the mean of the training part.  A model that does not beat it has learned
nothing from its inputs that shows, however good its scores look: where 97 of 100 rows are of one
class, answering that class is right 97 times.
"""

from __future__ import annotations

from stoker.core.names import listed
from stoker.evaluate.evaluation import Evaluation

_CHANCES = frozenset({"log_loss", "brier"})
"""Metrics that are bad where probabilities are no chances."""


def answer_words(constant: Evaluation) -> str:
    """What it answers: a class, labels, or a number; else no more than that it is the same."""
    if constant.per_class:
        return listed([one.name for one in constant.per_class if one.answered]) or "no label"
    if constant.residuals is not None:
        return f"{constant.residuals.points[0][1]:.4g}"
    return "the same"


def no_better_words(model: Evaluation, constant: Evaluation) -> str:
    """The warning about a model that does not beat the constant answer."""
    score, other = model.metrics[model.headline], constant.metrics[model.headline]
    gap = model.gap_to_constant
    assert score.value is not None
    assert other.value is not None
    verdict = "worse" if gap and gap.verdict == "worse" else "not clearly better"
    return (
        f"{score.title} is {score.value:.4g}, {verdict} than always answering "
        f"{answer_words(constant)} ({other.value:.4g}): the inputs say little about the target, "
        "training went wrong, or there are too few rows to tell"
    )


def worse_words(model: Evaluation, constant: Evaluation) -> str:
    """The warning about scores, other than the main one, that the constant answer is better at.

    Empty if there are none.
    """
    names = model.worse_than_constant
    if not names:
        return ""
    each = [
        f"{model.metrics[name].title} {model.metrics[name].value:.4g} "
        f"({constant.metrics[name].value:.4g})"
        for name in names
    ]
    always = f"always answering {answer_words(constant)}"
    said = f"{', '.join(each)}: clearly worse than {always}, whose scores stand in brackets"
    if _CHANCES.isdisjoint(names):
        return said
    return f"{said}; take its probabilities for an order and not for chances"


def about_words(constant: Evaluation) -> str:
    """What it is, for a reader of its scores."""
    answer = answer_words(constant)
    if constant.residuals is not None:
        return f"The constant answer is {answer} for every row, the mean of the training rows."
    if not constant.per_class:
        return "The constant answer is the same for every row, whatever stands in it."
    words = (
        f"The constant answer is {answer} for every row, with the shares of the classes among the "
        "training rows as probabilities"
    )
    never = sum(not one.answered for one in constant.per_class)
    rest = "; the precision of a class that it never answers counts as 0" * bool(never)
    return f"{words}{rest}."
