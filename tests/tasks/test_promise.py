"""What every task promises, checked on each file of the stage."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from stoker.core.errors import ArtifactError, DataError
from stoker.core.steps import find_step, load_stored, step_names, step_spec
from stoker.evaluate.score import metrics_of
from stoker.tasks import FittedTask, Task
from stoker.train.losses import loss_of

STAGE = "stoker.tasks"
COLUMN = pa.chunked_array([["3", "1"], ["3", None, "2", ""]])


@pytest.fixture(params=step_names(STAGE))
def task(request: pytest.FixtureRequest) -> Task:
    return find_step(STAGE, request.param, Task)()


def test_survives_json(task: Task) -> None:
    fitted = task.fit(COLUMN)
    again = load_stored(json.loads(json.dumps(step_spec(fitted))), FittedTask)
    assert again == fitted


def test_encodes_one_target_a_row_and_names_missing_ones(task: Task) -> None:
    fitted = task.fit(COLUMN)
    done = fitted.encode(COLUMN)
    assert done.values.shape == (6,)
    assert done.values.dtype == fitted.target_form.dtype
    assert [bad.index for bad in done.bad] == [3, 5]
    assert all("missing" in bad.reason for bad in done.bad)


def test_answers_have_a_prediction_and_fit_their_schema(task: Task) -> None:
    fitted = task.fit(COLUMN)
    output_NK = np.random.default_rng(0).normal(size=(5, fitted.output.width)).astype(np.float32)
    answers = fitted.decode(output_NK)
    schema = fitted.output_schema()
    assert answers.num_rows == 5
    assert answers.column_names[0] == "prediction"
    assert set(schema["properties"]) == set(answers.column_names)
    assert json.dumps(schema)


def test_answers_beside_the_truth_are_of_the_kind_that_it_gives(task: Task) -> None:
    fitted = task.fit(COLUMN)
    output_NK = np.random.default_rng(0).normal(size=(5, fitted.output.width))
    found = fitted.answers(
        output_NK, np.zeros((5, *fitted.target_form.shape), fitted.target_form.dtype)
    )
    assert type(found) is task.gives is fitted.gives
    assert found.num_rows == 5
    assert np.isfinite(found.loss_N).all()
    assert np.isfinite(found.belief_NK).all()
    metrics = metrics_of(task.gives)
    assert {*fitted.primary, *fitted.watched, task.gives.glance, task.gives.loss_name} <= set(
        metrics
    )
    assert metrics[task.gives.glance].higher_is_better is task.gives.glance_rises
    assert metrics[task.gives.glance].score(found) == pytest.approx(found.at_a_glance())
    shown = task.gives.as_read(float(found.loss_N.mean()))
    assert metrics[task.gives.loss_name].score(found) == pytest.approx(shown)


def test_outputs_of_the_same_task_stand_as_they_are(task: Task) -> None:
    fitted = task.fit(COLUMN)
    output_NK = np.random.default_rng(0).normal(size=(5, fitted.output.width))
    assert fitted.why_not_like(fitted) == ""
    np.testing.assert_allclose(fitted.outputs_from(fitted, output_NK), output_NK)


def test_the_loss_of_a_task_is_about_its_answers(task: Task) -> None:
    fitted = task.fit(COLUMN)
    assert issubclass(fitted.gives, loss_of(fitted).takes)


def test_no_row_gives_no_answer(task: Task) -> None:
    fitted = task.fit(COLUMN)
    assert fitted.decode(np.empty((0, fitted.output.width), np.float32)).num_rows == 0
    assert fitted.encode(COLUMN.slice(0, 0)).values.shape == (0,)


def test_an_output_that_is_not_a_number_is_never_an_answer(task: Task) -> None:
    fitted = task.fit(COLUMN)
    output_NK = np.zeros((3, fitted.output.width), np.float32)
    output_NK[1] = np.nan
    with pytest.raises(ArtifactError, match="row 1"):
        fitted.decode(output_NK)


@pytest.mark.parametrize("cells", [[], [None, None], ["5", "5", None], ["", " "]])
def test_nothing_to_learn_is_an_error(task: Task, cells: list[str | None]) -> None:
    with pytest.raises(DataError):
        task.fit(pa.chunked_array([pa.array(cells, pa.string())]))
