"""Refuse what a recipe wants of a training and a network cannot do, before anything is trained.

What smooths labels needs labels, what moves pictures needs pictures, and what blends rows needs
rows that are nothing but pictures.  A model that fits itself looks at none of these keys, which a
run warns of.
"""

from __future__ import annotations

from collections.abc import Mapping

from stoker.core.errors import RecipeError
from stoker.core.steps import step_name
from stoker.models import Network
from stoker.recipe.model import Recipe
from stoker.tasks.regress import Regress
from stoker.train.augment import MixingAugmentation


def check_training(recipe: Recipe, is_picture: Mapping[str, bool] | None) -> None:
    """Compare how a recipe trains with what there is to train on.

    Args:
        recipe: A recipe.
        is_picture: Of each input whether it is a picture; None: the inputs are chosen later.

    Raises:
        RecipeError: With the line, if a network could not be trained so.
    """
    if not _is_network(recipe, is_picture):
        return
    asked = recipe.train
    if asked.label_smoothing and isinstance(recipe.task, Regress):
        raise RecipeError(
            "label_smoothing needs classes, and this target is a number",
            fix="leave train.label_smoothing out",
            place=recipe.place("train", "label_smoothing"),
        )
    if is_picture is None:
        return
    if asked.augment and not any(is_picture.values()):
        raise RecipeError(
            "train.augment changes images, and no input is an image",
            fix="leave train.augment out",
            place=recipe.place("train", "augment"),
        )
    mixing = [step for step in asked.augment or () if isinstance(step, MixingAugmentation)]
    if mixing and not all(is_picture.values()):
        raise RecipeError(
            f"train.augment {step_name(mixing[0])} blends rows, and half a category means nothing",
            expected="inputs that are all images",
            fix=f"leave {step_name(mixing[0])} out of train.augment",
            place=recipe.place("train", "augment"),
        )


def _is_network(recipe: Recipe, is_picture: Mapping[str, bool] | None) -> bool:
    """Whether it is known that a network is trained: it is named, or there are pictures.

    Who says how a network is trained gets one for pictures, whatever the preset.
    """
    if recipe.model is not None:
        return isinstance(recipe.model, Network)
    return any((is_picture or {}).values())
