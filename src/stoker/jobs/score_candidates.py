"""Score every candidate once on the test part.

The test part is opened in one stage, for the model, its compressed candidate and the baseline
together, after compression has chosen on the validation part.  So no choice ever saw a test row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stoker.answers.classes import ClassAnswers
from stoker.answers.numbers import NumberAnswers
from stoker.bundle.interface import Interface
from stoker.bundle.predictor import Predictor, load
from stoker.candidates.offer import offered
from stoker.cells.ragged import Ragged, Rows, joined_rows, values_of
from stoker.core import events
from stoker.core.canonical import canonical_json
from stoker.core.names import listed
from stoker.dag.stage import Work
from stoker.data.acquire import OWN_COLUMNS
from stoker.data.dataset import Dataset
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.engine.table_file import write_table
from stoker.evaluate.constant import no_better_words, worse_words
from stoker.evaluate.coverage import decided
from stoker.evaluate.evaluation import CONSTANT, Evaluation
from stoker.evaluate.leaks import (
    Asked,
    Suspect,
    find_suspects,
    rows_to_ask,
    together_words,
    warning_words,
)
from stoker.evaluate.metrics import Metric
from stoker.evaluate.mistakes import WorstRow, worst_rows
from stoker.evaluate.probes import Probed
from stoker.evaluate.probes.look import Findings, look_closer
from stoker.evaluate.score import evaluate_all
from stoker.features.boolean import FittedBoolean
from stoker.features.category import FittedCategory
from stoker.features.timestamp import FittedTimestamp
from stoker.report.cells import plain_cells
from stoker.report.facts import MistakeFact
from stoker.store.durable import write_file
from stoker.views.last_rows import rows_path
from stoker.views.prepared import raw_part
from stoker.views.row_groups import group_codes

_MOST_CLASSES = 5


def scored_part(prepared: Path) -> str:
    """The part that is scored: test, or validation where the recipe keeps no test rows."""
    return "test" if len(PreparedSet.open(prepared, "test")) else "validation"


def score_candidates(
    work: Work,
    *,
    metrics: Sequence[Metric[Any]],
    resamples: int,
    group: str | None,
    class_weights: object,
    seed: int,
) -> dict[str, Any]:
    """Score all candidates on the same rows; the summary of the artifact.

    Args:
        work: Of the stage `evaluate`.
        metrics: The user's own.
        resamples: Bootstrap draws behind each interval.
        group: Column whose rows are drawn together.
        class_weights: What the recipe says of them, for advice.
        seed: Source of all randomness.
    """
    prepared = work.inputs["prepare"].folder
    part = scored_part(prepared)
    if part != "test":
        events.warning("there is no test part; scores are of the validation part, which is kinder")
    scored = PreparedSet.open(prepared, part)
    found = offered(work.inputs)
    predictors = {name: load(path) for name, path in found.bundles.items()}
    outputs = _outputs(predictors, work, part, len(scored))
    task = predictors[found.chosen].interface.task
    evaluations = evaluate_all(
        outputs,
        scored.target,
        task,
        seed=seed,
        resamples=resamples,
        reference=found.reference,
        constant=True,
        own_metrics=metrics,
        group_N=group_codes(rows_path(work.inputs), np.asarray(scored.row), group),
        weights={name: one.decision.weights for name, one in predictors.items()},
    )
    for name, one in predictors.items():
        said = decided(one.decision, outputs[name], scored.target, task)
        evaluations[name] = evaluations[name].model_copy(update=said)
    chosen = found.chosen
    mistakes = _mistakes(
        worst_rows(outputs[chosen], scored.target, task, predictors[chosen].decision.weights),
        work,
        part,
    )
    suspects, asked = _suspects(evaluations[chosen], prepared, predictors[chosen].interface, group)
    findings = _findings(predictors[chosen], prepared, seed)
    if not suspects:
        _tell_together(evaluations[chosen], findings)
    _write(work.folder / "findings.json", findings.model_dump(mode="json"))
    _tell_constant(evaluations[chosen], evaluations[CONSTANT])
    _tell_unseen(evaluations[chosen], part, class_weights)
    said = {
        "part": part,
        "suspects": [suspect.model_dump(mode="json") for suspect in suspects],
        "asked": asked.model_dump(mode="json"),
        "candidates": {n: e.model_dump(mode="json") for n, e in evaluations.items()},
    }
    _write(work.folder / "evaluation.json", said)
    _write(work.folder / "mistakes.json", [m.model_dump(mode="json") for m in mistakes])
    _write_outputs(work.folder / "outputs.parquet", scored, outputs)
    best = evaluations[chosen]
    score = best.metrics[best.headline].value
    return {"part": part, "rows": len(scored), best.headline: score}


def _outputs(
    predictors: Mapping[str, Predictor], work: Work, part: str, total: int
) -> dict[str, Rows]:
    pieces: dict[str, list[Rows]] = {name: [] for name in predictors}
    with events.task("score", total=total, unit="rows") as scoring:
        for rows in raw_part(work, part):
            for name, predictor in predictors.items():
                pieces[name].append(predictor.output_rows(rows))
            scoring.advance(rows.num_rows)
    return {name: joined_rows(parts) for name, parts in pieces.items()}


def _findings(predictor: Predictor, prepared: Path, seed: int) -> Findings:
    """What the probes find; none of them is about outputs of tokens."""
    if predictor.interface.task.output.column is not None:
        return Findings(all_rows=len(PreparedSet.open(prepared, "validation")))
    return look_closer(_subject(predictor, prepared, seed))


def _subject(predictor: Predictor, prepared: Path, seed: int) -> Probed:
    """The chosen candidate and the validation rows."""
    validation, features = PreparedSet.open(prepared, "validation"), predictor.interface.inputs
    return Probed(
        outputs_of=predictor.outputs_of,
        columns=validation.inputs,
        target_N=values_of(validation.target),
        task=predictor.interface.task,
        seed=seed,
        categories={
            name: feature.vocabulary if isinstance(feature, FittedCategory) else ("false", "true")
            for name, feature in features.items()
            if isinstance(feature, FittedCategory | FittedBoolean)
        },
        calendar={
            name: feature.part_names
            for name, feature in features.items()
            if isinstance(feature, FittedTimestamp)
        },
        threshold=predictor.decision.threshold,
    )


def _suspects(
    evaluation: Evaluation, prepared: Path, interface: Interface, group: str | None
) -> tuple[list[Suspect], Asked]:
    """Columns that may tell the answer, found on rows of training and validation, and said once.

    Args:
        evaluation: Of the chosen candidate.
        prepared: Folder of the parts.
        interface: Of the chosen candidate.
        group: Column by which rows are divided; rows of one unit have one answer, and that is told.
    """
    sets = [PreparedSet.open(prepared, name) for name in ("train", "validation")]
    names = [name for name, column in sets[0].columns.items() if column.ndim < 3]
    names = [name for name in names if name != group]
    if not issubclass(interface.task.gives, ClassAnswers | NumberAnswers):
        names = []
    whole = sum(map(len, sets))
    row_N = rows_to_ask(whole, sum(_num_parts(sets[0].columns[n]) for n in names))
    asked = Asked(rows=len(row_N), whole=whole)
    if not names or values_of(sets[0].target).ndim > 1:
        return [], asked
    columns = {name: _rows_of([one.columns[name] for one in sets], row_N) for name in names}
    target_N = _rows_of([one.target for one in sets], row_N)
    task = interface.task
    classes = len(task.class_names) or None
    parts = {name: feature.part_names for name, feature in interface.inputs.items()}
    suspects = find_suspects(columns, target_N, classes, parts)
    if suspects:
        events.warning(warning_words(evaluation, suspects, asked))
    elif asked.words and names:
        events.message(f"no column tells the answer alone; each was asked on {asked.words}")
    return suspects, asked


def _num_parts(column: np.ndarray) -> int:
    return 1 if column.ndim == 1 else column.shape[1]


def _rows_of(parts: list[np.ndarray], row_N: np.ndarray) -> np.ndarray:
    """Some rows of two arrays that lie end to end, of which no other row is read."""
    first, second = parts
    is_first_N = row_N < len(first)
    found = np.empty((len(row_N), *first.shape[1:]), first.dtype)
    found[is_first_N] = first[row_N[is_first_N]]
    found[~is_first_N] = second[row_N[~is_first_N] - len(first)]
    return found


def _write_outputs(path: Path, scored: PreparedSet, outputs: Mapping[str, Rows]) -> None:
    """Row ids and the outputs of each candidate; lists of them where each token has one."""
    table = {"_row": pa.array(np.asarray(scored.row))}
    for name, output in outputs.items():
        output_NK = values_of(output)
        table[name] = pa.FixedSizeListArray.from_arrays(output_NK.ravel(), output_NK.shape[1])
        if isinstance(output, Ragged):
            table[name] = pa.LargeListArray.from_arrays(output.offsets, table[name])
    write_table(pa.table(table), path)


def _tell_together(evaluation: Evaluation, findings: Findings) -> None:
    """Warn of a score that is too good, and of the columns that the model leans on for it."""
    leaned_on = [one.column for one in findings.importance if one.is_clear]
    if together := together_words(evaluation, leaned_on):
        events.warning(together)


def _tell_constant(evaluation: Evaluation, constant: Evaluation) -> None:
    """Warn of scores that the answer without inputs is as good at."""
    if evaluation.is_no_better_than_constant:
        events.warning(no_better_words(evaluation, constant))
    if worse := worse_words(evaluation, constant):
        events.warning(worse)


def _tell_unseen(evaluation: Evaluation, part: str, class_weights: object) -> None:
    """Warn of classes that the model never answers, and of those that the part lacks."""
    _tell_never_answered(evaluation, class_weights)
    _tell_undefined(evaluation, part)


def _tell_never_answered(evaluation: Evaluation, class_weights: object) -> None:
    """Name the classes that the model never answers, and the key that may help."""
    silent = evaluation.never_answered
    if not silent:
        return
    shown = ", ".join(f"{one.name!r} (the truth of {one.rows:,})" for one in silent[:_MOST_CLASSES])
    more = f" and {len(silent) - _MOST_CLASSES} more" * (len(silent) > _MOST_CLASSES)
    hint = (
        "; evaluate: {decision: f1} moves the threshold toward the rarer class and no probability"
        if len(evaluation.per_class or ()) == 2
        else "; train: {class_weights: balanced} makes rare classes count as much as common ones"
    )
    events.warning(
        f"none of {evaluation.num_rows:,} rows was answered with {shown}{more}"
        + hint * (class_weights in (None, "none"))
    )


def _tell_undefined(evaluation: Evaluation, part: str) -> None:
    """Name the scores that are undefined as a class has no row in the part."""
    absent = [one.name for one in evaluation.per_class or () if not one.rows]
    gone = [score.title for _, score in evaluation.in_order() if score.value is None]
    if absent and gone:
        main = evaluation.metrics[evaluation.headline].title
        events.warning(
            f"{', '.join(gone)}: undefined, as the {part} part has no row of "
            f"{listed(absent, _MOST_CLASSES)}; the main score is {main}, which says nothing of that"
        )


def _mistakes(worst: list[WorstRow], work: Work, part: str) -> list[MistakeFact]:
    wanted = {row.index: row for row in worst}
    found: dict[int, MistakeFact] = {}
    media = Dataset.open(work.inputs["acquire"].folder).media_columns
    start = 0
    for rows in raw_part(work, part):
        here = [index for index in wanted if start <= index < start + rows.num_rows]
        chosen = rows.take(pa.array([index - start for index in here], pa.int64()))
        facts = _mistake_facts([wanted[index] for index in here], chosen, media)
        found |= dict(zip(here, facts, strict=True))
        start += rows.num_rows
    return [found[row.index] for row in worst]


def _mistake_facts(
    worst: list[WorstRow], rows: pa.Table, media: tuple[str, ...]
) -> Iterator[MistakeFact]:
    """What a report shows of these rows, which are in the order of `worst`."""
    own = [name for name in rows.column_names if name not in OWN_COLUMNS]
    cells = {name: plain_cells(rows[name]) for name in own if name not in media}
    pictures = [rows[name].to_pylist() for name in own if name in media]
    places = rows.select(["_row", "_source", "_line"]).to_pylist()
    for index, (row, place) in enumerate(zip(worst, places, strict=True)):
        yield MistakeFact(
            row=place["_row"],
            source=place["_source"],
            line=place["_line"],
            truth=row.truth,
            prediction=row.prediction,
            confidence=row.confidence,
            image=next((column[index] for column in pictures if column[index]), None),
            cells={name: column[index] for name, column in cells.items()},
        )


def _write(path: Path, value: Any) -> None:
    write_file(path, canonical_json(value) + b"\n")
