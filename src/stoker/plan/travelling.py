"""Modules of the user's own whose steps travel in the bundle, so that whoever opens it names them.

Features, cleaners that learn and the task are stored as fitted steps; sources, metrics and the
like end with the run.
"""

from __future__ import annotations

from stoker.core.own_code import own_modules
from stoker.core.steps import step_spec
from stoker.data.clean import FittedCleaner
from stoker.recipe.model import Recipe


def travelling_modules(recipe: Recipe) -> list[str]:
    """Modules outside stoker that the bundle of a recipe will need, as far as it says them.

    >>> from stoker.recipe.load import load_recipe
    >>> travelling_modules(load_recipe({
    ...     "version": 1, "name": "a", "data": {"sources": [{"csv": {"path": "a.csv"}}]},
    ...     "target": {"y": "classify"},
    ... }))
    []
    """
    fitted = [step for step in recipe.data.clean if isinstance(step, FittedCleaner)]
    steps = [*(recipe.inputs or {}).values(), *fitted, recipe.task]
    return own_modules(map(step_spec, steps))
