"""How much may be left out: as much as the recipe says, and not one row more."""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.core.errors import DataError
from stoker.core.events import listening
from stoker.pipeline.run import run
from tests.pipeline.test_run import Heard


def recipe(folder: Path, rows: list[str], data: str) -> Path:
    (folder / "a.csv").write_text("\n".join(["x,label", *rows]) + "\n", encoding="utf-8")
    path = folder / "recipe.yaml"
    path.write_text(
        f"version: 1\nname: a\ndata: {{sources: [{{csv: {{path: a.csv}}}}], {data}}}\n"
        "target: {label: classify}\n",
        encoding="utf-8",
    )
    return path


def told(path: Path, until: str) -> list[str]:
    heard = Heard()
    with listening(heard):
        run(path, home=path.parent / "home", until=until)
    return heard.lines


@pytest.mark.parametrize(("limit", "passes"), [("0.1", True), ("0.099", False)])
def test_as_many_records_may_be_unusable_as_the_recipe_says(
    tmp_path: Path, limit: str, passes: bool
) -> None:
    """Four of forty, of one kind; the first is in line 12."""
    rows = [f"{number},{number % 2}" + ",z" * (10 <= number < 14) for number in range(40)]
    path = recipe(tmp_path, rows, f"max_rejects: {limit}")
    if passes:
        [line] = [one for one in told(path, "acquire") if "cannot be used" in one]
        assert "4 of 40 records cannot be used (acquire) and are left out, see " in line
        assert "; the first: a.csv:12: " in line
        return
    with pytest.raises(DataError, match=r"4 of 40 records cannot be used \(acquire\)") as caught:
        told(path, "acquire")
    assert caught.value.expected == "at most 9.90%, as data.max_rejects says"
    assert str(caught.value.place) == "a.csv:12"


@pytest.mark.parametrize(("limit", "passes"), [("0.25", True), ("0.249", False)])
def test_as_many_rows_may_go_as_the_recipe_says(tmp_path: Path, limit: str, passes: bool) -> None:
    rows = [f"{number % 30},{number % 2}" for number in range(40)]
    path = recipe(tmp_path, rows, f"clean: [exact_duplicates], max_lost: {limit}")
    if passes:
        lines = told(path, "clean")
        [line] = [one for one in lines if "left out (exact_duplicates)" in one]
        assert line.startswith("10 rows are left out (exact_duplicates): ")
        assert line.endswith("the first: a.csv:32")
        return
    with pytest.raises(DataError, match=r"10 of 40 rows \(25 %\) are left out") as caught:
        told(path, "clean")
    assert caught.value.expected == "at most 24.9 %, as data.max_lost says"
    assert "equal rows of a table are usually different people" in str(caught.value.fix)
