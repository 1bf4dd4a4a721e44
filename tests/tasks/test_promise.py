"""What every task promises, checked on each file of the stage."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

from stoker.cells.ragged import Ragged, rows_at, rows_between, values_of
from stoker.core.errors import ArtifactError, DataError
from stoker.core.steps import find_step, load_stored, step_names, step_spec
from stoker.evaluate.score import metrics_of
from stoker.features.tokens import Tokens
from stoker.tasks import FittedTask, Task
from stoker.tasks.labels import Labels
from stoker.tasks.tag import Tag
from stoker.train.losses import loss_of

STAGE = "stoker.tasks"
TEXTS = pa.table({"text": ["Anna x", "y", "Anna", "z", "Bonn", ""]})
TOKENS = Tokens(size=300).fit(pa.chunked_array([["Anna x y z Bonn"] * 5]))


@dataclass(frozen=True)
class Example:
    """A task, and six cells of a target of which the fourth and the last are missing."""

    task: Task
    column: pa.ChunkedArray

    @property
    def fitted(self) -> FittedTask:
        return self.task.fit(self.column)

    def about(self, size: int = 6) -> FittedTask:
        """The task for some rows."""
        return self.fitted.about(TEXTS.slice(0, size), {"text": TOKENS})

    def outputs(self, size: int, seed: int = 0) -> Any:
        """Some outputs for the first rows."""
        width, generator = self.fitted.output.width, np.random.default_rng(seed)
        if self.fitted.output.column is None:
            return generator.normal(size=(size, width)).astype(np.float32)
        tokens = TOKENS.transform(TEXTS["text"].slice(0, size)).rows()
        assert isinstance(tokens, Ragged)
        shape = (len(tokens.values), width)
        return Ragged(generator.normal(size=shape).astype(np.float32), tokens.offsets)


_NUMBERS = pa.chunked_array([["3", "1"], ["3", None, "2", ""]])
_SPANS = pa.chunked_array([['[[0, 4, "PER"]]', "[]"], ['[[0, 4, "PER"]]', None, "[]", ""]])
EXAMPLES = {
    name: Example(find_step(STAGE, name, Task)(), _NUMBERS)
    for name in ("classify", "embed", "regress")
} | {"labels": Example(Labels(), _NUMBERS), "tag": Example(Tag(text="text"), _SPANS)}


@pytest.fixture(params=step_names(STAGE))
def example(request: pytest.FixtureRequest) -> Example:
    assert request.param in EXAMPLES, f"add {request.param} to EXAMPLES"
    return EXAMPLES[request.param]


def test_survives_json(example: Example) -> None:
    fitted = example.fitted
    again = load_stored(json.loads(json.dumps(step_spec(fitted))), FittedTask)
    assert again == fitted


def test_encodes_one_target_a_row_and_names_missing_ones(example: Example) -> None:
    task = example.about()
    done = task.encode(example.column)
    form = task.target_form
    assert len(done.rows()) == 6
    assert (done.offsets is not None) is form.ragged
    assert done.values.shape[1:] == form.shape
    assert done.values.dtype == form.dtype
    assert [bad.index for bad in done.bad] == [3, 5]
    assert all("missing" in bad.reason for bad in done.bad)


def test_a_fit_tells_missing_targets(example: Example) -> None:
    assert np.flatnonzero(example.task.missing_N(example.column)).tolist() == [3, 5]


def test_answers_have_a_prediction_and_fit_their_schema(example: Example) -> None:
    task = example.about(5)
    answers = task.decode(example.outputs(5))
    schema = task.output_schema()
    assert answers.num_rows == 5
    assert answers.column_names[0] == "prediction"
    assert set(schema["properties"]) == set(answers.column_names)
    assert json.dumps(schema)
    validator = Draft202012Validator(schema)
    for row in answers.to_pylist():
        validator.validate(row)


def test_answers_beside_the_truth_are_of_the_kind_that_it_gives(example: Example) -> None:
    task, rows = example.about(), np.array([0, 1, 2, 4])
    target = rows_at(task.encode(example.column).rows(), rows)
    found = task.answers(rows_at(example.outputs(6), rows), target)
    assert type(found) is example.task.gives is task.gives
    assert found.num_rows == 4
    assert found.rows(np.array([1, 1])).num_rows == 2
    assert np.isfinite(found.loss_N).all()
    assert np.isfinite(found.belief_NK).all()
    assert not found.at_best().wrong_N.any()
    assert len(task.constant_outputs(target)) == 4
    metrics = metrics_of(task.gives)
    assert {*task.primary, *task.watched, task.gives.glance, task.gives.loss_name} <= set(metrics)
    assert metrics[task.gives.glance].higher_is_better is task.gives.glance_rises
    assert metrics[task.gives.glance].score(found) == pytest.approx(found.at_a_glance())
    shown = task.gives.as_read(float(found.loss_N.mean()))
    assert metrics[task.gives.loss_name].score(found) == pytest.approx(shown)


def test_outputs_of_the_same_task_stand_as_they_are(example: Example) -> None:
    fitted, output = example.fitted, example.outputs(5)
    assert fitted.why_not_like(fitted) == ""
    again = fitted.outputs_from(fitted, output)
    np.testing.assert_allclose(values_of(again), values_of(output), rtol=1e-5)


def test_the_loss_of_a_task_is_about_its_answers(example: Example) -> None:
    assert issubclass(example.fitted.gives, loss_of(example.fitted).takes)


def test_no_row_gives_no_answer(example: Example) -> None:
    task = example.about(0)
    assert task.decode(example.outputs(0)).num_rows == 0
    assert len(task.encode(example.column.slice(0, 0)).rows()) == 0


def test_an_output_that_is_not_a_number_is_never_an_answer(example: Example) -> None:
    output = example.outputs(3)
    values_of(rows_between(output, 1, 2))[:] = np.nan
    with pytest.raises(ArtifactError, match="row 1"):
        example.about(3).decode(output)


@pytest.mark.parametrize("cells", [[], [None, None], ["5", "5", None], ["", " "]])
def test_nothing_to_learn_is_an_error(example: Example, cells: list[str | None]) -> None:
    with pytest.raises(DataError):
        example.task.fit(pa.chunked_array([pa.array(cells, pa.string())]))
