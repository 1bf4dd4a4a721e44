"""Choose what the recipe leaves open: the model, and every setting of its training.

`fast` answers in a fraction of the time, `good` is what to ship, `best` spends several times more
for the last tenths.  The numbers of `good` for `mlp` and `cnn` were chosen on a tenth of MNIST's
training part, never on a test part; `fast`, `best`, `resnet` and tables through networks are set by
analogy and were not tuned.

Epochs follow the rows: what matters is the number of steps, so few rows are seen more often, within
limits.  A key that the recipe gives is never overruled.  What is usual for a kind of network, its
step says (`Network.habits`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from stoker.answers import Answers
from stoker.answers.classes import ClassAnswers
from stoker.core import events
from stoker.core.steps import step_name
from stoker.features import Pixels, TokenIds
from stoker.models import Estimator, Model, Network, check_answers
from stoker.models.pretrained import Pretrained, missing_backbone
from stoker.networks.stages import Shape
from stoker.train.habits import Habits, Preset
from stoker.train.settings import Settings

if TYPE_CHECKING:
    from stoker.features import FittedFeature, Kind
    from stoker.tasks import FittedTask


_PICTURE_NETWORK: dict[Preset, tuple[int, int]] = {
    "fast": (16, 1),
    "good": (32, 1),
    "best": (32, 2),
}
"""Width and depth of the `cnn` for pictures."""

_COMPARED_ROWS = 64
"""Rows of a batch where a loss compares them with each other: more rows are more to be told from.
"""

_COLOURS = 3
_MOST_PRETRAINED = 20_000
"""Colour pictures up to which a pretrained backbone is the first choice: on 1,911 emoji its
vectors and a linear model gave 0.750 (3 folds), `cnn` 0.702 on a test part.
Grey ones are unlike those it learned from."""

_FINE_TUNED: dict[Preset, int] = {"good": 1, "best": 2}
"""Its last layers that are trained further (decision 033)."""

Texts = Literal["none", "rows", "tokens"]
"""No texts go in; each row gets an answer; each token does."""

_FOR_ESTIMATORS = {"budget_s", "checkpoint_every_s", "threads", "class_weights"}
"""Settings that a model which fits itself follows, and one that changes nothing that comes out."""


@dataclass(frozen=True)
class TrainingChoice:
    """What will be trained, how, and why."""

    model: Model
    """The recipe's model, or the one that was chosen."""
    settings: Settings
    """Every value settled; an estimator ignores what only networks need."""
    reason: str
    """One sentence for the user."""


@dataclass(frozen=True)
class Situation:
    """What presets look at."""

    preset: Preset
    features: Mapping[str, FittedFeature]
    num_rows: int

    @property
    def images(self) -> list[Pixels]:
        """Columns of pictures."""
        return [kind for kind in self.kinds if isinstance(kind, Pixels)]

    @property
    def kinds(self) -> list[Kind | None]:
        """What each column holds."""
        return [feature.holds for feature in self.features.values()]

    @property
    def has_tokens(self) -> bool:
        """Whether a column holds rows of any length."""
        return any(isinstance(kind, TokenIds) for kind in self.kinds)

    def texts(self, task: FittedTask) -> Texts:
        """Whether texts go in, and what of them gets an answer."""
        if task.output.column is not None:
            return "tokens"
        return "rows" if self.has_tokens else "none"

    @property
    def picture(self) -> Shape | None:
        """Channels, height and width of the first image column, if there is one."""
        return next(((f.channels, f.height, f.width) for f in self.images), None)

    @property
    def has_table(self) -> bool:
        """Whether anything but images goes in."""
        return len(self.images) < len(self.features)


def choose(  # noqa: PLR0913 - what presets look at, each by its name
    preset: Preset,
    model: Model | None,
    features: Mapping[str, FittedFeature],
    task: FittedTask,
    num_rows: int,
    overrides: Mapping[str, Any],
    *,
    why: str = "as asked",
) -> TrainingChoice:
    """Settle model and settings.

    Args:
        preset: How much effort.
        model: The recipe's model, None if it names none.
        features: Fitted features by column.
        task: Fitted task.
        num_rows: Training rows.
        overrides: Keys of `Settings` that the recipe gives; they win.
        why: Why `model` is named.

    Raises:
        ValidationError: If an override has a wrong value.
    """
    situation = Situation(preset, features, num_rows)
    given = {name: value for name, value in overrides.items() if value is not None}
    reason = f"{step_name(model)}, {why}" if model else ""
    if model is not None:
        check_answers(model, task.gives)
    if model is None:
        model, reason = choose_model(
            preset,
            picture=situation.picture,
            has_table=situation.has_table,
            texts=situation.texts(task),
            num_rows=num_rows,
            given=given,
            gives=task.gives,
        )
        if isinstance(model, Pretrained) and (why_not := missing_backbone()):
            events.warning(f"{why_not}; the network is trained from scratch instead")
            model, reason = _from_scratch(preset, has_table=situation.has_table)
    defaults = _defaults(situation, model.habits) if isinstance(model, Network) else {}
    if task.sampler and defaults:
        rows = max(defaults["batch_size"], _COMPARED_ROWS)
        defaults |= {"sampler": task.sampler, "batch_size": rows}
    if "accumulate" in given:  # a piece has a row at least
        defaults["batch_size"] = max(defaults.get("batch_size", 1), given["accumulate"])
    if isinstance(model, Estimator):
        _warn_of_unused(model, given)
    settings = Settings.model_validate({**defaults, **given})
    _warn_of_small_batches(settings, num_rows)
    outputs = f"{task.output.width} outputs" if task.output.width > 1 else "1 output"
    outputs = "vectors" if task.output.is_free else outputs
    how = f"preset {preset}: {settings.epochs} epochs of {num_rows:,} rows, {outputs}"
    return TrainingChoice(
        model, settings, reason if isinstance(model, Estimator) else f"{reason}; {how}"
    )


def choose_model(  # noqa: PLR0913 - what presets look at, each by its name
    preset: Preset,
    *,
    picture: Shape | None,
    has_table: bool,
    num_rows: int,
    given: Collection[str] = (),
    texts: Texts = "none",
    gives: type[Answers] = ClassAnswers,
) -> tuple[Model, str]:
    """The model for these inputs where the recipe names none, and why.

    Args:
        preset: How much effort.
        picture: Channels, height and width of a picture column, if there is one.
        has_table: Whether anything but pictures goes in.
        num_rows: Training rows.
        given: Keys of `train` that the recipe gives; who says how a network is trained means one.
        texts: Whether texts go in, and what of them gets an answer.
        gives: The kind of answers that the task gives.
    """
    if texts == "tokens":
        from stoker.models.dilated_cnn import DilatedCnn

        return DilatedCnn(), "dilated_cnn: convolutions that see each token and those around it"
    if picture is None and texts == "rows":
        from stoker.models.bag import Bag

        return Bag(), "bag: a linear model of the words of texts and of the columns beside them"
    if picture is None:
        from stoker.models.blend import Blend
        from stoker.models.mlp import Mlp

        if not issubclass(gives, Blend.takes):
            return Mlp(), f"mlp, as neither trees nor linear models of tables give {gives.of}"
        return Blend(), f"blend: several candidates are tried ({preset}), and the best are averaged"
    is_told_how = not _FOR_ESTIMATORS.issuperset(given)
    are_few = picture[0] >= _COLOURS and num_rows <= _MOST_PRETRAINED and texts == "none"
    are_few = are_few and issubclass(gives, Pretrained.takes)
    if preset != "fast" and are_few and not is_told_how:
        why = f"pretrained, as {num_rows:,} colour pictures are few for a network from scratch"
        return Pretrained(fine_tune=_FINE_TUNED[preset]), why
    return _from_scratch(preset, has_table=has_table)


def _from_scratch(preset: Preset, *, has_table: bool) -> tuple[Model, str]:
    """The network for pictures that starts with random weights."""
    from stoker.models.cnn import Cnn

    width, depth = _PICTURE_NETWORK[preset]
    hybrid = " joined by the other columns" if has_table else ""
    why = f"cnn (width {width}, depth {depth}) for images{hybrid}"
    return Cnn(width=width, depth=depth, dropout=0.2), why


def _defaults(situation: Situation, habits: Habits) -> dict[str, Any]:
    """Settings of a network that is trained as usual."""
    return {
        "optimizer": {"adamw": {"weight_decay": habits.weight_decay}},
        "schedule": habits.schedule,
        "rate": habits.rate,
        "epochs": habits.num_epochs(situation.preset, situation.num_rows),
        "batch_size": habits.num_batch_rows(situation.num_rows),
        "ema": None if situation.preset == "fast" else habits.ema,
        "gradient_clip": habits.clips_tables if situation.has_table else None,
        "patience": habits.patience,
        "augment": _moves(situation, habits),
        **({"sampler": "bucketed"} if situation.has_tokens else {}),
    }


def _moves(situation: Situation, habits: Habits) -> list[dict[str, dict[str, float]]]:
    """Shifts by about a 28th of the shorter side, at least a pixel, and turns where usual."""
    if not situation.images or habits.moves == "none":
        return []
    side = min(min(image.height, image.width) for image in situation.images)
    moves: list[dict[str, dict[str, float]]] = [
        {"shift": {"pixels": max(1, min(16, round(side / 28)))}},
        {"rotate": {"degrees": 10, "zoom": 0.1}},
    ]
    is_turned = habits.moves == "turn" and situation.preset != "fast"
    return moves if is_turned else moves[:1]


def _warn_of_unused(model: Model, given: Mapping[str, object]) -> None:
    """Say which keys of the recipe a model that fits itself does not look at."""
    unused = sorted(given.keys() - _FOR_ESTIMATORS)
    if unused:
        keys = ", ".join(f"train.{name}" for name in unused)
        events.warning(f"{keys}: {step_name(model)} does not use that; it is for networks")


def _warn_of_small_batches(settings: Settings, num_rows: int) -> None:
    if settings.batch_size < 16 <= num_rows:
        events.warning(
            f"batch_size {settings.batch_size} spends most of its time on overhead; 64 or more is "
            "several times faster, with a rate raised in proportion"
        )
