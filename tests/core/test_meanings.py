"""Fields say what they mean by the text under them, wherever they are shown."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from stoker.core.meanings import meaning_of
from stoker.core.steps import Step
from stoker.core.value import Value


class Pot(Value):
    """A pot."""

    litres: int = 3
    """How much fits,
    up to the edge."""
    lid: bool = True
    handles: Annotated[int, Field(description="Handles, told beside the type.")] = 2
    """Not this."""


class Kettle(Pot):
    """A pot for water."""

    lid: bool = False
    """Whether it whistles."""
    litres: int = 1


class Kitchen(Value):
    """What stands on a stove."""

    kettle: Kettle = Kettle()
    """The one for tea."""


@pytest.mark.parametrize(
    ("owner", "name", "text"),
    [
        (Pot, "litres", "How much fits,\nup to the edge."),
        (Pot, "lid", ""),
        (Pot, "handles", "Handles, told beside the type."),
        (Kettle, "handles", "Handles, told beside the type."),
        (Kettle, "lid", "Whether it whistles."),
        (Kettle, "litres", ""),
        (Kitchen, "kettle", "The one for tea."),
    ],
)
def test_a_field_means_what_stands_under_it_in_the_class_that_defines_it(owner, name, text):
    assert meaning_of(owner, name) == text


def test_a_schema_says_it_too_for_classes_inside_as_well():
    schema = Kitchen.model_json_schema()
    assert schema["properties"]["kettle"]["description"] == "The one for tea."
    inner = schema["$defs"]["Kettle"]["properties"]
    assert inner["lid"]["description"] == "Whether it whistles."
    assert inner["handles"]["description"] == "Handles, told beside the type."
    assert "description" not in inner["litres"]


def test_a_class_without_a_source_file_has_no_texts():
    named: dict[str, object] = {"Step": Step, "__name__": "nowhere"}
    exec('class Made(Step):\n    x: int = 1\n    """Text."""', named)  # noqa: S102 - no file
    made = named["Made"]
    assert isinstance(made, type)
    assert issubclass(made, Step)
    assert meaning_of(made, "x") == ""
    assert "description" not in made.model_json_schema()["properties"]["x"]
