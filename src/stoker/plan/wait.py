"""Say before a long training about how long it takes, and what it takes so long for.

`check` shows the whole plan; whoever says `run` at once hears this when rows and classes are known,
and can stop then, or give the training a budget.

Cost: that of a plan.
"""

from __future__ import annotations

from stoker.core.words import rough_duration
from stoker.plan.forecast import RunPlan

_LONG_S = 60.0
_MANY_CLASSES = 5


def wait_words(plan: RunPlan, outputs: int) -> str:
    """What to say before a wait of a minute or more; empty: it is shorter, or nobody can tell.

    Args:
        plan: What is left to do.
        outputs: Outputs of the model, one for each class.

    >>> from stoker.plan.forecast import PlannedStage
    >>> train = PlannedStage("train", "to do", 24_000, True, 144.0, "rates", None)
    >>> wait_words(RunPlan((train,)), 50).partition(" (")[0]
    'what is left takes about 2 min, of which the training with 50 classes takes 2 min'
    """
    train = next((stage for stage in plan.to_do if stage.name == "train"), None)
    left = sum(stage.seconds or 0.0 for stage in plan.to_do)
    if train is None or train.seconds is None or left < _LONG_S:
        return ""
    classes = f" with {outputs:,} classes" * (outputs >= _MANY_CLASSES)
    said = (
        f"what is left takes about {rough_duration(left)}, of which the training{classes} takes "
        f"{rough_duration(train.seconds)}"
    )
    if train.seconds_from == "budget":
        return f"{said}, as train.budget says"
    rest = "rough guess, good to a factor of five" if train.seconds_from == "rates" else "guess"
    return f"{said} (a {rest}); train: {{budget: 60s}} would end it sooner"
