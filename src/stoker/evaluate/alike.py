"""Classes by the rows that tell something new of them: rows of one group and class count as one.

Of a class whose 120 rows are of 3 patients as little is known as of a class of 3 rows.
"""

from __future__ import annotations

import numpy as np

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers


def one_of_each(answers: Answers, group_N: np.ndarray | None) -> Answers:
    """The first row of each class in each group; all rows where there are no groups or classes.

    >>> answers = ClassAnswers(np.zeros((5, 2)), np.array([0, 0, 0, 1, 1]))
    >>> one_of_each(answers, np.array([0, 0, 1, 1, 1])).num_rows
    3
    """
    if group_N is None or not isinstance(answers, ClassAnswers):
        return answers
    _, first = np.unique(group_N * answers.num_classes + answers.truth_N, return_index=True)
    return ClassAnswers(
        answers.log_probability_NK[first], answers.truth_N[first], answers.weights, answers.names
    )


def alike_K(answers: ClassAnswers, group_N: np.ndarray) -> np.ndarray:
    """Mean number of rows of each class in the groups that have some; 1 for a class without rows.

    >>> answers = ClassAnswers(np.zeros((5, 2)), np.array([0, 0, 0, 1, 1]))
    >>> alike_K(answers, np.array([0, 0, 1, 1, 1]))
    array([1.5, 2. ])
    """
    own = one_of_each(answers, group_N)
    assert isinstance(own, ClassAnswers)
    rows_K, own_K = (np.bincount(one.truth_N, minlength=one.num_classes) for one in (answers, own))
    return np.maximum(rows_K, 1) / np.maximum(own_K, 1)


def few_words(answers: ClassAnswers, own: ClassAnswers, rows: float) -> str:
    """The rows of the class that a score rests on, in words.

    Args:
        answers: All rows.
        own: Of `one_of_each`.
        rows: What the metric says of `own`, see `Metric.class_rows`.

    >>> answers = ClassAnswers(np.zeros((5, 2)), np.array([0, 0, 0, 0, 1]), names=("ok", "fraud"))
    >>> few_words(answers, answers, 1)
    "1 row of 'fraud'"
    """
    own_K = np.bincount(own.truth_N, minlength=own.num_classes)
    places = np.flatnonzero(own_K == rows)
    rarest = places[-1] if len(places) else np.where(own_K > 0, own_K, np.inf).argmin()
    count, groups = int((answers.truth_N == rarest).sum()), int(own_K[rarest])
    said = f"{count:,} row{'' if count == 1 else 's'} of {answers.names[rarest]!r}"
    if own is answers or count == groups:
        return said
    return f"{said} in {groups} group{'' if groups == 1 else 's'}"
