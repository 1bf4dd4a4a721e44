"""What counts as a mutant, and that the list of equivalent ones speaks of code that is there."""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
EQUIVALENT = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text()).get(
    "equivalent", []
)


@pytest.fixture(scope="module")
def mutants() -> Any:
    """The module that makes them."""
    place = str(ROOT / "benchmarks")
    if place not in sys.path:
        sys.path.insert(0, place)
    return importlib.import_module("_mutants")


def changes(mutants: Any, folder: Path, source: str) -> set[tuple[str, str]]:
    file = folder / "one.py"
    file.write_text(source)
    return {(one.before, one.after) for one in mutants.mutants_of(folder, file)}


def test_a_bound_moves_by_one_and_to_its_other_side(mutants: Any, tmp_path: Path) -> None:
    found = changes(mutants, tmp_path, "LIMIT = 3\n\n\ndef fits(x):\n    return x < LIMIT\n")
    assert {("3", "4"), ("LIMIT = 3", "LIMIT = None"), ("< LIMIT", "<= LIMIT")} == found


def test_a_mutant_is_the_file_with_one_change(mutants: Any, tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        "def f(x):\n    return (\n        x\n        and not x\n    )\n"
    )
    found = mutants.mutants_of(tmp_path, tmp_path / "one.py")
    sources = {one.source for one in found}
    assert "def f(x):\n    return (\n        x or not x\n    )\n" in sources
    assert "def f(x):\n    return (\n        x\n        and x\n    )\n" in sources
    assert {(one.first, one.last) for one in found} == {(2, 4)}
    assert all(one.is_called for one in found)


def test_what_an_import_runs_is_told_from_what_a_call_runs(mutants: Any, tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("A = 1\n\n\ndef f(x=2):\n    if x:\n        return 3\n")
    found = mutants.mutants_of(tmp_path, tmp_path / "one.py")
    called = {one.before: one.is_called for one in found if one.operator == "number"}
    assert called == {"1": False, "2": False, "3": True}


@pytest.mark.parametrize(
    "source",
    [
        '"""Words."""\n',
        "def f(x: dict[str, 1]) -> None: ...\n",
        'raise ValueError("so it is not")\n',
        'print(f"{x} it is")\n',
        "@cache\ndef f(): ...\n",
        "Names = tuple[list[str], int]\n",
        'X = TypeVar("X")\n',
    ],
)
def test_words_and_what_only_checkers_read_stay(mutants: Any, tmp_path: Path, source: str) -> None:
    kinds = {before for before, _ in changes(mutants, tmp_path, source)}
    assert not {one for one in kinds if not one.startswith(("X =", "Names ="))}


def test_a_decorated_function_is_changed_within(mutants: Any, tmp_path: Path) -> None:
    assert ("1", "2") in changes(mutants, tmp_path, "@cache\ndef f():\n    return 1\n")


@pytest.mark.parametrize("listed", EQUIVALENT, ids=lambda one: f"{one['file']}: {one['change']}")
def test_the_list_speaks_of_mutants_that_are_there(mutants: Any, listed: dict[str, str]) -> None:
    wanted = listed["file"], listed["line"], listed["change"]
    files = sorted(ROOT.glob(listed["file"]))
    assert any(one.is_like(wanted) for file in files for one in mutants.mutants_of(ROOT, file))
    assert listed["why"]
