"""The plan: what a run would do, what of it is there already, and about what it costs.

Estimates are rough on purpose and say so: seconds come from the last time this home did the stage
for this recipe, scaled by rows, and are missing where it never did; memory comes from the size of
what the stage holds at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stoker.pipeline.known import cached
from stoker.pipeline.node import Node
from stoker.recipe.model import Recipe
from stoker.store.artifact import Artifact
from stoker.store.catalog import Catalog
from stoker.store.store import Store

_BASE_BYTES = {"acquire": 250e6, "clean": 450e6, "split": 450e6, "prepare": 350e6, "train": 500e6}
"""Resident memory of the libraries that a stage loads, before any data."""
_RUNS_LOOKED_AT = 20


@dataclass(frozen=True)
class PlannedStage:
    """One stage of the plan."""

    name: str
    status: Literal["cached", "to do"]
    rows: int | None
    """Rows that the stage gives (cached) or will see (to do); None if nobody knows yet."""
    seconds: float | None
    """About how long it takes; 0 if cached, None if this home never did it for this recipe."""
    memory_bytes: int | None
    """About the largest memory it holds; None if cached."""


@dataclass(frozen=True)
class Plan:
    """What a run would do."""

    stages: tuple[PlannedStage, ...]

    @property
    def to_do(self) -> tuple[PlannedStage, ...]:
        """The stages that are not cached."""
        return tuple(stage for stage in self.stages if stage.status == "to do")


def make_plan(recipe: Recipe, graph: Sequence[Node], store: Store, catalog: Catalog) -> Plan:
    """Look every stage of a graph up, and estimate those that are to do.

    Args:
        recipe: The recipe of the graph.
        graph: Its nodes in order.
        store: Where artifacts may be.
        catalog: What earlier runs took.
    """
    found = cached(graph, store)
    past = _past_seconds(recipe.name, catalog)
    rows: int | None = None
    planned = []
    for node in graph:
        artifact = found.get(node.stage)
        rows = _rows(artifact) or rows if artifact else rows
        planned.append(
            PlannedStage(node.stage, "cached", rows, 0.0, None)
            if artifact
            else PlannedStage(
                node.stage, "to do", rows, _seconds(node, recipe, past), _memory(node, found)
            )
        )
    return Plan(tuple(planned))


def _rows(artifact: Artifact) -> int | None:
    summary = artifact.manifest.summary
    found = summary.get("rows_out")
    return int(found) if isinstance(found, int) else None


def _past_seconds(name: str, catalog: Catalog) -> dict[str, float]:
    """How long each stage took the last time that it was really done."""
    found: dict[str, float] = {}
    for record in catalog.runs(name=name, limit=_RUNS_LOOKED_AT):
        for stage in catalog.run(record.id).stages:
            if stage.status == "done":
                found.setdefault(stage.stage, stage.seconds)
    return found


def _seconds(node: Node, recipe: Recipe, past: Mapping[str, float]) -> float | None:
    if node.stage == "train" and recipe.train.budget is not None:
        return float(recipe.train.budget)
    return past.get(node.stage)


def _memory(node: Node, found: Mapping[str, Artifact]) -> int:
    """Libraries, and the inputs once: stages stream rows, but the mapped tensors are touched."""
    largest = max(
        (found[name].manifest.size_bytes for name in node.after if name in found), default=0
    )
    return round(_BASE_BYTES.get(node.stage, 400e6) + largest)
