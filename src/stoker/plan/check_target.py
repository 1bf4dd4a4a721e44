"""Refuse what a recipe wants of its target and the target cannot give, before anything is trained.

Weights of classes, the aim of a decision and the threshold of a server need classes, and some of
them exactly two; how a network is trained depends on its inputs.  Which classes and inputs there
are the prepared rows tell, so that this costs the reading of one small file and not a training that
ends in an error.
"""

from __future__ import annotations

from stoker.bundle.decision import check_threshold
from stoker.bundle.fit_decision import check_aim
from stoker.core.errors import RecipeError
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.plan.check_training import check_training
from stoker.recipe.model import Recipe
from stoker.store.artifact import Artifact
from stoker.views.prepared import read_interface

_PICTURE_AXES = 3


def check_target(recipe: Recipe, prepared: Artifact) -> int:
    """Compare a recipe with the target that its rows have.

    Args:
        recipe: A recipe.
        prepared: What `prepare` made of its rows.

    Returns:
        How many outputs a model of it has: one for each class, or one for a number.

    Raises:
        RecipeError: With the line, if it weighs classes that there are not, or wants a threshold of
            a target that has not two classes, or a training that its inputs do not allow.
    """
    interface = read_interface(prepared.folder)
    task = interface.task
    threshold = getattr(recipe.serve, "threshold", None)
    wanted = (
        (("train", "class_weights"), lambda: task.class_weights(recipe.train.class_weights)),
        (("evaluate", "decision"), lambda: check_aim(task, recipe.evaluate.decision)),
        (("serve", "threshold"), lambda: threshold is None or check_threshold(task, recipe.name)),
    )
    for keys, look in wanted:
        try:
            look()
        except RecipeError as error:
            error.place = recipe.place(*keys)
            raise
    is_picture = {name: len(one.shape) == _PICTURE_AXES for name, one in interface.inputs.items()}
    check_training(recipe, is_picture, PreparedSet.open(prepared.folder, "train"))
    return task.output.width
