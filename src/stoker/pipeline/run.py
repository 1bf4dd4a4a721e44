"""Run a recipe: the graph is executed, written down in the catalog, reported and registered.

    recipe ─► graph ─► artifacts in the store ─► gates ─► model version + alias `champion`
                                             └─► report in the home, one per run

A run whose every stage is cached, and whose result is known, does nothing and says so.  A missed
gate leaves the bundle in the store and the report to read, but registers no model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stoker.core import events
from stoker.data.fingerprint import default_cache
from stoker.pipeline.graph import build_graph, cut
from stoker.pipeline.known import Known, cached, look_up
from stoker.pipeline.result import RunResult
from stoker.recipe.load import load_recipe
from stoker.recipe.model import Recipe
from stoker.store.catalog import Catalog
from stoker.store.home import find_home
from stoker.store.store import Store

if TYPE_CHECKING:
    from stoker.pipeline.plan import Plan


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
    # Working loads numerical libraries by the dozen; to say that nothing changed takes none.
    from stoker.pipeline.at_work import work

    return work(recipe, graph, store, catalog, overrides=overrides, started=started)


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
    from stoker.pipeline.plan import make_plan
    from stoker.pipeline.sound import check_columns

    recipe = _as_recipe(recipe, overrides)
    folder = find_home(_as_path(home))
    graph = build_graph(recipe, default_cache())
    store = Store(folder)
    check_columns(recipe, cached(graph, store), default_cache())
    return make_plan(recipe, graph, store, Catalog(folder), cache=default_cache())


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
