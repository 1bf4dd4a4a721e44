"""What a recipe makes of the columns, beside what would have been chosen without it.

`check` shows the plan of the recipe at hand: after an edit it must tell whether the edit worked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stoker.core.steps import Step, make_step, step_name, step_spec
from stoker.data.profile.choice import Choice
from stoker.data.profile.choices import Choices
from stoker.features import Feature
from stoker.recipe.model import Recipe
from stoker.tasks import Task


def as_written(choices: Choices, recipe: Recipe) -> Choices:
    """The choices with those of the recipe in the place of others.

    Args:
        choices: Of the profile.
        recipe: What the user wrote.
    """
    target = choices.target
    if target is not None:
        target = _asked(target, recipe.task, make_step("stoker.tasks", target.feature, Task))
    if not recipe.inputs:
        return choices.model_copy(update={"target": target})
    columns = tuple(_of_column(one, recipe.inputs) for one in choices.columns)
    return choices.model_copy(update={"columns": columns, "target": target})


def _of_column(chosen: Choice, inputs: Mapping[str, Step]) -> Choice:
    asked = inputs.get(chosen.column)
    if chosen.feature is None:
        return chosen if asked is None else _asked(chosen, asked, None)
    if asked is not None:
        return _asked(chosen, asked, make_step("stoker.features", chosen.feature, Feature))
    said = f"the recipe does not name it; by itself it would be {chosen.written}"
    change = f"{chosen.column}: {chosen.written}"
    return chosen.model_copy(
        update={"feature": None, "why": said, "change": change, "is_notable": False}
    )


def _asked(chosen: Choice, asked: Step, found: Step | None) -> Choice:
    """The choice of the recipe; as it was, if it is the same."""
    if found is not None and step_spec(found) == step_spec(asked):
        return chosen
    by_itself = "left out" if chosen.feature is None else chosen.written
    feature: dict[str, dict[str, Any]] = {
        step_name(asked): asked.model_dump(mode="json", exclude_defaults=True)
    }
    return chosen.model_copy(
        update={
            "feature": feature,
            "kind": step_name(asked),
            "why": f"the recipe says so; by itself it would be {by_itself}: {chosen.why}",
            "is_notable": False,
        }
    )
