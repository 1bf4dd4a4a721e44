"""What a step refuses without a place is told with the line where the recipe names the step."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stoker.cli.guard import explain
from stoker.core.errors import DataError, OwnCodeError, RecipeError
from stoker.pipeline.run import check

OWN = '''
from stoker.core.errors import DataError, RecipeError
from stoker.data.clean import RowCleaner
class Strict(RowCleaner):
    """Refuses."""
    column: str = "b"
    how: str = "recipe"
    def clean(self, rows, dataset):
        if self.how == "none":
            return None
        kinds = {"recipe": RecipeError, "data": DataError, "bug": LookupError}
        raise kinds[self.how]("no " + self.column)
'''
RECIPE = """\
version: 1
name: own
data:
  sources: [{csv: {path: a.csv}}]
  clean:
    - exact_duplicates
    - "strict_own:Strict": {column: c, how: %s}
target: {y: classify}
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "strict_own.py").write_text(OWN, encoding="utf-8")
    rows = [f"{n},{'ab'[n % 2]}" for n in range(60)]
    (tmp_path / "a.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "strict_own", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "recipe.yaml"


@pytest.mark.parametrize(
    ("how", "kind"), [("recipe", RecipeError), ("data", DataError), ("none", OwnCodeError)]
)
def test_the_place_is_where_the_step_is_named(
    how: str, kind: type[Exception], recipe: Path
) -> None:
    recipe.write_text(RECIPE % how)
    with pytest.raises(kind) as caught:
        check(recipe)
    said = str(caught.value)
    if how == "none":
        assert "your step strict_own:Strict returned NoneType from clean" in said
    else:
        assert said == f"{recipe}:7:7: no c"


def test_a_bug_of_a_step_is_one_block_with_its_line(
    recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.write_text(RECIPE % "bug")
    with pytest.raises(LookupError) as caught:
        check(recipe)
    assert explain(caught.value, []) == OwnCodeError.exit_code
    said = capsys.readouterr().err
    assert said.startswith(
        "OwnCodeError: strict_own.py:12: your step strict_own:Strict raised LookupError: no c"
    )
    assert "traceback: " in said
    assert "bug" not in said.partition("\n")[2]
