"""A file is a step; what is not exactly one step is said to be so."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stoker.core.errors import MissingExtraError, RecipeError
from stoker.core.steps import Step, find_step, make_step, step_name, step_names, step_spec

STAGE = {
    "__init__": """
from abc import ABC, abstractmethod
from stoker.core.steps import Step
class Cook(Step, ABC):
    @abstractmethod
    def cook(self) -> str: ...
""",
    "boil": """
from made_up_stage import Cook
class Boil(Cook):
    minutes: int = 5
    def cook(self): return f"boil {self.minutes}"
""",
    "two": """
from made_up_stage.boil import Boil
from made_up_stage import Cook
class One(Cook):
    def cook(self): return "one"
class Two(Cook):
    def cook(self): return "two"
""",
    "none": "x = 1",
    "needs_missing": "import a_library_nobody_has",
    "needs_extra": "import lightgbm.sklearn",
    "_hidden": "raise SystemExit",
}


@pytest.fixture
def kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    package = tmp_path / "made_up_stage"
    package.mkdir()
    for name, source in STAGE.items():
        (package / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__("made_up_stage").Cook
    for name in [name for name in sys.modules if name.startswith("made_up_stage")]:
        del sys.modules[name]


def test_files_are_names_and_listing_imports_none(kind):
    assert step_names("made_up_stage") == ["boil", "needs_extra", "needs_missing", "none", "two"]
    assert "made_up_stage.boil" not in sys.modules


def test_makes_a_step_from_each_form(kind):
    assert make_step("made_up_stage", "boil", kind).minutes == 5
    assert make_step("made_up_stage", {"boil": None}, kind).minutes == 5
    step = make_step("made_up_stage", {"boil": {"minutes": 7}}, kind)
    assert step.minutes == 7
    assert make_step("made_up_stage", step, kind) is step
    assert make_step("made_up_stage", "made_up_stage.two:Two", kind).cook() == "two"


def test_a_step_and_its_spec_are_one(kind):
    step = make_step("made_up_stage", {"boil": {"minutes": 7}}, kind)
    spec = step_spec(step)
    assert spec == {"made_up_stage.boil:Boil": {"minutes": 7}}
    assert make_step("made_up_stage", spec, kind) == step
    assert step_name(type(step)) == step_name(step)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("boyl", "did you mean 'boil'"),
        ("two", "has 2 steps"),
        ("none", "has 0 steps"),
        ("_hidden", "no step '_hidden'"),
        ("nowhere.module:Class", "no module 'nowhere'"),
        ("made_up_stage.two:Three", "has no class 'Three'\n  expected: one of One, Two$"),
        ({}, "is not a step"),
        ({"boil": {}, "two": {}}, "is not a step"),
        (3, "is not a step"),
        (None, "is not a step"),
    ],
)
def test_what_is_not_one_step_is_a_recipe_error(kind, spec, message):
    with pytest.raises(RecipeError, match=message):
        make_step("made_up_stage", spec, kind)


def test_a_missing_library_is_not_a_missing_step(kind):
    with pytest.raises(RecipeError, match=r"needs a_library_nobody_has(.|\n)*pip install"):
        make_step("made_up_stage", "needs_missing", kind)


def test_a_missing_optional_library_names_its_extra(kind, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r"needs lightgbm(.|\n)*'stoker\[tables\]'"):
        make_step("made_up_stage", "needs_extra", kind)


def test_a_step_is_frozen_and_strict(kind):
    step = find_step("made_up_stage", "boil", kind)()
    with pytest.raises(ValidationError):
        step.minutes = 6
    for wrong in ({"minute": 1}, {"minutes": "x"}, {"minutes": float("nan")}):
        with pytest.raises(ValidationError):
            type(step)(**wrong)


def test_an_abstract_class_is_no_step():
    class Kind(Step, ABC):
        @abstractmethod
        def act(self) -> None: ...

    with pytest.raises(RecipeError, match="0 steps"):
        find_step("stoker.core", "steps", Kind)
