"""Execute a graph, write down what becomes of it, then report and register the result.

Apart from `run`, because a run that finds everything done already needs none of the libraries that
are loaded here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from stoker import __version__
from stoker.candidates.offer import offered
from stoker.core import events
from stoker.core.blame import own_code_error
from stoker.core.errors import StokerError
from stoker.dag.cache import cached
from stoker.dag.execute import Executed, execute
from stoker.dag.node import Node
from stoker.data.fingerprint import default_cache
from stoker.evaluate.evaluation import CONSTANT, Evaluation
from stoker.pipeline.champion import champion_of, promote, worse_than
from stoker.pipeline.result import RefusedRun, RunResult, as_json
from stoker.pipeline.version_before import version_before
from stoker.plan.check_columns import check_columns
from stoker.plan.check_target import check_target
from stoker.plan.earlier_runs import KEY
from stoker.plan.effort import Effort
from stoker.plan.forecast import make_plan, usual_efforts
from stoker.plan.reject_limit import check_lost, check_rejects
from stoker.plan.wait import wait_words
from stoker.recipe.model import Recipe
from stoker.report.collect.card_facts import gate_results
from stoker.report.collect.report_run import RunNotes, report_run
from stoker.report.collect.summary import summary
from stoker.report.facts import SaidFact, VersionFact
from stoker.store.artifact import Artifact
from stoker.store.catalog import Catalog
from stoker.store.store import Store
from stoker.views.scores import Scores


def execute_run(
    recipe: Recipe,
    graph: list[Node],
    store: Store,
    catalog: Catalog,
    *,
    overrides: Sequence[str],
    started: float,
) -> RunResult:
    """Do what is left of a graph, as a run of the catalog.

    Args:
        recipe: What the graph was made from.
        graph: Its nodes.
        store: Where artifacts are found and published.
        catalog: Where the run is written down.
        overrides: Changes of the recipe given with `--set`.
        started: When the command began, by `time.monotonic`.

    Raises:
        RefusedRun: If the result misses a gate of the recipe.
        StokerError: If anything that the user can mend is wrong.
    """
    check_columns(recipe, cached(graph, store), default_cache())
    usual = usual_efforts(recipe, graph, store, default_cache())
    run = catalog.start_run(recipe.name, recipe.text, stoker=__version__, overrides=list(overrides))
    try:
        return _Run(recipe, store, catalog, run, list(overrides), started, usual).finish(graph)
    except RefusedRun:  # written down already, with its scores
        raise
    except KeyboardInterrupt:
        catalog.finish_run(run, "interrupted")
        raise
    except BaseException as error:
        catalog.finish_run(run, "failed", {"error": _said(error)})
        raise


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
    """What stages take by the built-in rates, as far as it is known before they are done; kept
    beside what they took (`plan.earlier_runs`)."""

    def finish(self, graph: list[Node]) -> RunResult:
        """Execute the graph, then register and report what came of it."""
        done: dict[str, Executed] = {}
        said: list[SaidFact] = []
        usual = self.usual
        for executed in execute(graph, self.store, cache=default_cache()):
            done[executed.stage] = executed
            self._record(executed, usual.get(executed.stage))
            # What is left out of a cached stage was told when it was done; the report tells it too.
            with events.recording(aloud=executed.status != "cached") as counted:
                check_rejects(executed, self.recipe.data.max_rejects)
                check_lost(done, self.recipe.data.max_lost)
            said += said_facts(executed.stage, [*executed.said, *counted])
            if executed.stage == "acquire":
                check_columns(self.recipe, {"acquire": executed.artifact}, default_cache())
            if executed.stage == "prepare":
                outputs = check_target(self.recipe, executed.artifact)
                # Now that the classes are known, which trees take most of their time for.
                usual = usual_efforts(self.recipe, graph, self.store, default_cache())
                self._tell_wait(graph, outputs)
        seconds = {stage: round(e.seconds, 3) for stage, e in done.items()}
        if "bundle" not in done:
            result = RunResult(self.id, "partial", seconds=seconds)
            self._end(result)
            return result
        return self._conclude(done, seconds, said)

    def _tell_wait(self, graph: list[Node], outputs: int) -> None:
        """Say about how long a long training takes."""
        plan = make_plan(self.recipe, graph, self.store, self.catalog, cache=default_cache())
        if said := wait_words(plan, outputs):
            events.message(said, passing=True)

    def _record(self, executed: Executed, usual: Effort | None) -> None:
        artifact = executed.artifact
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

    def _conclude(
        self, done: dict[str, Executed], seconds: dict[str, float], said: list[SaidFact]
    ) -> RunResult:
        artifacts = {stage: executed.artifact for stage, executed in done.items()}
        bundle = artifacts["bundle"].folder
        measured = {
            stage: self.catalog.measured(artifact.fingerprint)
            for stage, artifact in artifacts.items()
        }
        champion = champion_of(self.catalog, self.recipe.name)
        before = version_before(champion, self.recipe, artifacts, self.store, self.catalog)
        missed = [gate for gate in gate_results(self.recipe, artifacts) if not gate.passed]
        metrics = scores(artifacts)
        model, lines = (None, []) if missed else self._register(artifacts, metrics, before)
        told = (*said, *said_facts("register", lines))
        notes = RunNotes(measured, told, tuple(self.overrides), before)
        report = report_run(self.recipe, self.id, list(done.values()), self.store, notes)
        seconds["report"] = round(time.monotonic() - self.started - sum(seconds.values()), 3)
        result = RunResult(
            self.id,
            "done",
            bundle,
            report,
            metrics,
            seconds,
            model=model,
            summary=summary(self.recipe, artifacts),
            warnings=tuple(dict.fromkeys(one.text for one in notes.said if one.kind == "warning")),
        )
        self._end(result, status="failed" if missed else "done")
        if missed:
            raise RefusedRun(
                result,
                "; ".join(gate.text for gate in missed),
                fix=f"read {report}; then change the data, the model or the gate",
            )
        return result

    def _register(
        self,
        artifacts: Mapping[str, Artifact],
        metrics: Mapping[str, Any],
        before: VersionFact | None,
    ) -> tuple[str, list[events.Line]]:
        """Make the bundle a version of the model: how to call it, and what was said of it."""
        version = self.catalog.add_model(
            self.recipe.name, artifacts["bundle"].fingerprint, metrics, run=self.id
        )
        with events.recording() as lines:
            model = promote(
                self.catalog,
                self.recipe.name,
                version,
                higher_is_better=higher_is_better_of(artifacts),
                against=worse_than(_evaluations(artifacts)[offered(artifacts).chosen]),
                unlike=before.note if before and before.is_other_question else None,
            )
        return model, lines

    def _end(self, result: RunResult, status: Literal["done", "failed"] = "done") -> None:
        said = {**as_json(result), "serve": serve_keys(self.recipe)}
        self.catalog.finish_run(self.id, status, said)


def said_facts(stage: str, lines: Sequence[events.Line]) -> list[SaidFact]:
    """Lines of a stage as a report holds them, each once."""
    return [SaidFact(stage=stage, kind=one.kind, text=one.text) for one in dict.fromkeys(lines)]


def _evaluations(artifacts: Mapping[str, Artifact]) -> Mapping[str, Evaluation]:
    return Scores.open(artifacts["evaluate"]).evaluations


def scores(artifacts: Mapping[str, Artifact]) -> dict[str, Any]:
    """Value and interval of each defined metric of the bundle, the headline first.

    `constant` is the value of the answer that looks at no input.
    """
    evaluations = _evaluations(artifacts)
    constant = evaluations[CONSTANT].metrics
    evaluation = evaluations[offered(artifacts).chosen]
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


def higher_is_better_of(artifacts: Mapping[str, Artifact]) -> bool:
    """Whether the headline metric of the bundle is better when it is higher."""
    evaluations = _evaluations(artifacts)
    evaluation = evaluations[offered(artifacts).chosen]
    return evaluation.metrics[evaluation.headline].higher_is_better


def _said(error: BaseException) -> str:
    known = error if isinstance(error, StokerError) else own_code_error(error)
    return type(error).__name__ if known is None else known.what


def serve_keys(recipe: Recipe) -> dict[str, Any]:
    """The keys of `serve` that the recipe gives; a server's own defaults may change later.

    They are kept in the catalog and not in the bundle: a bundle that came from somewhere else must
    not say which address to bind or which key to accept.
    """
    given = recipe.serve
    return {} if given is None else given.model_dump(mode="json", exclude_unset=True)
