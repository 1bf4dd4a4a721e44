"""Give an error of a step the place where the recipe names that step.

A step knows its fields and no recipe, so what it refuses has no line; here the recipe is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stoker.core.blame import steps_behind
from stoker.core.errors import Place, RecipeError, StokerError
from stoker.core.steps import Step, is_own
from stoker.core.value import Value
from stoker.recipe.model import Recipe


@contextmanager
def placed(recipe: Recipe) -> Iterator[None]:
    """Errors of steps say where the recipe names the step, unless they say a place of their own.

    That holds for whatever a user's own step refuses, and for what a step of ours says of its keys.
    """
    try:
        yield
    except StokerError as error:
        if error.place is None:
            error.place = _place(error, recipe)
        raise


def _place(error: StokerError, recipe: Recipe) -> Place | None:
    """Where the innermost step behind an error stands; None if the recipe does not name it."""
    for step in steps_behind(error):
        if isinstance(error, RecipeError) or is_own(step):
            path = next((path for path, one in _steps(recipe, ()) if one == step), None)
            if path is not None:
                return recipe.place(*path)
    return None


def _steps(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Step]]:
    """Each step of a recipe with the keys and positions that lead to it."""
    if isinstance(value, Step):
        yield path, value
    if isinstance(value, Value):
        inner: Any = ((name, getattr(value, name)) for name in type(value).model_fields)
    elif isinstance(value, dict):
        inner = value.items()
    else:
        inner = enumerate(value) if isinstance(value, tuple) else ()
    for key, item in inner:
        yield from _steps(item, (*path, key))
