"""Which feature a column gets when the recipe does not say."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from stoker.core import events
from stoker.core.errors import DataError
from stoker.data.text_cells import TextCells
from stoker.engine.table_file import write_table
from stoker.pipeline.inputs import choose_inputs

CSV = TextCells(missing=("", "NA"))


class Told(events.Silent):
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, text: str) -> None:
        self.lines.append(text)


def chosen(folder: Path, **columns: Sequence[object]) -> dict[str, str]:
    return told(folder, columns)[0]


def told(
    folder: Path, columns: Mapping[str, Sequence[object]], **options: object
) -> tuple[dict[str, str], list[str]]:
    """What was chosen, and the warnings."""
    size = max(len(values) for values in columns.values())
    columns = {n: [*v, *[None] * (size - len(v))] for n, v in columns.items()}
    table = pa.table({"_row": list(range(size)), **columns})
    write_table(table, folder / "rows.parquet")
    path, listener = folder / "rows.parquet", Told()
    with events.listening(listener):
        found = choose_inputs(path, ("photo",), "target", **options)  # type: ignore[arg-type] - by name
    return found, listener.lines


def shuffled(values: Iterable[object], seed: int = 0) -> list[object]:
    values = list(values)
    random.Random(seed).shuffle(values)
    return values


def test_each_kind_of_column(tmp_path: Path) -> None:
    found = chosen(
        tmp_path,
        photo=list(range(60)),
        age=[f"{n * 0.5}" for n in range(60)],
        zip=[f"0{n % 9}123" for n in range(60)],
        职业=["医生", "老师", "农民"] * 20,
        years=[n * n for n in range(60)],
        comment=[f"a sentence of its own, number {n}" for n in range(60)],
        constant=["x"] * 60,
        empty=[None] * 60,
        number=list(range(60)),
        id=[str(n) for n in range(100, 160)],
        target=["a", "b"] * 30,
    )
    assert found == {
        "photo": "image",
        "age": "number",
        "zip": "category",
        "职业": "category",
        "years": "number",
    }


def test_nothing_usable_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column can serve"):
        chosen(tmp_path, constant=["x"] * 5, target=["a", "b", "a", "b", "a"])


# --- numbers among which a few texts stand -------------------------------------------------------


def test_few_texts_among_numbers_are_named_with_the_line_to_write(tmp_path: Path) -> None:
    draw = random.Random(0)
    systolic = [str(draw.randrange(90, 200)) + f".{n % 100:02d}" for n in range(900)]
    systolic = shuffled([*systolic, *["无"] * 60, *["未做"] * 40])
    age = shuffled([*[str(20 + n % 60) for n in range(970)], *["保密"] * 30])
    found, lines = told(
        tmp_path,
        {"收缩压": systolic, "age": age, "sex": ["男", "女"] * 500},
        text_cells=CSV,
    )
    assert found == {"age": "category", "sex": "category"}
    dropped, category = lines
    assert "'收缩压' is not used: 90% of its values are numbers" in dropped
    assert "'无' 60, '未做' 40" in dropped
    assert 'in the csv source: missing: ["", "NA", "无", "未做"]' in dropped
    assert "'age': it becomes a category: 97% of its values are numbers" in category
    assert 'missing: ["", "NA", "保密"]' in category


def test_a_text_that_is_an_answer_elsewhere_is_cautioned(tmp_path: Path) -> None:
    columns = {"x": [*[str(n / 7) for n in range(95)], *["无"] * 5], "过敏": ["无", "花粉"] * 50}
    _, [line] = told(tmp_path, columns, text_cells=CSV)
    assert line.endswith("name the inputs with number: {missing: [...]} instead")
    assert "'无' is a value of column '过敏' too" in line


def test_odd_columns_end_well(tmp_path: Path) -> None:
    columns = {
        "marks": ["-", "NA"] * 50,
        "one": ["5", "-"] * 50,
        "long": ["9" * 5000, "1"] * 50,
        "large": [f"{n}" + "0" * 50 for n in range(1, 101)],
    }
    found, _ = told(tmp_path, columns, text_cells=CSV)
    assert found == {"marks": "category", "one": "category", "long": "number", "large": "number"}


def test_a_source_of_typed_cells_is_told_the_option_of_the_feature(tmp_path: Path) -> None:
    age = [*[str(n % 60) for n in range(95)], *["保密"] * 5]
    _, [line] = told(tmp_path, {"age": age, "sex": ["f", "m"] * 50})
    assert 'inputs: {"age": {number: {missing: ["?", ' in line
    assert line.endswith('"保密"]}}}')


def test_the_marks_that_a_number_knows_do_not_make_a_category(tmp_path: Path) -> None:
    cells = shuffled([*[str(n / 2) for n in range(80)], *["-"] * 10, *["NA"] * 10])
    assert told(tmp_path, {"x": cells}) == ({"x": "number"}, [])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([f"{n / 7:.3f} %" for n in range(100)], "write the digits alone"),
        ([f"¥{n},{n + 100}.5" for n in range(1, 99)], "write the digits alone"),
        ([f"{n},{n + 100}.5" for n in range(1, 99)], "number: {thousands: ','}"),
        ([f"{n},5" for n in range(100)], "number: {decimal: ','}"),
        ([f"2024/{n // 28 + 1}/{n % 28 + 1}" for n in range(100)], "are days or times ('2024/"),
        ([f"{n % 24}:{n % 60:02d}" for n in range(200)], "are days or times"),
        (["10 %", "20 %"] * 50, "it becomes a category: its values are numbers in another form"),
    ],
)
def test_numbers_in_another_form_are_told_what_to_do(
    tmp_path: Path, cells: list[object], said: str
) -> None:
    _, [line] = told(tmp_path, {"x": cells, "sex": ["f", "m"] * (len(cells) // 2)})
    assert said in line


# --- identifiers and what divides the rows ------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("x", shuffled(range(1, 501))),
        ("x", [f"K{n:05}" for n in range(100)]),
        ("x", [*range(1, 200), *range(90_000, 90_300)]),
        ("x", shuffled(range(7, 900, 2))),
        ("x", [str(n) for n in shuffled(range(1, 501))]),
        ("x", shuffled(map(float, range(1, 501)))),
        ("x", shuffled(2**53 + n * n * 1000 for n in range(1, 60))),
        ("x", [str(2**64 + n * n * 1000) for n in range(1, 60)]),
        *((name, [n * n * n for n in range(60)]) for name in ("id", "Id", "user_id", "customerID")),
        *(
            (name, [n * n * n for n in range(60)])
            for name in ("UUID", "编号", "序号", "卡号", "用户ID")
        ),
    ],
)
def test_identifiers_are_no_numbers(tmp_path: Path, name: str, cells: list[object]) -> None:
    found, [line] = told(tmp_path, {name: cells, "y": ["a", "b"] * (len(cells) // 2 + 1)})
    assert found == {"y": "category"}
    assert f"{name!r} is not used" in line
    assert "identifier" in line


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("x", [n * n for n in range(60)]),
        ("x", [n + 0.5 for n in range(60)]),
        ("x", shuffled(range(1, 40))),
        ("x", [n // 2 for n in range(100)]),
        ("信号", [n * n for n in range(60)]),
        ("paid", [n * n for n in range(60)]),
        ("id", [n // 2 for n in range(100)]),
    ],
)
def test_measurements_stay_numbers(tmp_path: Path, name: str, cells: list[object]) -> None:
    assert told(tmp_path, {name: cells}) == ({name: "number"}, [])


def test_what_divides_the_rows_is_no_input(tmp_path: Path) -> None:
    columns = {"病人": ["a", "b"] * 50, "day": [n * n for n in range(100)], "x": [0, 1.5] * 50}
    keys = {"病人": "data.split.group", "day": "data.split.time"}
    found, lines = told(tmp_path, columns, divided_by=keys)
    assert found == {"x": "number"}
    assert "'病人' is not used: data.split.group divides the rows by it" in lines[0]
    assert "'day' is not used: data.split.time" in lines[1]
