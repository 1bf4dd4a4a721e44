"""Whole splits: planted leaks are found, sources are obeyed, bad requests are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stoker.core import events
from stoker.core.errors import DataError, RecipeError
from stoker.core.steps import find_step
from stoker.data.dataset import Dataset
from stoker.data.rejects import SCHEMA
from stoker.data.split import Splitter
from stoker.data.splitting import split_rows
from stoker.engine.table_file import read_table, write_table
from stoker.tasks import Task
from stoker.tasks.classify import Classify
from stoker.tasks.regress import Regress

Make = Callable[..., Dataset]
Split = Callable[..., tuple[dict[int, str], dict, list[dict]]]


@pytest.fixture(scope="module")
def split(new_folder: Callable[[], Path]) -> Split:
    """Parts by row id, `split.json` and the rejects of a split."""

    def run(
        dataset: Dataset,
        method: str = "random",
        *,
        fields: Mapping[str, float] | None = None,
        seed: int = 0,
        **options: Any,
    ):
        step = find_step("stoker.data.split", method, Splitter).model_validate(fields or {})
        folder = new_folder()
        info = split_rows(step, dataset.rows_path, dataset, folder, seed=seed, **options)
        assert json.loads((folder / "split.json").read_bytes()) == info
        table = read_table(folder / "parts.parquet")
        rejects = read_table(folder / "rejects.parquet")
        assert rejects.schema == SCHEMA
        assert info["rows_in"] == table.num_rows + rejects.num_rows
        parts = dict(zip(table["_row"].to_pylist(), table["part"].to_pylist(), strict=True))
        return parts, info, rejects.to_pylist()

    return run


# --- planted leaks ---------------------------------------------------------------------------


def test_planted_duplicates_never_cross(make_dataset: Make, split: Split) -> None:
    cells = [f"row {i % 40}" for i in range(120)]  # every row three times, as if oversampled
    label = [str(i // 40 % 2) for i in range(120)]  # which is no part of the content
    dataset = make_dataset({"text": cells, "label": label})
    parts, info, _ = split(dataset, target="label", together=True)
    for i in range(120):
        assert parts[i] == parts[i % 40]
    assert info["units"] == 40


def test_equal_rows_of_a_table_are_as_different_ones(make_dataset: Make, split: Split) -> None:
    kinds = [f"kind {i % 24}" for i in range(1200)]
    dataset = make_dataset({"kind": kinds, "label": [k[-1] for k in kinds]})
    parts, info, _ = split(dataset, target="label")
    assert info["units"] == 1200
    assert info["parts"] == {"train": 840, "validation": 180, "test": 180}
    for part in ("train", "validation", "test"):
        assert len({kinds[i] for i in parts if parts[i] == part}) == 24
    other, *_ = split(make_dataset({"kind": list(range(1200))}))
    assert parts == other, "what is in a row moves it nowhere"


def test_equal_numbers_and_missing_ones_are_one_content(make_dataset: Make, split: Split) -> None:
    zeros, nothing = [0.0, -0.0] * 30, pa.array([None, float("nan")] * 30, from_pandas=False)
    dataset = make_dataset({"n": [i // 2 for i in range(60)], "z": zeros, "w": nothing})
    parts, info, _ = split(dataset, together=True)
    assert info["units"] == 30
    assert all(parts[i] == parts[i + 1] for i in range(0, 60, 2))
    grouped = make_dataset({"g": [0.0, -0.0, None, float("nan"), *range(1, 30)]})
    _, info, _ = split(grouped, "by_group", group="g")
    assert info["units"] == 32, "a missing group is none, in whatever way it is missing"


def test_units_are_told(make_dataset: Make, split: Split) -> None:
    lines: list[str] = []

    class Told(events.Silent):
        def message(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        split(make_dataset({"n": [i % 50 for i in range(100)]}), together=True)
        split(make_dataset({"n": [i % 50 for i in range(100)]}))
    assert lines == ["split: 100 rows make 50 units that stay together"]


def test_planted_duplicate_pictures_never_cross_even_under_other_labels(
    make_dataset: Make, split: Split
) -> None:
    pictures = [bytes([i % 30]) for i in range(90)]
    dataset = make_dataset({"label": [str(i) for i in range(90)]}, media={"image": pictures})
    parts, *_ = split(dataset, inputs=["image"])
    for i in range(90):
        assert parts[i] == parts[i % 30]


def test_planted_groups_never_cross_not_even_through_duplicates(
    make_dataset: Make, split: Split
) -> None:
    # writer 0 and writer 1 share a row, so both stay together with it
    writer = [i % 20 for i in range(200)]
    text = [f"row {i}" for i in range(200)]
    dataset = make_dataset({"writer": writer, "text": text, "label": ["a", "b"] * 100})
    for method, more in (("by_group", {}), ("stratified", {"stratify": "label"})):
        parts, *_ = split(dataset, method, group="writer", **more)
        for i in range(200):
            assert parts[i] == parts[i % 20]
    chained = make_dataset({"writer": ["x", "y", "y", None, None, *"abcdefghijkl"], "n": [1] * 17})
    parts, info, _ = split(chained, "by_group", group="writer", together=True)
    assert parts[1] == parts[2]
    assert parts[3] == parts[4]  # equal rows without a writer
    assert info["units"] == 15


def test_planted_future_never_trains(make_dataset: Make, split: Split) -> None:
    generator = np.random.default_rng(0)
    days = generator.integers(1, 29, 300)
    dataset = make_dataset({"day": [f"2024-02-{day:02d}" for day in days], "n": list(range(300))})
    parts, *_ = split(dataset, "by_time", time="day")
    by_part = {part: [days[i] for i in parts if parts[i] == part] for part in set(parts.values())}
    assert max(by_part["train"]) < min(by_part["validation"])
    assert max(by_part["validation"]) < min(by_part["test"])


def test_a_training_row_that_equals_a_published_test_row_is_rejected(
    make_dataset: Make, split: Split
) -> None:
    text = ["same", *[f"r{i}" for i in range(20)], "same", "t", "v", "v"]
    parts = ["train", *[None] * 20, "test", "test", "validation", None]
    found, info, rejects = split(make_dataset({"text": text}, parts=parts), together=True)
    assert [(r["_row"], r["line"], r["step"]) for r in rejects] == [
        (0, 1, "split"),
        (24, 25, "split"),
    ]
    assert "test part" in next(r["reason"] for r in rejects if r["_row"] == 0)
    assert "validation part" in next(r["reason"] for r in rejects if r["_row"] == 24)
    assert info["parts"] == {"train": 20, "validation": 1, "test": 2}
    assert found[21] == found[22] == "test"


def test_clean_data_loses_nothing(make_dataset: Make, split: Split) -> None:
    for seed in range(5):
        dataset = make_dataset({"n": list(range(100)), "g": [i // 2 for i in range(100)]})
        _, info, rejects = split(dataset, "by_group", group="g", seed=seed)
        assert not rejects
        assert sum(info["parts"].values()) == 100
        assert min(info["parts"].values()) >= 14


# --- sources that name a part ------------------------------------------------------------------


def test_parts_of_sources_are_kept_and_the_rest_is_divided(
    make_dataset: Make, split: Split
) -> None:
    parts = ["test"] * 10 + [None] * 80 + ["train"] * 10
    found, info, _ = split(
        make_dataset({"n": list(range(100))}, parts=parts), fields={"test": 0.5, "validation": 0.25}
    )
    assert all(found[i] == "test" for i in range(10))
    assert all(found[i] == "train" for i in range(90, 100))
    assert info["parts"] == {"train": 70, "validation": 20, "test": 10}


def test_an_open_row_follows_the_training_row_it_equals(make_dataset: Make, split: Split) -> None:
    cells = ["x"] * 20 + [str(i) for i in range(40)]
    parts = ["train"] + [None] * 59
    found, *_ = split(make_dataset({"a": cells}, parts=parts), together=True)
    assert {found[i] for i in range(20)} == {"train"}


# --- order and seeds ---------------------------------------------------------------------------


def columns(size: int, seed: int = 0) -> dict[str, list[object]]:
    draw = np.random.default_rng(seed)
    return {
        "n": draw.integers(0, 10**9, size).tolist(),
        "label": draw.choice(["是", "否"], size, p=[0.2, 0.8]).tolist(),
        "group": [f"病人{n}" for n in draw.integers(0, 60, size)],
    }


METHODS = [
    ("random", {}, 0.015),
    ("stratified", {"stratify": "label"}, 0.015),
    ("by_group", {"group": "group"}, 0.15),
    ("by_group", {"group": "group", "stratify": "label"}, 0.15),
]


@pytest.mark.parametrize(("method", "options", "_"), METHODS)
def test_a_new_or_mended_column_moves_no_row(
    make_dataset: Make, split: Split, method: str, options: dict, _: float
) -> None:
    some = columns(500)
    before, *_rest = split(make_dataset(some), method, **options)
    for more in ({"x": ["same"] * 500}, {"id": list(range(500))}, {"n": list(range(500))}):
        after, *_rest = split(make_dataset(some | more), method, **options)
        assert after == before


@pytest.mark.parametrize(("method", "options", "most"), METHODS)
@pytest.mark.parametrize("num_new", [1, 50])
def test_new_rows_at_the_end_move_few_old_ones(
    make_dataset: Make, split: Split, method: str, options: dict, most: float, num_new: int
) -> None:
    old, new = columns(1000), columns(num_new, seed=1)
    before, *_ = split(make_dataset(old), method, **options)
    after, *_ = split(make_dataset({n: [*old[n], *new[n]] for n in old}), method, **options)
    assert sum(after[i] != before[i] for i in range(1000)) <= most * 1000


def test_a_copy_at_the_end_stands_with_its_first_row(make_dataset: Make, split: Split) -> None:
    before, *_ = split(make_dataset({"n": list(range(300))}), together=True)
    after, *_ = split(make_dataset({"n": [*range(300), 7, 7]}), together=True)
    assert after[300] == after[301] == after[7]
    assert sum(after[i] != before[i] for i in range(300)) <= 6


def test_files_are_told_apart_by_their_number(make_dataset: Make, split: Split) -> None:
    def parts(*names: str) -> dict[int, str]:
        dataset = make_dataset({"n": list(range(200))})
        rows = read_table(dataset.rows_path)
        source = pa.array([name for name in names for _ in range(200 // len(names))])
        line = pa.array([*range(2, 2 + 200 // len(names))] * len(names))
        for name, cells in (("_source", source), ("_line", line)):
            rows = rows.set_column(rows.column_names.index(name), name, cells)
        write_table(rows, dataset.rows_path)
        return split(dataset)[0]

    assert parts("a.csv") == parts("b.csv")
    two = parts("a.csv", "b.csv")
    assert two == parts("1.csv", "2.csv")
    halves = [[two[i + at] for i in range(100)] for at in (0, 100)]
    assert halves[0] != halves[1]


def test_equal_seeds_give_equal_bytes_and_others_differ(make_dataset: Make, split: Split) -> None:
    dataset = make_dataset({"n": list(range(100))})
    one, again, other = (split(dataset, seed=seed)[0] for seed in (1, 1, 2))
    assert one == again
    assert one != other


# --- strata and warnings -----------------------------------------------------------------------


def test_labels_keep_their_shares_and_are_counted(make_dataset: Make, split: Split) -> None:
    label = ["rare"] * 20 + ["common"] * 180
    dataset = make_dataset({"label": label, "n": list(range(200))})
    _, info, _ = split(
        dataset, "stratified", stratify="label", target="label",
        fields={"test": 0.1, "validation": 0.2},
    )  # fmt: skip
    assert info["labels"] == {
        "train": {"common": 126, "rare": 14},
        "validation": {"common": 36, "rare": 4},
        "test": {"common": 18, "rare": 2},
    }


def test_blanks_around_labels_and_groups_mean_nothing(make_dataset: Make, split: Split) -> None:
    label = ["是", " 是 ", "否", "否\u3000"] * 25
    group = [f"{' ' * (i % 2)}病人{i // 2}" for i in range(100)]
    dataset = make_dataset({"label": label, "group": group, "n": list(range(100))})
    _, info, _ = split(dataset, "stratified", stratify="label", target="label")
    assert set(info["labels"]["train"]) == {"是", "否"}
    parts, *_ = split(dataset, "by_group", group="group")
    assert all(parts[i] == parts[i + 1] for i in range(0, 100, 2))


@pytest.mark.parametrize(
    ("task", "spellings", "classes"),
    [
        (Classify(), (["1", "1.0"], ["0", "0.0"]), ("1", "0")),
        (Classify(boolean=True), (["Yes", "y", "1"], ["no", "N"]), ("true", "false")),
        (Classify(fold=True), (["Ja", "Ja", "JA"], ["nein"]), ("Ja", "nein")),
        (Regress(decimal=","), (["1,5", "1,50"], ["2"]), ("1.5", "2")),
    ],
)
def test_spellings_of_one_target_are_one_stratum(
    make_dataset: Make,
    split: Split,
    task: Task,
    spellings: tuple[list[str], list[str]],
    classes: tuple[str, str],
) -> None:
    label = [spellings[i % 10 > 0][i // 10 % len(spellings[i % 10 > 0])] for i in range(200)]
    shares = {"test": 0.1, "validation": 0.1}
    dataset = make_dataset({"label": label, "n": list(range(200))})
    parts, info, _ = split(
        dataset, "stratified", stratify="label", target="label", fields=shares, called=task.called
    )
    assert info["labels"] == {
        "train": dict(sorted(zip(classes, (16, 144), strict=True))),
        "validation": dict(sorted(zip(classes, (2, 18), strict=True))),
        "test": dict(sorted(zip(classes, (2, 18), strict=True))),
    }
    named = [classes[i % 10 > 0] for i in range(200)]
    same, *_ = split(make_dataset({"label": named}), "stratified", stratify="label", fields=shares)
    assert parts == same, "as if one spelling stood in every row"


def test_spellings_of_one_group_stay_together(make_dataset: Make, split: Split) -> None:
    group = [f"{i // 2}{'.0' * (i % 2)}" for i in range(100)]
    parts, info, _ = split(make_dataset({"group": group}), "by_group", group="group")
    assert info["units"] == 50
    assert all(parts[i] == parts[i + 1] for i in range(0, 100, 2))


def test_tiny_classes_are_warned_of(make_dataset: Make, split: Split) -> None:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    label = ["猫", "狗", "狗"] + ["鸟"] * 30
    dataset = make_dataset({"label": label, "n": list(range(33))})
    with events.listening(Told()):
        _, info, _ = split(dataset, "stratified", stratify="label")
    assert "'狗', '猫'" in lines[0]
    assert info["notes"] == {"tiny_labels": 2}


# --- requests that cannot be met ---------------------------------------------------------------


def test_unknown_and_absent_columns_are_refused(make_dataset: Make, split: Split) -> None:
    dataset = make_dataset({"label": ["a"] * 9})
    with pytest.raises(RecipeError, match="stratify: there is no column 'lable'"):
        split(dataset, "stratified", stratify="lable")
    with pytest.raises(RecipeError, match="by_time needs a column"):
        split(dataset, "by_time")


def test_a_column_of_lists_is_refused(make_dataset: Make, split: Split) -> None:
    dataset = make_dataset({"tags": [["a"], ["b"]] * 20, "n": list(range(40))})
    with pytest.raises(RecipeError, match="group: cells of column 'tags' are lists"):
        split(dataset, "by_group", group="tags")


def test_a_key_that_is_not_used_is_warned_of(make_dataset: Make, split: Split) -> None:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    dataset = make_dataset({"n": list(range(40)), "label": ["a", "b"] * 20})
    with events.listening(Told()):
        split(dataset, "by_time", time="n", stratify="label")
    assert "stratify is not used" in lines[0]


def test_an_empty_part_is_refused(make_dataset: Make, split: Split) -> None:
    with pytest.raises(DataError, match="validation part would be empty, of 3 rows"):
        split(make_dataset({"n": [1, 2, 3]}))
    with pytest.raises(DataError, match="validation part would be empty"):
        split(make_dataset({"n": list(range(50))}), fields={"validation": 0})
    with pytest.raises(DataError, match="part would be empty") as caught:
        split(make_dataset({"n": list(range(50))}, parts=["train"] * 40 + ["test"] * 10))
    assert "take `part:` off a source" in str(caught.value)
    with pytest.raises(DataError, match="would be empty"):
        split(make_dataset({"g": ["one"] * 50, "n": list(range(50))}), "by_group", group="g")


def test_times_that_cannot_be_read_are_rejected_or_refused(
    make_dataset: Make, split: Split
) -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 31)] + ["soon", None]
    _, info, rejects = split(make_dataset({"day": days}), "by_time", time="day")
    assert [(r["_row"], r["column"], r["found"]) for r in rejects] == [
        (30, "day", "soon"), (31, "day", None),
    ]  # fmt: skip
    assert sum(info["parts"].values()) == 30
    with pytest.raises(DataError, match="no time can be read in column 'day', such as '1/2/2024'"):
        split(make_dataset({"day": ["1/2/2024"] * 9}), "by_time", time="day")


def test_a_sorted_table_is_drawn_over_the_whole(make_dataset: Make, split: Split) -> None:
    region = ["north"] * 1400 + ["south"] * 600
    dataset = make_dataset({"region": region, "label": [str(i % 2) for i in range(2000)]})
    for method, options in (("random", {}), ("stratified", {"stratify": "label"})):
        parts, info, _ = split(dataset, method, target="label", **options)
        for part, rows in info["parts"].items():
            north = sum(region[i] == "north" for i in parts if parts[i] == part)
            assert 0.63 < north / rows < 0.77, (method, part)
