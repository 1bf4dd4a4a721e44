"""How long do intervals take, next to scikit-learn scoring each resample anew?

Question:  are 1,000 bootstrap resamples of every classification metric a matter of seconds?
Method:    ours: `evaluate` with 1,000 resamples of all 14 scores and the per-class table.  Theirs:
           log loss, Brier score, F1, ROC AUC and average precision on the resampled rows, 5 times,
           given per resample.  CPU seconds.  Both must agree to 1e-9 on the whole set first.
Run:       make bench BENCH=bootstrap        (about 30 s; writes benchmarks/results/bootstrap.json)
Read:      `ratio` = their ms per resample / ours; above 1 means ours is faster.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import sklearn.metrics as reference
from _measure import save
from sklearn.preprocessing import label_binarize

from stoker.answers.classes import ClassAnswers
from stoker.evaluate.score import evaluate
from stoker.tasks.classify import FittedClassify

RESAMPLES = 1000
CASES = {"census test part": (99_762, 2, 0.062), "MNIST test part": (10_000, 10, 0.1)}


def main() -> None:
    """Both sides on sets of the shape of our two examples."""
    rows = []
    for what, (num_rows, num_classes, share) in CASES.items():
        output_NK, target_N = made_up(num_rows, num_classes, share)
        classes = tuple(f"class {k}" for k in range(num_classes))
        task = FittedClassify(classes=classes, counts=(1,) * num_classes, kind="text")
        agree(output_NK, target_N, task)
        ours_s = statistics.median(
            once(lambda o=output_NK, t=target_N, k=task: evaluate(o, t, k, seed=0))
            for _ in range(3)
        )
        theirs_s = statistics.median(resampled_by_them(output_NK, target_N) for _ in range(5))
        rows.append(
            {
                "what": what,
                "rows": num_rows,
                "classes": num_classes,
                "ours_cpu_s_per_1000": round(ours_s, 2),
                "ours_cpu_ms_per_resample": round(ours_s, 3),
                "sklearn_cpu_ms_per_resample": round(theirs_s * 1000, 1),
                "ratio": round(theirs_s * 1000 / ours_s, 1),
            }
        )
    save("bootstrap", rows, libraries=["numpy", "scikit-learn"])


def made_up(num_rows: int, num_classes: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of a good model, and the truth; the last class has `share` of the rows."""
    generator = np.random.default_rng(0)
    target_N = generator.integers(0, num_classes, num_rows)
    if num_classes == 2:
        target_N = (generator.random(num_rows) < share).astype(np.int64)
    output_NK = generator.normal(size=(num_rows, num_classes)).astype(np.float32)
    output_NK[np.arange(num_rows), target_N] += 3
    return output_NK, target_N


def agree(output_NK: np.ndarray, target_N: np.ndarray, task: FittedClassify) -> None:
    """Both sides have to say the same before they are timed."""
    found = evaluate(output_NK, target_N, task, seed=0, resamples=0).metrics
    for name, theirs in their_scores(ClassAnswers(output_NK, target_N).probability_NK, target_N):
        value = found[name].value
        assert value is not None
        assert abs(value - theirs) < 1e-9, (name, value, theirs)


def their_scores(probability_NK: np.ndarray, target_N: np.ndarray) -> list[tuple[str, float]]:
    """Five scores by scikit-learn."""
    answer_N, binary = probability_NK.argmax(axis=1), probability_NK.shape[1] == 2
    labels = list(range(probability_NK.shape[1]))
    chance = probability_NK[:, 1] if binary else probability_NK
    truth = target_N if binary else label_binarize(target_N, classes=labels)
    average = "binary" if binary else "macro"
    return [
        ("log_loss", reference.log_loss(target_N, probability_NK, labels=labels)),
        ("brier", reference.brier_score_loss(target_N, chance)),
        ("f1", reference.f1_score(target_N, answer_N, average=average)),
        ("roc_auc", reference.roc_auc_score(truth, chance, average="macro")),
        ("pr_auc", reference.average_precision_score(truth, chance, average="macro")),
    ]


def resampled_by_them(output_NK: np.ndarray, target_N: np.ndarray) -> float:
    """CPU seconds for one resample."""
    probability_NK = ClassAnswers(output_NK, target_N).probability_NK
    drawn_N = np.random.default_rng().integers(0, len(target_N), len(target_N))
    return once(lambda: their_scores(probability_NK[drawn_N], target_N[drawn_N]))


def once(run: Callable[[], object]) -> float:
    """CPU seconds of one call; other people's load does not count."""
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    main()
