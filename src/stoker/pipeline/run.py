"""Run a recipe: the graph is executed, written down in the catalog, reported and registered.

    recipe ─► graph ─► artifacts in the store ─► gates ─► model version + alias `champion`
                                             └─► report in the home, one per run

A run whose every stage is cached, and whose result is known, does nothing and says so.  A missed
gate leaves the bundle in the store and the report to read, but registers no model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from stoker.core import events
from stoker.core.callback import Callback, Event
from stoker.core.errors import RecipeError
from stoker.core.events import listening
from stoker.dag.build import build_graph, cut
from stoker.dag.cache import cached, look_up
from stoker.data.fingerprint import default_cache
from stoker.pipeline.placed import placed
from stoker.pipeline.result import RunResult
from stoker.recipe.load import load_recipe
from stoker.recipe.model import Recipe
from stoker.serve.serve_settings import ServeSettings
from stoker.store.home import find_home
from stoker.store.store import Store

if TYPE_CHECKING:
    from stoker.bundle.frames import Rows
    from stoker.pipeline.table_recipe import Target
    from stoker.plan.forecast import RunPlan
    from stoker.store.finished import Finished

    RecipeLike = Recipe | Path | str | Mapping[str, Any]


def run(
    recipe: RecipeLike | Rows,
    *,
    target: Target | None = None,
    home: Path | str | None = None,
    until: str | None = None,
    overrides: Sequence[str] = (),
    on_event: Callable[[Event], object] | None = None,
    **keys: Any,
) -> RunResult:
    """Do what a recipe says, or what is left of it; or make a model of a table.

    Args:
        recipe: A recipe, its file, its text or its keys as a mapping.  With `target` a table: an
            Arrow, pandas or Polars table, a list of dicts, a dict of columns, or the path of a
            file that holds one.
        target: The column of the table to predict; or that column and its task as in a recipe,
            such as `{"age": "regress"}`.
        home: Folder of the store and the catalog; absent: `STOKER_HOME`, or `.stoker` here.
        until: Stop after this stage.
        overrides: Changes such as `train.epochs=3`.
        on_event: Is called with every line and with the progress of every task, in the thread that
            does the work; absent: whoever listens, which is nobody in a notebook.
        **keys: Other keys of a recipe for a table, such as `name="churn"` (absent: the target's),
            `train={"preset": "fast"}` or `inputs={"age": "number"}`.

    Returns:
        What the run came to; in a notebook it shows scores, warnings and where the report is.

    Raises:
        RefusedRun: If the result misses a gate of the recipe.
        StokerError: If anything that the user can mend is wrong.

    Example:
        `stoker.run(frame, target="churned", train={"preset": "fast"})` writes the table into the
        home under its hash, so the same call again does nothing, and a killed one goes on.
    """
    with listening(Callback(on_event)) if on_event else nullcontext():
        started = time.monotonic()
        folder = find_home(_as_path(home))
        recipe = _as_recipe(recipe, target, keys, folder, overrides)
        graph = cut(build_graph(recipe, default_cache()), until)
        store = Store(folder)
        known = look_up(graph, store)
        if known is not None:
            events.message(f"nothing to do: every stage is cached and {known.run} has the result")
            return _unchanged(known)
        # Working loads numerical libraries by the dozen; to say that nothing changed takes none.
        from stoker.pipeline.execute_run import execute_run
        from stoker.store.catalog import Catalog

        catalog = Catalog(folder)
        with placed(recipe):
            return execute_run(recipe, graph, store, catalog, overrides=overrides, started=started)


def check(
    recipe: RecipeLike | Rows,
    *,
    target: Target | None = None,
    home: Path | str | None = None,
    overrides: Sequence[str] = (),
    **keys: Any,
) -> RunPlan:
    """What `run` would do, without doing it; packages that sources name are fetched.

    The data of a table is read and prepared in a temporary folder, unless it is large, so that what
    a run refuses before training is refused here.

    Args:
        recipe: A recipe, its file, its text or its keys as a mapping; with `target` a table.
        target: The column of the table to predict, as for `run`.
        home: Folder of the store and the catalog; absent: `STOKER_HOME`, or `.stoker` here.
        overrides: Changes such as `train.epochs=3`.
        **keys: Other keys of a recipe for a table.

    Raises:
        StokerError: If the recipe is wrong, a source is missing, or a run would refuse the data.
    """
    from dataclasses import replace

    from stoker.plan.as_written import as_written
    from stoker.plan.check_columns import check_columns
    from stoker.plan.forecast import make_plan
    from stoker.plan.travelling import travelling_modules
    from stoker.plan.trial import try_data
    from stoker.store.catalog import Catalog

    folder = find_home(_as_path(home))
    recipe = _as_recipe(recipe, target, keys, folder, overrides)
    store, catalog, cache = Store(folder), Catalog(folder), default_cache()
    with placed(recipe):
        graph = build_graph(recipe, cache)
        found = cached(graph, store)
        check_columns(recipe, found, cache)
        trial = try_data(recipe, graph, found, cache)
        plan = make_plan(recipe, graph, store, catalog, cache=cache, outputs=trial.outputs)
    choices = trial.choices and as_written(trial.choices, recipe)
    imports = tuple(travelling_modules(recipe))
    return replace(plan, choices=choices, not_read=trial.why_not, imports=imports)


def _unchanged(known: Finished) -> RunResult:
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
        warnings=tuple(result.get("warnings", ())),
    )


def _as_recipe(
    recipe: RecipeLike | Rows,
    target: Target | None,
    keys: Mapping[str, Any],
    home: Path,
    overrides: Sequence[str],
) -> Recipe:
    if target is not None:
        from stoker.pipeline.table_recipe import file_recipe, table_recipe

        if isinstance(recipe, Path) or (isinstance(recipe, str) and "\n" not in recipe):
            return file_recipe(Path(recipe), target, keys, overrides)
        return table_recipe(cast("Rows", recipe), target, keys, home, overrides)
    if keys:
        raise RecipeError(
            f"the key {next(iter(keys))!r} was given beside a recipe",
            expected="keys of a recipe beside a table and its target only",
            fix="write it into the recipe, or give overrides=['KEY=VALUE']",
        )
    if isinstance(recipe, Recipe):
        return _with_server(recipe)
    if not isinstance(recipe, str | Path | Mapping):
        raise RecipeError(
            f"a {type(recipe).__name__} is no recipe",
            expected="a recipe, its file, its text or its keys; or a table and its target",
            fix='name the column to predict: run(table, target="COLUMN")',
        )
    return _with_server(load_recipe(recipe, overrides))


def _with_server(recipe: Recipe) -> Recipe:
    """The recipe, if a server can have the protocols that it names."""
    if isinstance(recipe.serve, ServeSettings) and recipe.serve.protocols:
        from stoker.serve.protocols import find_protocols

        try:
            find_protocols(recipe.serve.protocols)
        except RecipeError as error:
            error.place = recipe.place("serve", "protocols")
            raise
    return recipe


def _as_path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)
