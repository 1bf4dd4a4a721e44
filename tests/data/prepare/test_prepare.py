"""Preparing: fitted on train only, nothing lost, equal bytes, rows in the same order."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image as Pillow

from stoker.core import events
from stoker.core.errors import ArtifactError, DataError, RecipeError
from stoker.core.steps import load_stored
from stoker.data.clean import CleanerState, FittedCleaner
from stoker.data.clean.missing import Missing
from stoker.data.clean.outliers import Outliers
from stoker.data.dataset import Dataset
from stoker.data.prepare import raw_rows
from stoker.data.prepare.part_rows import part_rows
from stoker.data.prepare.prepare import prepare
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.data.rejects import SCHEMA
from stoker.engine.table_file import read_table, write_table
from stoker.features import Feature, FittedFeature
from stoker.features.category import Category
from stoker.features.image import Image
from stoker.features.number import Number
from stoker.features.text import Text
from stoker.features.timestamp import Timestamp
from stoker.tasks import FittedTask, Task
from stoker.tasks.classify import Classify
from stoker.tasks.regress import Regress

Make = Callable[..., Dataset]
NewFolder = Callable[[], Path]
INPUTS: dict[str, Feature] = {"图": Image(), "age": Number(), "city": Category()}


def picture(level: int) -> bytes:
    stream = io.BytesIO()
    Pillow.new("L", (6, 5), level).save(stream, "PNG")
    return stream.getvalue()


@dataclass(frozen=True)
class Made:
    dataset: Dataset
    parts: Path
    folder: Path
    info: dict

    def opened(self, part: str) -> PreparedSet:
        return PreparedSet.open(self.folder, part)

    @property
    def fitted(self) -> dict:
        return json.loads((self.folder / "fitted.json").read_bytes())

    @property
    def rejects(self) -> list[dict]:
        table = read_table(self.folder / "rejects.parquet")
        assert table.schema == SCHEMA
        return table.to_pylist()


@pytest.fixture(scope="module")
def run(make_dataset: Make, new_folder: NewFolder) -> Callable[..., Made]:
    """Prepare rows whose part is given one by one."""

    def run_it(
        columns: dict,
        parts: list[str],
        *,
        media: dict | None = None,
        inputs: dict[str, Feature] | None = None,
        target: tuple[str, Task] = ("label", Classify()),
        cleaners: tuple[FittedCleaner, ...] = (),
    ) -> Made:
        dataset = make_dataset(columns, media=media)
        parts_path = new_folder() / "parts.parquet"
        rows = read_table(dataset.rows_path, ["_row"])
        write_table(rows.append_column("part", pa.array(parts)), parts_path)
        folder = new_folder()
        info = prepare(
            dataset, dataset.rows_path, parts_path, folder,
            inputs=inputs or INPUTS, target=target, cleaners=cleaners, seed=0,
        )  # fmt: skip
        return Made(dataset, parts_path, folder, info)

    return run_it


PARTS = (["train"] * 6 + ["validation"] * 2 + ["test"] * 2) * 3
COLUMNS = {
    "age": [str(i) if i % 7 else "" for i in range(30)],
    "city": ["ab"[i % 2] for i in range(30)],
    "label": ["yes" if i % 3 else "no" for i in range(30)],
}
MEDIA = {"图": [picture(i) for i in range(30)]}


def test_parts_hold_what_features_and_task_make_of_the_rows(run: Callable[..., Made]) -> None:
    made = run(COLUMNS, PARTS, media=MEDIA)
    assert made.info["parts"] == {"train": 18, "validation": 6, "test": 6}
    assert (made.info["rows_in"], made.info["rows_out"], made.info["rejected"]) == (30, 30, 0)
    features = {
        name: load_stored(spec, FittedFeature) for name, spec in made.fitted["inputs"].items()
    }
    task = load_stored(made.fitted["task"], FittedTask)
    rows = made.dataset.raw_rows(read_table(made.dataset.rows_path))
    for part in ("train", "validation", "test"):
        opened = made.opened(part)
        ids = [i for i in range(30) if PARTS[i] == part]
        assert opened.row.tolist() == ids
        of_part = rows.take(pa.array(ids))
        for name, feature in features.items():
            expected = feature.transform(of_part[name]).values
            np.testing.assert_array_equal(opened.columns[name], expected)
        np.testing.assert_array_equal(opened.target, task.encode(of_part["label"]).values)


def test_inputs_keep_the_order_of_the_recipe(run: Callable[..., Made]) -> None:
    inputs: dict[str, Feature] = {"city": Category(), "age": Number()}
    made = run(COLUMNS, PARTS, inputs=inputs)
    assert list(made.fitted["inputs"]) == ["city", "age"]
    assert list(made.opened("train").columns) == ["city", "age"]


def test_raw_rows_of_a_part_come_in_the_order_of_the_prepared_set(
    run: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_rows, "CHUNK_ROWS", 4)
    media = {"图": [b"broken" if i in (2, 7) else picture(i) for i in range(30)]}
    made = run(COLUMNS, PARTS, media=media)
    for part in ("train", "validation", "test"):
        opened = made.opened(part)
        tables = list(
            part_rows(
                made.dataset, made.dataset.rows_path, made.parts, made.folder, part, list(INPUTS)
            )
        )
        raw = pa.concat_tables(tables)
        assert raw.column_names == list(INPUTS)
        for name, spec in made.fitted["inputs"].items():
            done = load_stored(spec, FittedFeature).transform(raw[name])
            assert not done.bad
            np.testing.assert_array_equal(done.values, opened.columns[name])
    assert [(r["_row"], r["column"]) for r in made.rejects] == [(2, "图"), (7, "图")]


def test_chunks_do_not_change_the_bytes(
    run: Callable[..., Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaners = (Missing(), Outliers())
    whole = run(COLUMNS, PARTS, media=MEDIA, cleaners=cleaners)
    monkeypatch.setattr(raw_rows, "CHUNK_ROWS", 3)
    cut = run(COLUMNS, PARTS, media=MEDIA, cleaners=cleaners)
    files = sorted(p.relative_to(whole.folder) for p in whole.folder.rglob("*") if p.is_file())
    assert len(files) == 3 * 6 + 3
    for file in files:
        assert (whole.folder / file).read_bytes() == (cut.folder / file).read_bytes()


def test_a_planted_scaler_leak_is_impossible(run: Callable[..., Made]) -> None:
    """Whatever stands in validation and test, what was learned stays the same."""
    straight = run(COLUMNS, PARTS, media=MEDIA, cleaners=(Missing(), Outliers()))
    wild = {name: list(cells) for name, cells in COLUMNS.items()}
    media = {"图": list(MEDIA["图"])}
    for i, part in enumerate(PARTS):
        if part != "train":
            wild["age"][i], wild["city"][i], media["图"][i] = "1e9", "elsewhere", picture(255 - i)
    other = run(wild, PARTS, media=media, cleaners=(Missing(), Outliers()))
    assert (straight.folder / "fitted.json").read_bytes() == (
        other.folder / "fitted.json"
    ).read_bytes()
    assert (straight.folder / "train/inputs/age.bin").read_bytes() == (
        other.folder / "train/inputs/age.bin"
    ).read_bytes()


def test_bad_cells_and_unseen_labels_are_rejected_once_with_their_place(
    run: Callable[..., Made],
) -> None:
    columns: dict[str, list] = {name: list(cells) for name, cells in COLUMNS.items()}
    columns["age"][1] = columns["age"][6] = "12 kg"
    columns["label"][6] = columns["label"][8] = "perhaps"
    columns["label"][3] = None
    made = run(columns, PARTS, inputs={"age": Number(), "city": Category()})
    found = [(r["_row"], r["line"], r["column"], r["found"], r["step"]) for r in made.rejects]
    assert sorted(found) == [
        (1, 2, "age", "12 kg", "prepare"),
        (3, 4, "label", "", "prepare"),
        (6, 7, "age", "12 kg", "prepare"),
        (8, 9, "label", "perhaps", "prepare"),
    ]
    assert made.info["rows_in"] == made.info["rows_out"] + made.info["rejected"]
    assert 6 not in made.opened("validation").row


def test_cleaners_mend_all_parts_and_drop_training_rows_only(run: Callable[..., Made]) -> None:
    made = run(COLUMNS, PARTS, inputs={"age": Number()}, cleaners=(Missing(),))
    for part in ("train", "validation", "test"):
        assert not np.isnan(made.opened(part).columns["age"]).any()
    [told] = made.info["cleaned"]
    assert told == {
        "step": "missing",
        "cells": {"age": {"train": 3, "validation": 1, "test": 1}},
    }
    [state] = [load_stored(spec, CleanerState) for spec in made.fitted["cleaners"]]
    assert state.apply(pa.table({"age": ["", "4"]}))["age"].to_pylist()[1] == "4"
    dropped = run(COLUMNS, PARTS, inputs={"age": Number()}, cleaners=(Missing(number="drop"),))
    assert [(r["_row"], r["step"]) for r in dropped.rejects] == [
        (i, "missing") for i in range(0, 30, 7) if PARTS[i] == "train"
    ]
    assert np.isnan(dropped.opened("validation").columns["age"]).sum() == 1


def test_a_number_can_be_the_target(run: Callable[..., Made]) -> None:
    columns = COLUMNS | {"age": [str(i) for i in range(30)]}
    made = run(columns, PARTS, inputs={"city": Category()}, target=("age", Regress()))
    task = load_stored(made.fitted["task"], FittedTask)
    opened = made.opened("test")
    answers = task.decode(np.array(opened.target)[:, None])["prediction"].to_numpy()
    np.testing.assert_allclose(answers, opened.row, rtol=1e-6)


def test_requests_that_cannot_be_met_are_refused(run: Callable[..., Made]) -> None:
    with pytest.raises(RecipeError, match="no column 'agee'"):
        run(COLUMNS, PARTS, inputs={"agee": Number()})
    with pytest.raises(RecipeError, match="both input and target"):
        run(COLUMNS, PARTS, inputs={"label": Category()})
    with pytest.raises(RecipeError, match="holds no pictures, but its feature is image"):
        run(COLUMNS, PARTS, inputs={"age": Image()})
    with pytest.raises(RecipeError, match="holds pictures, but its feature is number"):
        run(COLUMNS, PARTS, media=MEDIA, inputs={"图": Number()})
    with pytest.raises(DataError, match=r"\(column city\): no number among 18 training cells"):
        run(COLUMNS, PARTS, inputs={"city": Number()})
    with pytest.raises(DataError, match="drops every training row"):
        run(
            COLUMNS | {"age": ["" if p == "train" else "1" for p in PARTS]},
            PARTS, inputs={"age": Number(), "city": Category()}, cleaners=(Missing(number="drop"),),
        )  # fmt: skip
    unseen = ["maybe" if p == "test" else "yn"[i % 2] for i, p in enumerate(PARTS)]
    with pytest.raises(DataError, match="no row of the test part can be used"):
        run(COLUMNS | {"label": unseen}, PARTS, inputs={"age": Number()})


def test_a_feature_may_have_several_numbers_a_row(run: Callable[..., Made]) -> None:
    columns = COLUMNS | {
        "when": [f"2024-01-{i + 1:02} {i % 24}:30" if i % 7 else "" for i in range(30)],
        "note": [f"{'good' if i % 3 else 'bad'} thing" for i in range(30)],
    }
    inputs: dict[str, Feature] = {"when": Timestamp(), "note": Text(), "age": Number()}
    made = run(columns, PARTS, inputs=inputs)
    features = {
        name: load_stored(spec, FittedFeature) for name, spec in made.fitted["inputs"].items()
    }
    parts = features["when"].part_names
    assert parts == ("days", "day", "weekday", "day of year", "hour")
    assert made.info["inputs"]["when"]["shape"] == [len(parts)]
    opened = made.opened("validation")
    of_part = made.dataset.raw_rows(read_table(made.dataset.rows_path)).take(pa.array(opened.row))
    for name, feature in features.items():
        expected = feature.transform(of_part[name]).values
        np.testing.assert_array_equal(opened.columns[name], expected)
    assert opened.columns["note"].dtype == np.float32


def test_what_a_feature_says_names_its_column(run: Callable[..., Made]) -> None:
    codes = ["7" if i % 2 else "007" for i in range(30)]
    inputs: dict[str, Feature] = {"code": Category(), "age": Number()}
    with events.recording() as lines:
        run(COLUMNS | {"code": codes}, PARTS, inputs=inputs)
    assert lines[0].text.startswith("column 'code': '007' and '7' are categories of their own")


def test_a_prepared_set_of_another_split_is_refused(
    run: Callable[..., Made], new_folder: NewFolder
) -> None:
    made = run(COLUMNS, PARTS, inputs={"age": Number()})
    other = new_folder() / "parts.parquet"
    table = read_table(made.parts)
    write_table(table.set_column(1, "part", pa.array(PARTS[::-1])), other)
    with pytest.raises(ArtifactError, match="puts elsewhere"):
        list(part_rows(made.dataset, made.dataset.rows_path, other, made.folder, "test", ["age"]))


# --- copies across the border -------------------------------------------------------------------


def told(run: Callable[..., Made], columns: dict) -> tuple[Made, list[str], list[str]]:
    warnings: list[str] = []
    messages: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            warnings.append(text)

        def message(self, text: str) -> None:
            if "test rows" in text:
                messages.append(text)

    size = len(columns["label"])
    parts = ["train"] * (size // 2) + ["validation"] * (size // 4)
    parts += ["test"] * (size - len(parts))
    inputs: dict[str, Feature] = {"age": Number(), "city": Category()}
    with events.listening(Told()):
        made = run(columns, parts, inputs=inputs)
    return made, warnings, messages


def test_copies_of_training_rows_in_the_test_part_are_told(run: Callable[..., Made]) -> None:
    size = 400
    columns = {
        "age": [-0.0, None, *range(2, 300), 0.0, float("nan"), *range(2, 27), *range(900, 973)],
        "city": ["a", "b"] * 200,
        "label": ["x", "y"] * 200,
    }
    columns["age"] = pa.array(columns["age"], pa.float64(), from_pandas=False)
    columns["label"][302] = "y"  # the inputs of row 2 with another answer: no copy
    made, warnings, _ = told(run, columns)
    (line,) = warnings
    assert line.startswith("26 of 100 test rows equal a training row, target included; data.split")
    assert size == made.info["rows_out"]
    assert made.info["flows"][-1]["notes"] == {"test rows that equal a training row": 26}


def test_equal_rows_of_few_kinds_are_no_reason_to_warn(run: Callable[..., Made]) -> None:
    columns = {"age": [0, 1] * 100, "city": ["a", "b"] * 100, "label": ["x", "y"] * 100}
    _, warnings, messages = told(run, columns)
    assert not warnings
    assert messages[0].startswith("50 of 50 test rows equal a training row")


def test_different_rows_are_no_copies(run: Callable[..., Made]) -> None:
    columns = {"age": list(range(200)), "city": ["a", "b"] * 100, "label": ["x", "y"] * 100}
    made, warnings, messages = told(run, columns)
    assert (warnings, messages) == ([], [])
    assert made.info["flows"][-1]["notes"] == {}


def test_rounded_numbers_that_meet_by_chance_are_no_reason_to_warn(
    run: Callable[..., Made],
) -> None:
    ages = np.random.default_rng(0).normal(size=800).round(2).tolist()
    columns = {"age": ages, "city": ["a"] * 800, "label": ["x" if a > 0 else "y" for a in ages]}
    _, warnings, messages = told(run, columns)
    assert not [line for line in warnings if "test rows" in line]
    assert "test rows equal a training row" in messages[0]
