"""What is told of the inputs that were chosen where the recipe names none."""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.core import events
from stoker.core.errors import DataError
from stoker.data.profile.choice import Choice
from stoker.data.profile.choices import Choices
from stoker.data.profile.inputs import chosen_inputs
from stoker.pipeline.run import run


def choice(column: str, feature: str | None, *, is_notable: bool = False) -> Choice:
    return Choice(
        column=column,
        kind=feature or "identifier",
        feature=None if feature is None else {feature: {}},
        why="for a reason",
        change=f"{column}: category",
        is_notable=is_notable,
    )


def told(*columns: Choice) -> list[tuple[str, str]]:
    with events.recording(aloud=False) as lines:
        chosen_inputs(Choices(columns=columns, target=None))
    return [(line.kind, line.text) for line in lines]


def test_what_is_left_out_is_told_with_the_line_to_write() -> None:
    lines = told(choice("a", "number"), choice("b", None, is_notable=True))
    assert lines == [
        (
            "warning",
            "column 'b' is not used: for a reason; to have it otherwise write `b: category` under "
            "inputs",
        ),
        ("message", "inputs were not named; chose 1 number (a)"),
    ]


def test_a_column_without_a_value_cannot_be_had_otherwise() -> None:
    empty = choice("b", None, is_notable=True).model_copy(update={"kind": "empty"})
    assert told(choice("a", "number"), empty)[0][1] == "column 'b' is not used: for a reason"


def test_hundreds_of_columns_do_not_fill_the_screen() -> None:
    many = [choice(f"c{n}", None, is_notable=True) for n in range(300)]
    lines = told(choice("a", "number"), *many)
    assert len(lines) == 22
    assert lines[20][1].startswith("280 more columns are not used or not sure")


def test_nothing_usable_is_refused() -> None:
    with pytest.raises(DataError, match="no column can serve"):
        told(choice("a", None))


def test_what_divides_the_rows_and_private_columns_are_no_inputs(tmp_path: Path) -> None:
    rows = [f"{n % 30},{n * n},{n % 7},{n % 9},{n % 2}" for n in range(120)]
    header = "病人,day,_note,x,y"
    (tmp_path / "a.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    recipe = {
        "version": 1,
        "name": "a",
        "data": {
            "sources": [{"csv": {"path": str(tmp_path / "a.csv")}}],
            "split": {"group": "病人"},
        },
        "target": {"y": "classify"},
    }
    with events.recording(aloud=False) as lines:
        done = run(recipe, home=tmp_path / "home", until="prepare")
    assert done.status == "partial"
    said = [line.text for line in lines]
    assert any("'病人' is not used: data.split.group divides the rows by it" in s for s in said)
    assert any("'_note' is not used: its name begins with an underscore" in s for s in said)
    assert any(s.endswith("chose 2 number (day, x)") for s in said)


TIED = """\
version: 1
name: visits
data:
  sources: [{csv: {path: a.csv}}]
  split: {test: 0.3, validation: 0.2}
target: {y: classify}
model: linear
train: {preset: fast}
evaluate: {resamples: 100}
compress: off
"""


def test_a_random_split_of_rows_that_are_tied_together_is_told_once(tmp_path: Path) -> None:
    lines = ["patient,day,x,y"]
    lines += [
        f"{10_000 + 293 * (n * n % 71)},2023-{n // 25 + 1:02}-{n % 25 + 1:02},{n * n % 17},{n % 2}"
        for n in range(300)
    ]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = {}
    for name, split in (("random", ""), ("time", ", time: day"), ("group", ", group: patient")):
        recipe = tmp_path / f"{name}.yaml"
        recipe.write_text(TIED.replace("0.2}", f"0.2{split}}}"), encoding="utf-8")
        with events.recording(aloud=False) as told_lines:
            result = run(recipe, home=tmp_path / "home")
        said[name] = [line.text for line in told_lines if "random split" in line.text]
    assert [line.split(":")[-1] for line in said["random"]] == [
        " data.split.time tests on the newest rows",
        " data.split.group keeps the rows of each in one part",
    ]
    assert not said["time"]
    assert not said["group"]
    assert result.report is not None
