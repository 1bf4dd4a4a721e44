"""What every loss promises, checked on each file of the stage."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.answers.classes import ClassAnswers
from stoker.answers.label_sets import LabelSetAnswers
from stoker.answers.tags import TagAnswers
from stoker.answers.vectors import VectorAnswers
from stoker.core.errors import RecipeError
from stoker.core.steps import find_step, make_step, step_names
from stoker.networks.preparing import RaggedTensor, tensors_between
from stoker.tasks.classify import FittedClassify
from stoker.tasks.embed import FittedEmbed
from stoker.tasks.regress import FittedRegress
from stoker.train.losses import STAGE, Loss, loss_of

TASKS = (
    FittedClassify(classes=("a", "b", "c"), counts=(1, 1, 1), kind="text"),
    FittedRegress(mean=0, std=1, low=-1, high=1),
    FittedEmbed(),
)
NAMES = step_names(STAGE)
SEEDS = st.integers(0, 2**31)


def batch(loss: Loss, seed: int) -> tuple[Any, Any]:
    """Twelve rows that the loss is about."""
    generator = torch.Generator().manual_seed(seed)
    if issubclass(TagAnswers, loss.takes):  # two tokens a row
        target = torch.randint(0, 3, (12, 3), generator=generator).flatten()
        output = torch.randn(24, 3, generator=generator)
        rows = torch.arange(13)
        return RaggedTensor(output, 2 * rows), RaggedTensor(target, 3 * rows)
    if issubclass(LabelSetAnswers, loss.takes):
        return torch.randn(12, 3, generator=generator), torch.randint(
            0, 2, (12, 3), generator=generator, dtype=torch.uint8
        )
    if issubclass(ClassAnswers, loss.takes) or issubclass(VectorAnswers, loss.takes):
        output = torch.randn(12, 3, generator=generator)
        return output, torch.randint(0, 3, (12,), generator=generator)
    return torch.randn(12, 1, generator=generator), torch.randn(12, generator=generator)


def values_of(output: Any) -> torch.Tensor:
    return output.values if isinstance(output, RaggedTensor) else output


def with_values(output: Any, values: torch.Tensor) -> Any:
    return output._replace(values=values) if isinstance(output, RaggedTensor) else values


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_micro_batches_average_to_the_whole(name: str, seed: int) -> None:
    loss = find_step(STAGE, name, Loss)()
    if not loss.of_rows:
        pytest.skip(f"{name} compares the rows of a batch")
    output, target = batch(loss, seed)
    places = [(0, 4), (4, 8), (8, 12)]
    pieces = [[tensors_between(one, *place) for one in (output, target)] for place in places]
    parts = torch.stack([loss(*pair) for pair in pieces])
    torch.testing.assert_close(parts.mean(), loss(output, target))


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=20)
@given(SEEDS, st.sampled_from([1.0, 1e4]))
def test_loss_and_slope_are_finite(name: str, seed: int, scale: float) -> None:
    loss = find_step(STAGE, name, Loss)()
    output, target = batch(loss, seed)
    logits = values_of(output).mul(scale).requires_grad_()
    found = loss(with_values(output, logits), target)
    found.backward()
    assert logits.grad is not None
    assert found.shape == ()
    assert torch.isfinite(found)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", NAMES)
def test_right_outputs_cost_nothing_and_others_more(name: str) -> None:
    loss = find_step(STAGE, name, Loss)()
    output, target = batch(loss, 0)
    codes = target
    if isinstance(target, RaggedTensor):
        codes = target.values.reshape(12, 3)[:, 1:].flatten()
    is_class = codes.dtype == torch.int64
    right = torch.nn.functional.one_hot(codes, 3) * 50.0 if is_class else codes[:, None]
    if codes.ndim == 2:
        right = codes * 100.0 - 50
    assert loss(with_values(output, right), target) == pytest.approx(0, abs=1e-6)
    assert loss(output, target) > 0


@pytest.mark.parametrize("task", TASKS, ids=["classify", "regress", "embed"])
def test_a_task_takes_the_losses_that_are_about_its_answers(task: FittedClassify) -> None:
    assert loss_of(task) == make_step(STAGE, task.loss, Loss)
    for name in NAMES:
        loss = find_step(STAGE, name, Loss)()
        if issubclass(task.gives, loss.takes):
            assert loss_of(task, loss) is loss
        else:
            with pytest.raises(RecipeError, match=f"the loss {name} is about {loss.takes.of}"):
                loss_of(task, loss)
