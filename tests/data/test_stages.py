"""Every file of a stage holds one step, also for who asks for a step of no special kind."""

from __future__ import annotations

import pytest

from stoker.core.steps import Step, find_step, step_name, step_names

STAGES = ["stoker.data.clean", "stoker.data.split", "stoker.features", "stoker.tasks"]


@pytest.mark.parametrize(
    ("stage", "name"), [(stage, name) for stage in STAGES for name in step_names(stage)]
)
def test_a_file_is_a_step(stage: str, name: str) -> None:
    step = find_step(stage, name, Step)
    assert step_name(step) == name
    assert step.__doc__
    schema = step.model_json_schema()
    assert all("description" in field for field in schema.get("properties", {}).values())
