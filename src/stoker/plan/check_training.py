"""Refuse what a recipe wants of a training and a network cannot do, before anything is trained.

A loss is about classes or about numbers, what smooths labels needs labels, what moves pictures
needs pictures, what blends rows needs rows that are nothing but pictures, and what draws rows by
their class or length needs either.  A model that fits itself looks at none of these keys, which a
run warns of.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from stoker.answers.classes import ClassAnswers
from stoker.answers.vectors import VectorAnswers
from stoker.core.errors import RecipeError
from stoker.core.steps import expect, step_name
from stoker.models import Model, Network, check_answers
from stoker.recipe.model import Recipe
from stoker.tasks import Task
from stoker.train.augment import MixingAugmentation
from stoker.train.losses import Loss, check_loss
from stoker.train.samplers import Sampler

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet


def check_training(
    recipe: Recipe, is_picture: Mapping[str, bool] | None, rows: PreparedSet | None = None
) -> None:
    """Compare how a recipe trains with what there is to train on.

    Args:
        recipe: A recipe.
        is_picture: Of each input whether it is a picture; None: the inputs are chosen later.
        rows: The training part, where it is prepared.

    Raises:
        RecipeError: With the line, if a network could not be trained so.
    """
    _check_model(recipe)
    if not _is_network(recipe, is_picture):
        return
    looks = {
        "loss": _check_loss,
        "label_smoothing": _check_smoothing,
        "augment": partial(_check_augment, is_picture=is_picture),
        "accumulate": _check_accumulate,
        "sampler": partial(_check_sampler, rows=rows),
    }
    for key, look in looks.items():
        try:
            look(recipe)
        except RecipeError as error:
            error.place = recipe.place("train", key)
            raise


def _check_model(recipe: Recipe) -> None:
    if recipe.model is None:
        return
    try:
        check_answers(expect(recipe.model, Model), expect(recipe.task, Task).gives)
    except RecipeError as error:
        error.place = recipe.place("model")
        raise


def _check_loss(recipe: Recipe) -> None:
    if recipe.train.loss is not None:
        check_loss(expect(recipe.train.loss, Loss), expect(recipe.task, Task).gives)


def _check_accumulate(recipe: Recipe) -> None:
    gives, asked = expect(recipe.task, Task).gives, recipe.train
    loss = None if asked.loss is None else expect(asked.loss, Loss)
    compares = not loss.of_rows if loss else issubclass(gives, VectorAnswers)
    if compares and (asked.accumulate or 1) > 1:
        raise RecipeError(
            "accumulate cuts a batch into pieces, and this loss compares the rows of a batch",
            fix="leave train.accumulate out",
        )


def _check_smoothing(recipe: Recipe) -> None:
    gives = expect(recipe.task, Task).gives
    if recipe.train.label_smoothing and not issubclass(gives, ClassAnswers):
        raise RecipeError(
            f"label_smoothing needs classes, and the answers to this target are {gives.of}",
            fix="leave train.label_smoothing out",
        )


def _check_augment(recipe: Recipe, is_picture: Mapping[str, bool] | None) -> None:
    steps = recipe.train.augment
    if not steps or is_picture is None:
        return
    if not any(is_picture.values()):
        raise RecipeError(
            "train.augment changes images, and no input is an image", fix="leave train.augment out"
        )
    mixing = [step_name(step) for step in steps if isinstance(step, MixingAugmentation)]
    if mixing and not all(is_picture.values()):
        raise RecipeError(
            f"train.augment {mixing[0]} blends rows, and half a category means nothing",
            expected="inputs that are all images",
            fix=f"leave {mixing[0]} out of train.augment",
        )


def _check_sampler(recipe: Recipe, rows: PreparedSet | None) -> None:
    if recipe.train.sampler is not None and rows is not None:
        expect(recipe.train.sampler, Sampler).start(rows, recipe.train.batch_size or 1, recipe.seed)


def _is_network(recipe: Recipe, is_picture: Mapping[str, bool] | None) -> bool:
    """Whether it is known that a network is trained: it is named, or there are pictures.

    Who says how a network is trained gets one for pictures, whatever the preset.
    """
    if recipe.model is not None:
        return isinstance(recipe.model, Network)
    return any((is_picture or {}).values())
