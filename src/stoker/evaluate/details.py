"""What is worth showing of answers besides metrics: classes one by one, charts, residuals.

Answers of another kind have metrics and no details.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stoker.answers.classes import ClassAnswers
from stoker.answers.draw import Draw
from stoker.answers.label_sets import LabelSetAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.answers.tags import TagAnswers
from stoker.evaluate.bootstrap import CLASS_METRICS, Candidate, class_values
from stoker.evaluate.curves import confusion, curves, residuals
from stoker.evaluate.evaluation import ClassScore
from stoker.evaluate.intervals import interval


def details(candidate: Candidate, whole: Draw, seed: int) -> dict[str, Any]:
    """Fields of an `Evaluation`.

    Args:
        candidate: Prepared answers with their samples.
        whole: The draw that counts each row once.
        seed: Of the rows that a chart of residuals shows.
    """
    answers = candidate.answers
    if isinstance(answers, NumberAnswers):
        return {"residuals": residuals(answers, seed)}
    if isinstance(answers, LabelSetAnswers | TagAnswers):
        return {"classes": list(answers.names), "per_class": _label_scores(answers, whole)}
    if not isinstance(answers, ClassAnswers):
        return {}
    classes = list(answers.names)
    return {
        "classes": classes,
        "positive": classes[1] if len(classes) == 2 else None,
        "per_class": _class_scores(candidate, answers, classes, whole),
        "confusion": confusion(answers, classes),
        "curves": curves(answers),
    }


def _label_scores(answers: LabelSetAnswers | TagAnswers, whole: Draw) -> list[ClassScore]:
    """Each label for itself, without intervals."""
    tally = answers.tally(whole)
    share_3K = np.stack([metric.per_class(tally) for metric in CLASS_METRICS])
    found = []
    for k, name in enumerate(answers.names):
        shares: list[float | None] = [None if x != x else x for x in share_3K[:, k].tolist()]
        precision, recall, f1 = shares
        rows, answered = int(tally.truth_K[k]), int(tally.answered_K[k])
        found.append(
            ClassScore(
                name=name, rows=rows, answered=answered, precision=precision, recall=recall, f1=f1
            )
        )
    return found


def _class_scores(
    candidate: Candidate, answers: ClassAnswers, classes: list[str], whole: Draw
) -> list[ClassScore]:
    tally = answers.tally(whole)
    value_MK = class_values(answers, whole)
    found = []
    for k, name in enumerate(classes):
        parts: dict[str, Any] = {}
        for m, metric in enumerate(("precision", "recall", "f1")):
            defined = not np.isnan(value_MK[m, k])
            parts[metric] = float(value_MK[m, k]) if defined else None
            between = interval(candidate.class_samples[:, m, k]) if defined else None
            moves = between is not None and between[0] != between[1]
            parts[f"{metric}_interval"] = between if moves else None
        rows, answered = int(tally.truth_K[k]), int(tally.answered_K[k])
        found.append(ClassScore(name=name, rows=rows, answered=answered, **parts))
    return found
