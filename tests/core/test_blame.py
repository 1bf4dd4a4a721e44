"""A bug of a user's own step is told as theirs, with file and line; a bug of stoker as stoker's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import PydanticUserError

from stoker.core.blame import own_code_error, own_fault
from stoker.core.errors import RecipeError
from stoker.core.steps import find_step
from stoker.data.acquire import Source
from stoker.data.read_sources import source_label
from stoker.evaluate.metrics import STAGE, Metric

OWN = '''
from stoker.cells.categories import category_texts
from stoker.data.acquire import Source
class Broken(Source):
    """Fails in the way that is asked for."""
    how: str
    def read_rows(self, reading): ...
    def paths(self):
        if self.how == "here":
            return 1 // 0
        if self.how == "below":
            return int("x" * helped())
        return category_texts(None)
def helped(): return [3][1]
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("own_broken", "own_facts"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def raised(how: str, folder: Path) -> Exception:
    """What the method of an own step raises when stoker calls it."""
    (folder / "own_broken.py").write_text(OWN, encoding="utf-8")
    step: Any = find_step("stoker.data.acquire", "own_broken:Broken", Source).model_validate(
        {"how": how}
    )
    with pytest.raises((ArithmeticError, LookupError, AttributeError)) as caught:
        source_label(step)
    return caught.value


@pytest.mark.parametrize(
    ("how", "line", "said"),
    [
        ("here", 10, "ZeroDivisionError: "),
        ("below", 14, "IndexError: list index out of range"),
        ("deeper", 13, "AttributeError: "),
    ],
)
def test_an_error_in_own_code_is_told_with_step_file_and_line(
    how: str, line: int, said: str, folder: Path
) -> None:
    error = raised(how, folder)
    found = own_code_error(error)
    assert found is not None
    assert f"own_broken.py:{line}: your step own_broken:Broken raised {said}" in str(found)
    fault = own_fault(error)
    assert fault is not None
    assert fault.is_deeper == (how == "deeper"), "stoker was called from there, and told so"


@pytest.mark.parametrize("how", ["raise", "syntax", "field"])
def test_an_error_while_a_module_is_imported_is_told_with_its_line(how: str, folder: Path) -> None:
    text = {
        "raise": "x = 1\n1 / 0\n",
        "syntax": "x = 1\nclass\n",
        "field": "from stoker.data.acquire import Source\nclass A(Source):\n    rows = 3\n",
    }[how]
    (folder / "own_facts.py").write_text(text, encoding="utf-8")
    with pytest.raises((ArithmeticError, SyntaxError, PydanticUserError)) as caught:
        find_step("stoker.data.acquire", "own_facts:A", Source)
    fault = own_fault(caught.value)
    assert fault is not None
    assert (fault.owner, fault.place.file, fault.place.line) == (
        "module own_facts",
        "own_facts.py",
        2,
    )


def test_a_bug_of_stoker_is_nobody_elses() -> None:
    with pytest.raises(AttributeError) as caught:
        find_step(3, "x", Source)  # pyrefly: ignore[bad-argument-type] - the bug
    assert own_fault(caught.value) is None, "the program that calls stoker is no step"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("takes = None\n    title = 'x'", "does not say its higher_is_better"),
        ("", "does not say its higher_is_better and its takes and its title"),
        ("def value(self): ...", "lacks prepare, which every Metric has"),
    ],
)
def test_what_a_class_does_not_have_is_named_before_any_work(
    body: str, words: str, folder: Path
) -> None:
    methods = (
        "" if "lacks" in words else "def prepare(self, a): ...\n    def value(self, p, d): ..."
    )
    (folder / "own_facts.py").write_text(
        f"from stoker.evaluate.metrics import Metric\nclass A(Metric):\n    {methods}\n    {body}\n"
    )
    with pytest.raises(RecipeError, match=words):
        find_step(STAGE, "own_facts:A", Metric)


def test_a_class_that_is_not_there_is_answered_with_those_that_are(folder: Path) -> None:
    (folder / "own_broken.py").write_text(OWN, encoding="utf-8")
    with pytest.raises(RecipeError, match="did you mean 'own_broken:Broken'"):
        find_step("stoker.data.acquire", "own_broken:Broke", Source)
    with pytest.raises(RecipeError, match="cannot stand here: it is no Metric"):
        find_step(STAGE, "own_broken:Broken", Metric)
