"""The champion that a run found, beside what the run made: both asked about the same rows.

Scores that two runs measured each on rows of its own say little about which model is better; here
the old bundle answers the scored rows of the new run.  Where the two runs divided their rows alike,
neither has learned from them; where they did not, the old version may have, and that is said.

A version that answers another question (another target, other classes, another unit) has no score
that compares, neither here nor where the champion is chosen, and it is said which question.

Cost: one answer of the old bundle to each of at most 20,000 evenly spaced rows, and 200 resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stoker.bundle.predictor import Predictor, load
from stoker.candidates.offer import offered
from stoker.cells.ragged import joined_rows, rows_at
from stoker.core.errors import StokerError
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.evaluate.score import evaluate_all
from stoker.jobs.score_candidates import scored_part
from stoker.report.facts import VersionFact
from stoker.tasks import FittedTask, group_column
from stoker.views.last_rows import rows_path
from stoker.views.prepared import raw_rows, spaced
from stoker.views.row_groups import group_codes
from stoker.views.scores import Scores
from stoker.views.split_parts import SplitParts

if TYPE_CHECKING:
    from stoker.bundle.interface import Interface
    from stoker.recipe.model import Recipe
    from stoker.store.artifact import Artifact
    from stoker.store.catalog import Catalog
    from stoker.store.catalog.versions import ModelRecord
    from stoker.store.store import Store

_MOST_ROWS = 20_000
_RESAMPLES = 200
BEFORE = "version before"


def version_before(
    before: ModelRecord | None,
    recipe: Recipe,
    inputs: Mapping[str, Artifact],
    store: Store,
    catalog: Catalog,
) -> VersionFact | None:
    """The old champion on the rows that a run scored; None if there is none, or it is the same.

    Args:
        before: The champion before the run registered anything.
        recipe: The recipe of the run.
        inputs: Artifacts of the run by stage.
        store: Where the old bundle is.
        catalog: Where the run of the old bundle is written down.
    """
    if before is None or before.fingerprint == inputs["bundle"].fingerprint:
        return None
    fact = VersionFact(
        version=before.version,
        created=before.created_at[:10],
        is_same_split=_is_same_split(before, inputs, store, catalog),
    )
    old = store.find(before.fingerprint)
    if old is None:
        return fact.model_copy(update={"note": "its bundle is gone"})
    try:
        return _compared(fact, load(old.folder), recipe, inputs)
    except StokerError as error:
        return fact.model_copy(update={"note": f"it cannot answer these rows: {error.what}"})


def _is_same_split(
    before: ModelRecord, inputs: Mapping[str, Artifact], store: Store, catalog: Catalog
) -> bool:
    """Whether the old version learned with rows of the same sources, divided alike.

    Fingerprints do not tell: they change with the columns that are read.
    """
    if before.run is None:
        return False
    marks = {one.stage: one.fingerprint for one in catalog.run(before.run).stages}
    for stage, said in (("acquire", _sources), ("split", _parts)):
        mark = marks.get(stage)
        old = None if mark is None else store.find(mark)
        if old is None or said(old) != said(inputs[stage]):
            return False
    return True


def _sources(acquired: Artifact) -> object:
    return acquired.manifest.summary["sources"]


def _parts(split: Artifact) -> object:
    return split.manifest.files[SplitParts.open(split).path.name]


def _compared(
    fact: VersionFact, old: Predictor, recipe: Recipe, inputs: Mapping[str, Artifact]
) -> VersionFact:
    prepared, found = inputs["prepare"].folder, offered(inputs)
    chosen, new = found.chosen, load(found.bundle)
    other = other_question(old.interface, new.interface)
    if other:
        return fact.model_copy(update={"note": other, "is_other_question": True})
    part = scored_part(prepared)
    scored = PreparedSet.open(prepared, part)
    step = max(1, -(-len(scored) // _MOST_ROWS))
    row_M = np.arange(0, len(scored), step)
    new_outputs = rows_at(Scores.open(inputs["evaluate"]).outputs(chosen), row_M)
    rows = spaced(raw_rows(inputs, part, list(old.interface.inputs)), step)
    old_outputs = joined_rows([old.output_rows(block) for block in rows])
    evaluations = evaluate_all(
        {
            "model": new_outputs,
            BEFORE: new.interface.task.outputs_from(old.interface.task, old_outputs),
        },
        rows_at(scored.target, row_M),
        new.interface.task,
        seed=recipe.seed,
        resamples=_RESAMPLES,
        reference=BEFORE,
        group_N=group_codes(
            rows_path(inputs),
            scored.row[row_M],
            group_column(recipe),
        ),
        weights={
            "model": new.decision.weights,
            BEFORE: _in_order(old.decision.weights, old.interface.task, new.interface.task),
        },
    )
    metrics = {n: evaluations[n].metrics for n in ("model", BEFORE)}
    return fact.model_copy(
        update={
            "rows": len(row_M),
            "all_rows": len(scored),
            "scores": metrics[BEFORE],
            "new_scores": metrics["model"],
            "comparison": evaluations["model"].comparison,
        }
    )


def other_question(old: Interface, new: Interface) -> str:
    """Why answers of two versions cannot be compared; empty: they answer one question."""
    if old.target != new.target:
        return f"it predicts {old.target!r}"
    return new.task.why_not_like(old.task)


def _in_order(
    weights: Sequence[float] | None, old: FittedTask, new: FittedTask
) -> Sequence[float] | None:
    """Weights of answers in the order of the new classes."""
    if weights is None:
        return None
    return new.outputs_from(old, np.array([weights]))[0].tolist()
