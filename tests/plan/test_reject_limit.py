"""What a stage left out is said when it is done, and not again when it is cached."""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.core.errors import DataError
from stoker.core.events import listening
from stoker.pipeline.run import run
from tests.pipeline.test_run import Heard

RECIPE = """\
version: 1
name: parts
data:
  sources:
    - {csv: {path: train.csv, part: train}}
    - {csv: {path: test.csv, part: test}}
    - {csv: {path: more.csv}}
  split: {validation: 0.2, keep_duplicates_together: true}
target: {label: classify}
"""


def test_a_refusal_tells_the_commonest_reasons(tmp_path: Path) -> None:
    lines = ["x,label", *["1,a,b"] * 3, "7", *[f"{n},{n % 2}" for n in range(50)]]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recipe = (
        "version: 1\nname: a\ndata: {sources: [{csv: {path: a.csv}}]}\ntarget: {label: classify}\n"
    )
    (tmp_path / "recipe.yaml").write_text(recipe, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        run(tmp_path / "recipe.yaml", home=tmp_path / "home")
    assert "4 of 54 records cannot be used (acquire: 3 is too long" in caught.value.what
    assert ", 1 is too short" in caught.value.what
    assert str(caught.value.place) == "a.csv:2"


def test_training_rows_of_a_given_test_set_are_counted(tmp_path: Path) -> None:
    lines = ["x,label", *[f"{number},{number % 2}" for number in range(50)]]
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tested = [lines[0], *lines[5:8], *[f"{number},1" for number in range(100, 120)]]
    (tmp_path / "test.csv").write_text("\n".join(tested) + "\n", encoding="utf-8")
    more = [lines[0], *[f"{number},0" for number in range(200, 240)]]
    (tmp_path / "more.csv").write_text("\n".join(more) + "\n", encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    said = []
    for _ in range(2):
        heard = Heard()
        with listening(heard):
            run(tmp_path / "recipe.yaml", home=tmp_path / "home", until="split")
        said.append([line for line in heard.lines if "left out (split)" in line])
    ((line,), again) = said
    assert line.startswith("3 rows are left out (split): has the content or group of a row that")
    assert line.endswith("the first: train.csv:6")
    assert again == []
