"""Narrow the steps of a recipe, which knows stages by name only, to what a stage works with."""

from __future__ import annotations

from typing import TypeVar

from stoker.core.errors import RecipeError
from stoker.core.steps import Step, step_name

_S = TypeVar("_S", bound=Step)


def only(step: Step, kind: type[_S]) -> _S:
    """The step, if it is of this kind.

    Raises:
        RecipeError: If it belongs to another stage; a user's own `module:Class` can do that.
    """
    if not isinstance(step, kind):
        raise RecipeError(
            f"{step_name(step)} cannot stand here",
            expected=f"a step that is a {kind.__name__} ({kind.__module__})",
        )
    return step
