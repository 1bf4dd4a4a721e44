"""Gather from the artifacts of a run what its report and its model card say.

Nothing is measured here and nothing is kept in memory between stages: every number is read from
the artifact that holds it, so a report of cached stages says the same as that of the first run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stoker.bundle.read import open_bundle
from stoker.candidates.offer import offered
from stoker.core.own_code import own_modules
from stoker.core.steps import is_own, step_name
from stoker.data.dataset import Dataset
from stoker.data.profile.choice import Choice
from stoker.data.profile.choices import Choices
from stoker.evaluate.gates import GateResult, check_gates
from stoker.report.collect.reject_facts import read_rejects
from stoker.report.collect.sample_rows import example_row, table_form
from stoker.report.facts import (
    CompressFact,
    CompressFacts,
    DataFacts,
    FlowFact,
    MistakeFact,
    PartFact,
    ReportFacts,
    SaidFact,
    SourceFact,
    TrainingFacts,
)
from stoker.tasks import group_column
from stoker.views.compressed import Compressed
from stoker.views.flows import flows_of, stages_with_rows
from stoker.views.prepared import open_prepared
from stoker.views.said import said_of
from stoker.views.scores import Scores
from stoker.views.split_parts import SplitParts
from stoker.views.trained_model import TrainedModel

if TYPE_CHECKING:
    from stoker.bundle.interface import Interface
    from stoker.features import FittedFeature
    from stoker.recipe.model import Recipe
    from stoker.store.artifact import Artifact

    Inputs = Mapping[str, Artifact]

_MOST_NAMES = 4


def card_facts(recipe: Recipe, inputs: Inputs) -> ReportFacts:
    """What the model card says: everything that does not depend on when and how fast it was made.

    Args:
        recipe: The recipe of the run.
        inputs: Artifacts by stage, up to `evaluate`.
    """
    scores, train = Scores.open(inputs["evaluate"]), TrainedModel.open(inputs["train"])
    interface = open_prepared(inputs["prepare"].folder).interface
    found = offered(inputs)
    chosen = found.chosen
    data = _data(recipe, inputs)
    return ReportFacts(
        name=recipe.name,
        recipe_text=recipe.text,
        predicts=interface.task.predicts,
        target=interface.target,
        inputs={name: _as_named(recipe, name, one) for name, one in interface.inputs.items()},
        example=example_row(interface),
        imports=tuple(interface.own_modules),
        serve_imports=_serve_imports(recipe, interface),
        **table_form(recipe, len(data.columns)),
        scored_part=scores.part,
        evaluations=dict(scores.evaluations),
        suspects=scores.suspects,
        asked=scores.asked,
        chosen=chosen,
        gates=tuple(gate_results(recipe, inputs)),
        gates_part=scores.part,
        data=data,
        training=_training(train),
        findings=scores.findings,
        leaderboard=train.leaderboard,
        learning_curve=train.learning_curve,
        decision=open_bundle(found.bundle).decision,
        choices=_choices(inputs),
        baseline=TrainedModel.open(inputs["baseline"]).model if "baseline" in inputs else "",
        said=tuple(
            SaidFact(stage=stage, kind=line.kind, text=line.text)
            for stage, artifact in inputs.items()
            for line in said_of(artifact)
        ),
    )


def _serve_imports(recipe: Recipe, interface: Interface) -> tuple[str, ...]:
    given = {} if recipe.serve is None else recipe.serve.model_dump()
    protocols = given.get("protocols", ())
    return tuple(sorted({*interface.own_modules, *own_modules({one: {}} for one in protocols)}))


def _as_named(recipe: Recipe, column: str, feature: FittedFeature) -> str:
    """A feature as the recipe names it; what own code learned may be of a class of another name."""
    given = (recipe.inputs or {}).get(column)
    return step_name(given if given is not None and is_own(feature) else feature)


def _choices(inputs: Inputs) -> tuple[Choice, ...]:
    """What became of each column; nothing where the recipe names its inputs."""
    return Choices.open(inputs["profile"].folder).columns if "profile" in inputs else ()


def gate_results(recipe: Recipe, inputs: Inputs) -> list[GateResult]:
    """What became of the recipe's gates for the chosen candidate."""
    evaluations = Scores.open(inputs["evaluate"]).evaluations
    return check_gates(recipe.evaluate.gates, evaluations[offered(inputs).chosen])


def mistakes(inputs: Inputs) -> tuple[MistakeFact, ...]:
    """The rows that the chosen candidate answered worst."""
    found = Scores.open(inputs["evaluate"]).mistakes
    return tuple(MistakeFact.model_validate(one) for one in found)


def compress_facts(inputs: Inputs, measured: Mapping[str, Any]) -> CompressFacts | None:
    """The candidates of compression, with what was measured of each.

    Args:
        inputs: Artifacts by stage.
        measured: What the stage `compress` measured when it was done.
    """
    if "compress" not in inputs:
        return None
    found, times = Compressed.open(inputs["compress"]), measured.get("candidates", {})
    return CompressFacts(
        score_name=found.score_name,
        rows=found.compared_rows,
        all_rows=found.validation_rows,
        candidates=tuple(
            CompressFact(
                name=row["name"],
                size_bytes=row.get("size_bytes"),
                score=row.get("scores", {}).get(found.score_name),
                latency_ms=times.get(row["name"], {}).get("latency_ms", {}),
                status=row["status"],
                reason=row["reason"],
            )
            for row in found.rows
        ),
        decision=found.decision,
    )


def _training(train: TrainedModel) -> TrainingFacts:
    summary = train.summary
    return TrainingFacts(
        model=train.model,
        reason=summary["reason"],
        num_weights=summary.get("num_parameters"),
        settings=summary.get("settings", {}),
        history=tuple(train.history),
        steps=summary.get("steps"),
        stopped=summary.get("stopped", ""),
        parity=summary.get("parity"),
        parity_rows=summary.get("parity_rows", 0),
        validation_rows=summary.get("validation_rows", 0),
    )


def _method(recipe: Recipe, method: str) -> str:
    """How rows were divided, and by which column."""
    asked = recipe.data.split
    column = asked.time or group_column(recipe) or asked.stratify
    said = method.replace("_", " ")
    if column is None:
        return said
    return f"{said}, {column}" if said.startswith("by ") else f"{said} by {column}"


def _data(recipe: Recipe, inputs: Inputs) -> DataFacts:
    dataset, split = Dataset.open(inputs["acquire"].folder), SplitParts.open(inputs["split"])
    return DataFacts(
        sources=tuple(SourceFact.model_validate(source) for source in dataset.sources),
        columns=dataset.columns,
        flow=tuple(_flow(inputs)),
        split_method=_method(recipe, split.method),
        parts=tuple(
            PartFact(name=name, rows=rows, labels=split.labels.get(name))
            for name, rows in split.rows.items()
        ),
        notes=tuple(f"{key}: {_noted(value)}" for key, value in split.notes.items()),
        rejects=tuple(read_rejects(inputs)),
    )


def _flow(inputs: Inputs) -> Iterator[FlowFact]:
    for _, artifact in stages_with_rows(inputs):
        for flow in flows_of(artifact):
            yield FlowFact(
                step=flow.step,
                rows_in=flow.rows_in,
                rows_out=flow.rows_out,
                rejected=flow.rejected,
                notes=tuple(f"{key}: {_noted(value)}" for key, value in flow.notes.items()),
            )


def _noted(value: Any) -> str:
    """What a step noted; of a long list only the first, and how many.

    >>> _noted(["age", "sex"]), _noted(list("abcdefgh")), _noted(1234)
    ('age, sex', 'a, b, c, d and 4 more', '1,234')
    """
    if isinstance(value, list):
        rest = len(value) - _MOST_NAMES
        shown = ", ".join(map(str, value[:_MOST_NAMES]))
        return f"{shown} and {rest} more" if rest > 1 else ", ".join(map(str, value))
    return f"{value:,}" if type(value) is int else str(value)
