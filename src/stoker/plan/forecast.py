"""The plan: what a run would do, what of it is there already, and about what it costs.

Estimates are rough on purpose and say so.  Rows come from a quick look at the raw files (see
`Source.extent`), or from the artifacts that are there.  Seconds come from the last time this home
did the same kind of stage, scaled to the work at hand, and before that from built-in rates and the
speed of a matrix product measured now (see `effort`): right within a factor of five either way, on
a machine that does nothing else.  Memory is the libraries that a stage loads plus the largest of
its inputs.

Cost: milliseconds for the looks and the matrix products, and some for each earlier run that is
looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from stoker.core.processors import available_cores
from stoker.core.steps import expect
from stoker.dag.cache import cached
from stoker.dag.node import Node
from stoker.data.acquire import Source
from stoker.data.extent import Extent, SourceExtent, together
from stoker.data.profile.choices import Choices
from stoker.plan.earlier_runs import look_back
from stoker.plan.effort import GFLOPS, Effort, efforts, measure_gflops
from stoker.recipe.model import Recipe
from stoker.store.artifact import Artifact
from stoker.store.catalog import Catalog
from stoker.store.store import Store
from stoker.views.prepared import read_interface

TimeFrom = Literal["rates", "runs", "budget"]


@dataclass(frozen=True)
class PlannedStage:
    """One stage of the plan."""

    name: str
    status: Literal["cached", "to do"]
    rows: int | None
    """Rows that the stage gave (cached) or will see (to do); None if nobody knows yet."""
    rows_exact: bool
    """Whether they were counted; else they are guessed."""
    seconds: float | None
    """About how long it takes; 0 if cached, None if nobody can tell."""
    seconds_from: TimeFrom | None
    """`rates`: a rough guess; `runs`: scaled from what this home measured; `budget`: the recipe's
    own limit."""
    memory_bytes: int | None
    """About the largest memory it holds; None if cached."""


@dataclass(frozen=True)
class RunPlan:
    """What a run would do."""

    stages: tuple[PlannedStage, ...]
    gflops: float | None = None
    """Billions of operations a second of matrix products here; None if nothing is to do."""
    choices: Choices | None = None
    """What was decided about every column; None if the data was not read."""
    not_read: str = ""
    """Why the data was not read."""
    imports: tuple[str, ...] = ()
    """Modules outside stoker whose steps the bundle will hold."""

    @property
    def to_do(self) -> tuple[PlannedStage, ...]:
        """The stages that are not cached."""
        return tuple(stage for stage in self.stages if stage.status == "to do")


def make_plan(
    recipe: Recipe,
    graph: Sequence[Node],
    store: Store,
    catalog: Catalog,
    *,
    cache: Path,
    outputs: int | None = None,
) -> RunPlan:
    """Look every stage of a graph up, and estimate those that are to do.

    Args:
        recipe: The recipe of the graph.
        graph: Its nodes in order.
        store: Where artifacts may be.
        catalog: What earlier runs took.
        cache: Folder for downloads.
        outputs: How many outputs the model will have, where the data was read for it.
    """
    found = cached(graph, store)
    if len(found) == len(graph):
        return RunPlan(tuple(_done(node, found[node.stage]) for node in graph))
    extent = extent_of(recipe, found, cache)
    if extent is not None and outputs is not None:
        extent = replace(extent, classes=outputs)
    gflops = measure_gflops(recipe.train.threads or available_cores())
    guess = _Guess(
        extent=extent,
        past=look_back(catalog, recipe.name, efforts(recipe, extent) if extent else {}),
        rates=efforts(recipe, extent, gflops) if extent else {},
    )
    stages = (
        _done(node, found[node.stage])
        if node.stage in found
        else _to_do(node, recipe, found, guess)
        for node in graph
    )
    return RunPlan(tuple(stages), gflops)


@dataclass(frozen=True)
class _Guess:
    """What estimates are made from."""

    extent: Extent | None
    past: Mapping[str, float]
    """Seconds of the stages that this home did before, scaled."""
    rates: Mapping[str, Effort]
    """Seconds by the built-in rates."""


def usual_efforts(
    recipe: Recipe, graph: Sequence[Node], store: Store, cache: Path
) -> dict[str, Effort]:
    """The effort of each stage by the built-in rates, to be kept beside the time that it took."""
    extent = extent_of(recipe, cached(graph, store), cache)
    return efforts(recipe, extent, GFLOPS) if extent else {}


def extent_of(recipe: Recipe, found: Mapping[str, Artifact], cache: Path) -> Extent | None:
    """How large the data is: from artifacts where there are some, else from the raw files.

    Args:
        recipe: The recipe.
        found: Artifacts of the stages that are done.
        cache: Folder for downloads.
    """
    sources = [expect(source, Source) for source in recipe.data.sources]
    looks = [source.extent(recipe.project, cache) for source in sources]
    if "acquire" in found:
        looks = _counted(looks, found["acquire"].manifest.summary["sources"])
    split = recipe.data.split
    parts = [source.part for source in sources]
    extent = together(looks, parts, test=split.test, validation=split.validation)
    if extent is not None and "prepare" in found:
        task = read_interface(found["prepare"].folder).task
        extent = replace(extent, classes=task.output.width)
    if extent is None or "split" not in found:
        return extent
    counts = {**dict.fromkeys(extent.parts, 0), **found["split"].manifest.summary["parts"]}
    return replace(extent, rows=sum(counts.values()), parts=counts)


def _counted(
    looks: Sequence[SourceExtent], sources: Sequence[Mapping[str, Any]]
) -> list[SourceExtent]:
    """What was looked at, with the rows that acquiring counted."""
    return [
        replace(one, rows=int(source["rows_out"]), exact=True)
        for one, source in zip(looks, sources, strict=True)
    ]


def _done(node: Node, artifact: Artifact) -> PlannedStage:
    summary = artifact.manifest.summary
    rows = summary.get("rows_out", summary.get("rows"))
    if rows is None and "parts" in summary:
        rows = sum(summary["parts"].values())
    return PlannedStage(node.stage, "cached", rows, True, 0.0, None, None)


def _to_do(
    node: Node, recipe: Recipe, found: Mapping[str, Artifact], guess: _Guess
) -> PlannedStage:
    extent = guess.extent
    rows = node.work.rows(extent) if extent else None
    counted = extent is not None and extent.exact
    exact = counted and (node.stage == "acquire" or all(name in found for name in node.after))
    seconds, source = _seconds(node.stage, recipe, guess)
    memory = _memory(node, found, extent)
    return PlannedStage(node.stage, "to do", rows, exact, seconds, source, memory)


def _seconds(stage: str, recipe: Recipe, guess: _Guess) -> tuple[float | None, TimeFrom | None]:
    seconds: float | None = guess.past.get(stage)
    source: TimeFrom | None = None if seconds is None else "runs"
    if seconds is None and stage in guess.rates:
        seconds, source = guess.rates[stage].seconds, "rates"
    budget = recipe.train.budget if stage == "train" else None
    if budget is not None and (seconds is None or seconds > budget):
        return float(budget), "budget"
    return (None if seconds is None else round(seconds, 3)), source


def _memory(node: Node, found: Mapping[str, Artifact], extent: Extent | None) -> int:
    """Libraries, and the inputs once: stages stream rows, but the mapped tensors are touched."""
    sizes = [found[name].manifest.size_bytes for name in node.after if name in found]
    if extent is not None and len(sizes) < max(1, len(node.after)):
        sizes.append(extent.size_bytes)
    return round(node.work.memory_bytes + max(sizes, default=0))
