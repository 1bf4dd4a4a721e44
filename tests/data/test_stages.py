"""Every file of a stage holds one step of a recipe, and at most one value that was learned."""

from __future__ import annotations

import pytest

from stoker.core.steps import Step, find_step, step_name, step_names
from stoker.data.clean import Cleaner
from stoker.data.split import Splitter
from stoker.features import Feature
from stoker.tasks import Task

STAGES: list[type[Step]] = [Cleaner, Splitter, Feature, Task]


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in STAGES for name in step_names(kind.__module__)]
)
def test_a_file_is_a_step(kind: type[Step], name: str) -> None:
    step = find_step(kind.__module__, name, kind)
    assert step_name(step) == name
    assert step.__doc__
    schema = step.model_json_schema()
    assert all("description" in field for field in schema.get("properties", {}).values())
