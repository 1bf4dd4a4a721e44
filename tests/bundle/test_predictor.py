"""The predictor: every form of rows gives the same answers, and a wrong one is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
import polars
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stoker.bundle.interface import Interface
from stoker.bundle.predictor import Predictor, load
from stoker.core import events
from stoker.core.errors import DataError
from stoker.data.rejects import SCHEMA

# age <= 40 or missing: -1, else 1; a job of {cook, 厨师}: 0.5, else -0.25
SCORES = np.array([-0.5, 1.5, -1.25, -1.25, 0.75], np.float32)

FORMS = {
    "table": lambda t: t,
    "batch": lambda t: t.combine_chunks().to_batches()[0],
    "chunks": lambda t: pa.concat_tables([t.slice(0, 2), t.slice(2)]),
    "pandas": lambda t: t.to_pandas(),
    "pandas with an index": lambda t: t.to_pandas().set_index(pandas.Index(list("abcde"))),
    "polars": polars.from_arrow,
    "dicts": lambda t: t.to_pylist(),
    "columns": lambda t: t.to_pydict(),
    "columns of numpy": lambda t: {
        "年龄": t["年龄"].to_numpy(),
        "job": np.array(t["job"].to_pylist(), dtype=object),
    },
    "columns of arrow": lambda t: {name: t[name] for name in t.column_names},
    "text": lambda t: t.set_column(0, "年龄", pa.array(["25", "61.0", "", "40", " 41 "])),
    "dictionary": lambda t: t.set_column(1, "job", t["job"].dictionary_encode()),
    "other order": lambda t: t.select(["job", "年龄"]),
    "with the target": lambda t: t.append_column("income", pa.array(["low"] * 5)),
    "with stoker's own columns": lambda t: t.append_column("_row", pa.array(range(5))),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_rows_gives_the_same_answers(
    form: str, table: Predictor, people: pa.Table
) -> None:
    rows: Any = FORMS[form](people)
    np.testing.assert_array_equal(table.outputs(rows)[:, 1], SCORES)
    answer = table.predict(rows)
    assert answer.table.column("prediction").to_pylist() == ["low", "high", "low", "low", "high"]
    assert answer.table.column_names == ["prediction", "confidence", "probabilities"]
    assert len(answer) == 5
    assert answer.rejects.num_rows == 0


def test_a_number_is_the_category_that_its_digits_spell(table: Predictor) -> None:
    ages = [30, 30]
    texts = table.outputs({"年龄": ages, "job": ["1", "7"]})
    whole = table.outputs({"年龄": ages, "job": [1, 7]})
    floats = table.outputs({"年龄": ages, "job": [1.0, 7.0]})
    np.testing.assert_array_equal(texts, whole)
    np.testing.assert_array_equal(texts, floats)


def test_no_rows_give_no_answers(table: Predictor, people: pa.Table) -> None:
    for rows in (people.slice(0, 0), [], {"年龄": [], "job": []}, polars.from_arrow(people[:0])):
        answer = table.predict(rows)
        assert len(answer) == 0
        assert answer.table.column_names == ["prediction", "confidence", "probabilities"]


def test_a_column_of_nulls_is_a_column_of_missing_cells(table: Predictor) -> None:
    found = table.outputs([{"年龄": None, "job": None}])
    np.testing.assert_array_equal(found, [[0, -1.25]])


def test_cleaners_mend_rows_before_they_become_tensors(
    with_cleaner: Interface, make_table: Any, people: pa.Table
) -> None:
    mended = load(make_table(interface=with_cleaner)).outputs(people)[:, 1]
    expected = SCORES.copy()
    expected[2] = 0.75  # the missing age became 55
    np.testing.assert_array_equal(mended, expected)


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(0, 40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_rows_do_not_influence_each_other(
    table: Predictor, people: pa.Table, index: list[int], cut: int
) -> None:
    rows = people.take(pa.array(index, pa.int64()))
    whole = table.outputs(rows)
    np.testing.assert_array_equal(whole[:, 1], SCORES[index])
    parts = np.concatenate([table.outputs(rows[:cut]), table.outputs(rows[cut:])])
    np.testing.assert_array_equal(parts, whole)


def test_blocks_join_seamlessly(picture: Predictor, pictures: pa.Table) -> None:
    index = np.arange(20_000) % 4  # more than one block of so small pictures
    rows = pictures.take(pa.array(index))
    one = picture.outputs(pictures)
    np.testing.assert_array_equal(picture.outputs(rows), one[index])


def test_outputs_of_tensors_equal_outputs_of_rows(
    table: Predictor, people: pa.Table, picture: Predictor, pictures: pa.Table
) -> None:
    for predictor, rows in ((table, people), (picture, pictures)):
        tensors = predictor.tensors(rows).values
        np.testing.assert_array_equal(predictor.outputs_of(tensors), predictor.outputs(rows))


def test_one_dict_of_cells_is_one_row(table: Predictor, picture: Predictor) -> None:
    row = {"年龄": 61, "job": "厨师"}
    assert table.predict(row).table == table.predict([row]).table
    missing = table.predict({"年龄": None, "job": np.str_("cook"), "id": 7})
    assert len(missing) == 1
    assert missing.ignored == ("id",)
    scalar = table.predict({"年龄": np.float64(61), "job": "厨师"})
    assert scalar.table == table.predict([row]).table
    with pytest.raises(DataError, match="no column '图像'"):
        picture.predict({"picture": b"GIF89a"})


def test_probabilities_as_an_array_in_the_order_of_the_classes(
    table: Predictor, picture: Predictor, people: pa.Table, pictures: pa.Table
) -> None:
    assert table.classes == ("low", "high")
    probability_NK = table.predict_proba(people)
    assert probability_NK.shape == (5, 2)
    assert probability_NK.dtype == np.float32
    np.testing.assert_allclose(probability_NK.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(probability_NK[:, 1] > 0.5, SCORES > 0)
    assert table.predict_proba(people.slice(0, 0)).shape == (0, 2)
    assert picture.classes == ()
    with pytest.raises(DataError, match="the number 'size', which has no classes"):
        picture.predict_proba(pictures)


def test_answers_join_the_pandas_table_that_was_asked_about(
    table: Predictor, people: pa.Table
) -> None:
    frame = people.to_pandas().assign(年龄=["25", "x", None, "40", "41"], note=1)
    frame = frame.set_axis(list("edcba"))
    answer = table.predict(frame, on_bad="reject")
    joined = frame.join(answer.to_pandas())
    assert answer.ignored == ("note",)
    assert list(joined.loc[["e", "a"], "prediction"]) == ["low", "high"]
    assert joined["prediction"].isna().tolist() == [False, True, False, False, False]
    assert joined["probability_high"]["a"] == joined["confidence"]["a"]
    rows = people.to_pylist()
    assert table.predict(rows[3:]).to_pandas().index.tolist() == [0, 1]


def test_answers_show_themselves(table: Predictor, people: pa.Table) -> None:
    rows = [{**row, "<id>": 1.5} for row in people.to_pylist() * 4]
    rows[1]["年龄"] = float("inf")
    answer = table.predict(rows, on_bad="reject")
    said = "19 rows answered, 1 rejected; never seen in training: 'job'; not used: '<id>'"
    assert repr(answer).startswith(f"<Prediction: {said}; columns prediction, confidence, ")
    page = answer._repr_html_()
    assert "&lt;id&gt;" in page
    assert "<id>" not in page
    assert page.count("<tr>") == 11
    assert page.count("<th>") == 5
    assert answer.to_polars().columns == answer.to_pandas().columns.tolist()
    assert answer.to_polars().columns[-1] == "probability_high"


def test_a_predictor_shows_what_goes_in_and_out(table: Predictor) -> None:
    assert repr(table) == "<Predictor 'people': 'income' from '年龄', 'job'>"
    assert "<td>job<td>category<td>input" in table._repr_html_()
    assert "<td>income<td>classify<td>target" in table._repr_html_()


def test_answers_pass_to_pandas_and_polars(table: Predictor, people: pa.Table) -> None:
    answer = table.predict(people)
    assert polars.DataFrame(answer)["prediction"][1] == "high"
    assert pa.table(answer).to_pandas()["prediction"][1] == "high"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"job": ["1"]}, "no column '年龄'\n.*\n.*add it, with empty cells"),
        ({"job": ["1"], "年齢": [1]}, "rename '年齢' to '年龄'"),
        ({"jobs": ["1"], "id": [1]}, "no columns '年龄', 'job'\n.*rename 'jobs' to 'job'"),
        ([{"id": 1}], "row 0.*no '年龄', 'job'"),
        ([{"job": "1", "年龄": 1}, {"job": "1"}], "row 1.*no '年龄'\n.*\n.*give null where"),
        ([{"job": "1", "年龄": 1}, ["1", 1]], "row 1.*is a list"),
        ({"job": ["1", "2"], "年龄": [1]}, "differ in length: 'job' has 2, '年龄' has 1"),
        ({"job": "1", "年龄": [1]}, "column job.*one cell, '1', where other columns have a list"),
        ({"job": "1"}, "no column '年龄'"),
        ("age,job\n1,2", "rows of type str cannot be read"),
        (17, "rows of type int cannot be read"),
        (
            {"job": ["1"], "年龄": ["about forty"]},
            "row 0, column 年龄.*'about forty' is not a number",
        ),
        ({"job": [[1]], "年龄": [1]}, "column job"),
        ({"job": ["1"], "年龄": [float("inf")]}, "column 年龄.*infinite"),
        ({"job": ["1"], "年龄": [10**400]}, "column 年龄"),
        ({"job": [b"1"], "年龄": [1]}, "column job.*is a binary; expected text"),
    ],
)
def test_wrong_rows_are_named(table: Predictor, rows: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"(?s){message}") as caught:
        table.predict(rows)
    assert "\n  expected: " in str(caught.value)


def test_a_column_that_stands_twice_is_refused(table: Predictor) -> None:
    twice = pa.table([pa.array([1]), pa.array([2]), pa.array(["1"])], ["年龄", "年龄", "job"])
    with pytest.raises(DataError, match="2 columns called '年龄'"):
        table.predict(twice)


def test_columns_that_are_no_input_are_left_out_and_named(
    table: Predictor, people: pa.Table
) -> None:
    expected = table.predict(people)
    assert expected.ignored == ()
    wider = people.append_column("shoe size", pa.array([40, 41, 42, 43, 44]))
    wider = wider.append_column("income", pa.array(["low"] * 5))
    dicts: list[dict[str, Any]] = [
        {**row, "shoe size": 40, "note": 1} for row in people.to_pylist()
    ]
    del dicts[1]["note"]
    dicts[2]["note"] = "text"
    columns = {**people.to_pydict(), "note": [1, "a", None, 2.5, b""], "short": []}
    indexed = wider.to_pandas().set_index(pandas.Index(list("abcde"), name="who"))
    for rows, ignored in (
        (wider, ("shoe size",)),
        (wider.to_batches()[0], ("shoe size",)),
        (indexed, ("shoe size",)),
        (polars.from_arrow(wider), ("shoe size",)),
        (dicts, ("shoe size", "note")),
        (columns, ("note", "short")),
    ):
        answer = table.predict(rows)
        assert answer.table == expected.table
        assert answer.ignored == ignored


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"shoe size": [44]}, "a column 'shoe size' that the model does not know"),
        ({"id": [4], "shoe size": [44]}, "columns 'id', 'shoe size' that the model does not know"),
    ],
)
def test_columns_that_are_no_input_are_refused_on_request(
    table: Predictor, more: dict[str, list[int]], said: str
) -> None:
    with pytest.raises(DataError, match=f'(?s){said}.*extra="ignore"'):
        table.predict({"job": ["1"], "年龄": [1], **more}, extra="refuse")


def test_rejecting_answers_the_good_rows(table: Predictor) -> None:
    rows = {"年龄": ["25", "old", "61", "1e999"], "job": ["cook", "1", "厨师", "1"]}
    answer = table.predict(rows, on_bad="reject")
    assert answer.table.column("prediction").to_pylist() == ["low", "high"]
    assert answer.row.tolist() == [0, 2]
    assert answer.rejects.schema == SCHEMA
    records = answer.rejects.to_pylist()
    assert [r["_row"] for r in records] == [1, 3]
    assert {r["column"] for r in records} == {"年龄"}
    assert {r["step"] for r in records} == {"number"}
    assert records[0]["found"] == "old"


def test_rejected_rows_keep_their_number_across_blocks(
    picture: Predictor, pictures: pa.Table
) -> None:
    cells = pictures.column("图像").to_pylist() * 5_000
    bad = [0, 17_000, 19_999]
    for row in bad:
        cells[row] = b"<html>"
    cells[77] = None
    answer = picture.predict({"图像": pa.array(cells, pa.binary())}, on_bad="reject")
    assert answer.rejects.column("_row").to_pylist() == [0, 77, 17_000, 19_999]
    assert len(answer) == 20_000 - 4


def test_all_rows_bad_is_an_answer_too(table: Predictor) -> None:
    answer = table.predict({"年龄": ["x"], "job": ["1"]}, on_bad="reject")
    assert len(answer) == 0
    assert answer.rejects.num_rows == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("job"), "no tensor for the column 'job'"),
        (lambda t: t.update(job=t["job"].astype(np.int64)), "int64"),
        (lambda t: t.update(job=t["job"][:, None]), r"\(5, 1\)"),
        (lambda t: t.update(job=t["job"][:2]), "different numbers of rows"),
    ],
    ids=["absent", "type", "shape", "length"],
)
def test_wrong_tensors_are_named(
    table: Predictor, people: pa.Table, change: Any, message: str
) -> None:
    tensors = dict(table.tensors(people).values)
    change(tensors)
    with pytest.raises(DataError, match=message):
        table.outputs_of(tensors)


def test_schemas_tell_what_goes_in_and_comes_out(table: Predictor) -> None:
    schema = table.input_schema()
    assert list(schema["properties"]) == schema["required"] == ["年龄", "job"]
    assert schema["additionalProperties"] is False
    assert table.output_schema()["properties"]["prediction"]["enum"] == ["low", "high"]


def test_info_is_plain_json(table: Predictor) -> None:
    import json

    info = json.loads(json.dumps(table.info))
    assert info["name"] == "people"
    assert len(info["digest"]) == 64


def test_many_threads_may_share_a_predictor(table: Predictor, people: pa.Table) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: table.outputs(people), range(64)))
    for output_NK in found:
        np.testing.assert_array_equal(output_NK[:, 1], SCORES)


def test_cells_that_training_never_saw_are_counted(table: Predictor) -> None:
    jobs = ["cook", "judge", None, 1, "厨师", "judge"]
    rows = pa.table({"年龄": [20] * 6, "job": [None if j is None else str(j) for j in jobs]})
    answer = table.predict(rows)
    assert answer.unseen == {"job": 2}
    assert np.flatnonzero(answer.unseen_N["job"]).tolist() == [1, 5]
    assert answer.wholly_unseen == ()
    assert table.tensors(rows).unseen == {"job": 2}
    assert "never seen in training: 'job'" in repr(answer)
    assert table.predict(rows[:1]).unseen == {}


@pytest.mark.parametrize("num_rows", [5, 20_000])
def test_a_column_without_a_single_known_value_is_said_aloud(
    table: Predictor, num_rows: int
) -> None:
    rows = pa.table({"年龄": [20] * num_rows, "job": [None] + ["judge"] * (num_rows - 1)})
    with events.recording() as lines:
        answer = table.predict(rows)
    assert answer.wholly_unseen == ("job",)
    assert [line.kind for line in lines] == ["warning"]
    assert "no cell of column 'job' is what training saw" in lines[0].text
    known = rows.set_column(1, "job", pa.array([*rows["job"].to_pylist()[:-1], "cook"]))
    with events.recording() as lines:
        assert table.predict(known).wholly_unseen == ()
        assert table.predict(rows[1:2]).wholly_unseen == ("job",)
        assert table.predict(rows.slice(0, 1)).wholly_unseen == ()
    assert not lines
