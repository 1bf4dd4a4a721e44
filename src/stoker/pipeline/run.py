"""Run a recipe: the graph is executed, written down in the catalog, reported and registered.

    recipe ─► graph ─► artifacts in the store ─► gates ─► model version + alias `champion`
                                             └─► report in the home, one per run

A run whose every stage is cached, and whose result is known, does nothing and says so.  A missed
gate leaves the bundle in the store and the report to read, but registers no model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from stoker import __version__
from stoker.core import events
from stoker.core.errors import GateError, StokerError
from stoker.data.fingerprint import default_cache
from stoker.evaluate.evaluation import CONSTANT
from stoker.pipeline.champion import crown
from stoker.pipeline.effort import Effort
from stoker.pipeline.execute import Executed, execute
from stoker.pipeline.facts import chosen_name, gate_results, read_evaluations
from stoker.pipeline.graph import build_graph, cut
from stoker.pipeline.known import Known, cached, look_up
from stoker.pipeline.node import Node
from stoker.pipeline.past import KEY
from stoker.pipeline.plan import Plan, make_plan, usual_efforts
from stoker.pipeline.quarantine import check_rejects
from stoker.pipeline.reporting import report_run
from stoker.pipeline.result_stages import serve_keys
from stoker.pipeline.sound import check_columns
from stoker.pipeline.summary import summary
from stoker.recipe.load import load_recipe
from stoker.recipe.model import Recipe
from stoker.store.artifact import Artifact
from stoker.store.catalog import Catalog
from stoker.store.home import find_home
from stoker.store.store import Store


@dataclass(frozen=True)
class RunResult:
    """What a run came to."""

    run: str
    """Its id in the catalog."""
    status: Literal["done", "unchanged", "partial", "refused"]
    """`unchanged`: everything was there already; `partial`: stopped after the stage asked for;
    `refused`: a gate was missed, and no model was registered."""
    bundle: Path | None = None
    report: Path | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """Scores of the bundle by metric: `value`, `low`, `high`."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time of each stage."""
    model: str | None = None
    """How other commands call what was registered: `NAME` for the champion, else `NAME@VERSION`."""
    summary: Mapping[str, Any] = field(default_factory=dict)
    """The score in a sentence, the positive class, and where rejected rows are."""


class RefusedRun(GateError):
    """A gate was missed; the result is whole and can be looked at."""

    def __init__(self, result: RunResult, what: str, *, fix: str) -> None:
        """Keep the result beside the message."""
        super().__init__(what, expected="every gate under evaluate.gates", fix=fix)
        self.result = replace(result, status="refused")


def run(
    recipe: Recipe | Path | str | Mapping[str, Any],
    *,
    home: Path | str | None = None,
    until: str | None = None,
    overrides: Sequence[str] = (),
) -> RunResult:
    """Do what a recipe says, or what is left of it.

    Args:
        recipe: A recipe, its file, its text or its keys as a mapping.
        home: Folder of the store and the catalog; absent: `STOKER_HOME`, or `.stoker` here.
        until: Stop after this stage.
        overrides: Changes such as `train.epochs=3`.

    Raises:
        RefusedRun: If the result misses a gate of the recipe.
        StokerError: If anything that the user can mend is wrong.
    """
    started = time.monotonic()
    recipe = _as_recipe(recipe, overrides)
    graph = cut(build_graph(recipe, default_cache()), until)
    folder = find_home(_as_path(home))
    store, catalog = Store(folder), Catalog(folder)
    known = look_up(graph, store, catalog)
    if known is not None:
        events.message(f"nothing to do: every stage is cached and {known.run} has the result")
        return _unchanged(known)
    check_columns(recipe, cached(graph, store), default_cache())
    usual = usual_efforts(recipe, graph, store, default_cache())
    run_id = catalog.start_run(
        recipe.name, recipe.text, stoker=__version__, overrides=list(overrides)
    )
    try:
        return _Run(recipe, store, catalog, run_id, list(overrides), started, usual).finish(graph)
    except RefusedRun:  # written down already, with its scores
        raise
    except KeyboardInterrupt:
        catalog.finish_run(run_id, "interrupted")
        raise
    except BaseException as error:
        catalog.finish_run(run_id, "failed", {"error": _said(error)})
        raise


def check(
    recipe: Recipe | Path | str | Mapping[str, Any],
    *,
    home: Path | str | None = None,
    overrides: Sequence[str] = (),
) -> Plan:
    """What `run` would do, without doing it; packages that sources name are fetched.

    Args:
        recipe: A recipe, its file, its text or its keys as a mapping.
        home: Folder of the store and the catalog; absent: `STOKER_HOME`, or `.stoker` here.
        overrides: Changes such as `train.epochs=3`.

    Raises:
        StokerError: If the recipe is wrong or a source is missing.
    """
    recipe = _as_recipe(recipe, overrides)
    folder = find_home(_as_path(home))
    graph = build_graph(recipe, default_cache())
    store = Store(folder)
    check_columns(recipe, cached(graph, store), default_cache())
    return make_plan(recipe, graph, store, Catalog(folder), cache=default_cache())


@dataclass(frozen=True)
class _Run:
    """One run at work."""

    recipe: Recipe
    store: Store
    catalog: Catalog
    id: str
    overrides: list[str]
    started: float
    usual: Mapping[str, Effort]
    """What the stages take by the built-in rates; kept beside what they took, see `past`."""

    def finish(self, graph: list[Node]) -> RunResult:
        """Execute the graph, then report and register what came of it."""
        done: dict[str, Executed] = {}
        for executed in execute(graph, self.recipe, self.store, cache=default_cache()):
            done[executed.stage] = executed
            self._record(executed)
            check_rejects(executed, self.recipe.data.max_rejects)
            if executed.stage == "acquire":
                check_columns(self.recipe, {"acquire": executed.artifact}, default_cache())
        seconds = {stage: round(e.seconds, 3) for stage, e in done.items()}
        if "bundle" not in done:
            result = RunResult(self.id, "partial", seconds=seconds)
            self._end(result)
            return result
        return self._conclude(done, seconds)

    def _record(self, executed: Executed) -> None:
        artifact = executed.artifact
        usual = self.usual.get(executed.stage)
        plan = {KEY: asdict(usual)} if usual and executed.status != "cached" else {}
        self.catalog.record_stage(
            self.id,
            executed.stage,
            artifact.fingerprint,
            executed.status,
            executed.seconds,
            manifest=artifact.manifest,
            measured={**executed.measured, **plan},
        )

    def _conclude(self, done: dict[str, Executed], seconds: dict[str, float]) -> RunResult:
        artifacts = {stage: executed.artifact for stage, executed in done.items()}
        bundle = artifacts["bundle"].folder
        measured = {
            stage: self.catalog.measured(artifact.fingerprint)
            for stage, artifact in artifacts.items()
        }
        report = report_run(
            self.recipe, self.id, list(done.values()), self.store, measured, self.overrides
        )
        seconds["report"] = round(time.monotonic() - self.started - sum(seconds.values()), 3)
        result = RunResult(
            self.id,
            "done",
            bundle,
            report,
            scores(artifacts),
            seconds,
            summary=summary(self.recipe, artifacts),
        )
        missed = [gate for gate in gate_results(self.recipe, artifacts) if not gate.passed]
        if missed:
            self._end(result, status="failed")
            raise RefusedRun(
                result,
                "; ".join(gate.text for gate in missed),
                fix=f"read {report}; then change the data, the model or the gate",
            )
        version = self.catalog.add_model(
            self.recipe.name, artifacts["bundle"].fingerprint, result.metrics, run=self.id
        )
        model = crown(
            self.catalog, self.recipe.name, version, higher_is_better=rises_to_the_good(artifacts)
        )
        result = replace(result, model=model)
        self._end(result)
        return result

    def _end(self, result: RunResult, status: Literal["done", "failed"] = "done") -> None:
        said = {**as_json(result), "serve": serve_keys(self.recipe)}
        self.catalog.finish_run(self.id, status, said)


def as_json(result: RunResult) -> dict[str, Any]:
    """The result as JSON values, as the catalog keeps it."""
    return {
        "status": result.status,
        "bundle": result.bundle and str(result.bundle),
        "report": result.report and str(result.report),
        "metrics": dict(result.metrics),
        "seconds": dict(result.seconds),
        "model": result.model,
        "summary": dict(result.summary),
    }


def scores(artifacts: Mapping[str, Artifact]) -> dict[str, Any]:
    """Value and interval of each defined metric of the bundle, the headline first.

    `constant` is the value of the answer that looks at no input.
    """
    _, evaluations = read_evaluations(artifacts)
    constant = evaluations[CONSTANT].metrics
    evaluation = evaluations[chosen_name(artifacts)]
    found = evaluation.in_order()
    found.sort(key=lambda item: item[0] != evaluation.headline)
    return {
        name: {
            "value": score.value,
            "low": score.low,
            "high": score.high,
            "constant": constant[name].value,
        }
        for name, score in found
        if score.value is not None
    }


def rises_to_the_good(artifacts: Mapping[str, Artifact]) -> bool:
    """Whether the headline metric of the bundle is better when it is higher."""
    _, evaluations = read_evaluations(artifacts)
    evaluation = evaluations[chosen_name(artifacts)]
    return evaluation.metrics[evaluation.headline].higher_is_better


def _unchanged(known: Known) -> RunResult:
    result = known.result
    return RunResult(
        run=known.run,
        status="unchanged",
        bundle=_as_path(result.get("bundle")),
        report=_as_path(result.get("report")),
        metrics=result.get("metrics", {}),
        seconds=dict.fromkeys(result.get("seconds", {}), 0.0),
        model=result.get("model"),
        summary=result.get("summary", {}),
    )


def _as_recipe(recipe: Recipe | Path | str | Mapping[str, Any], overrides: Sequence[str]) -> Recipe:
    return recipe if isinstance(recipe, Recipe) else load_recipe(recipe, overrides)


def _as_path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)


def _said(error: BaseException) -> str:
    return error.what if isinstance(error, StokerError) else type(error).__name__
