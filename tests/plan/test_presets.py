"""Presets: what the recipe leaves open is settled, what it says is kept."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stoker.core import events
from stoker.core.steps import step_name
from stoker.features import FittedFeature
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.models import Model, Network
from stoker.models.blend import Blend
from stoker.models.boosted_trees import BoostedTrees
from stoker.models.cnn import Cnn
from stoker.models.mlp import Mlp
from stoker.models.pretrained import Pretrained
from stoker.plan.presets import (
    Preset,
    Situation,
    TrainingChoice,
    _defaults,
    _moves,
    choose,
    choose_model,
)
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress
from stoker.train.augment.shift import Shift
from stoker.train.habits import Habits
from stoker.train.settings import Settings

TASK = FittedClassify(classes=("a", "b"), counts=(5, 5), kind="text")
AGE = FittedNumber(mean=0, std=1, low=0, high=1, had_missing=False, raw=True)
DIGIT = FittedImage(height=28, width=28, channels=1, resize="stretch", mean=(0.1,), std=(0.3,))


def pick(
    preset: Preset = "good",
    model: Model | None = None,
    rows: int = 54_000,
    overrides: dict[str, object] | None = None,
    **features: FittedFeature,
) -> TrainingChoice:
    return choose(preset, model, features or {"image": DIGIT}, TASK, rows, overrides or {})


def test_model_follows_the_inputs() -> None:
    assert isinstance(pick(image=DIGIT).model, Cnn)
    assert isinstance(pick(age=AGE).model, Blend)
    mixed = pick(image=DIGIT, age=AGE)
    assert isinstance(mixed.model, Network)
    assert "joined by the other columns" in mixed.reason


def test_the_recipes_model_is_kept_and_said() -> None:
    choice = pick(model=Mlp(hidden=(7,)))
    assert choice.model == Mlp(hidden=(7,))
    assert choice.reason.startswith("mlp, as asked; preset good: 7 epochs of 54,000")


@pytest.mark.parametrize("preset", ["fast", "good", "best"])
@pytest.mark.parametrize("model", [None, Mlp(), Cnn()])
def test_overrides_win_and_none_is_no_override(preset: Preset, model: Model | None) -> None:
    given: dict[str, object] = {
        "epochs": 3,
        "rate": 0.5,
        "batch_size": 77,
        "optimizer": "sgd",
        "patience": None,
    }
    settings = pick(preset, model, overrides=given).settings
    assert (settings.epochs, settings.rate, settings.batch_size) == (3, 0.5, 77)
    assert type(settings.optimizer).__name__ == "Sgd"
    assert Settings.model_validate(settings.model_dump()) == settings


def test_wrong_overrides_are_refused() -> None:
    with pytest.raises(ValidationError):
        pick(overrides={"epochs": 0})


def test_a_batch_has_a_row_for_each_piece_that_the_recipe_asks_for() -> None:
    settings = pick("good", Mlp(), rows=50, overrides={"accumulate": 100}).settings
    assert (settings.accumulate, settings.batch_size) == (100, 100)


def test_effort_rises_with_the_preset() -> None:
    epochs = [pick(preset, Mlp()).settings.epochs for preset in ("fast", "good", "best")]
    assert epochs == sorted(set(epochs))


def test_few_rows_are_seen_more_often_in_smaller_batches() -> None:
    settings = [pick(rows=rows).settings for rows in (200, 3_000, 60_000, 6_000_000)]
    epochs = [each.epochs for each in settings]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[-1] >= 1
    assert settings[0].batch_size == 16
    assert settings[2].batch_size == 128


def test_shifts_follow_the_size_of_pictures() -> None:
    large = DIGIT.model_copy(update={"height": 128, "width": 200})
    for image, pixels in ((DIGIT, 1), (large, 5)):
        assert Shift(pixels=pixels) in pick(image=image).settings.augment


def test_tables_are_never_augmented() -> None:
    assert pick(model=Mlp(), age=AGE).settings.augment == ()
    assert pick(model=Cnn(), age=AGE).settings.augment == ()


def test_a_setting_that_trees_do_not_look_at_is_named() -> None:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        given: dict[str, object] = {"epochs": 3, "rate": 0.1, "class_weights": "balanced"}
        choice = pick(model=BoostedTrees(), overrides=given, age=AGE)
    assert lines == [
        "train.epochs, train.rate: boosted_trees does not use that; it is for networks"
    ]
    assert choice.settings.class_weights == "balanced"


PHOTO = FittedImage(
    height=64, width=64, channels=3, resize="stretch", mean=(0.5,) * 3, std=(0.2,) * 3
)


@pytest.mark.parametrize(
    ("preset", "image", "rows", "name"),
    [
        ("good", PHOTO, 1_400, "pretrained"),
        ("best", PHOTO, 20_000, "pretrained"),
        ("good", PHOTO, 20_001, "cnn"),
        ("fast", PHOTO, 1_400, "cnn"),
        ("good", DIGIT, 1_400, "cnn"),
    ],
)
def test_few_colour_pictures_start_from_a_pretrained_network(
    preset: Preset, image: FittedImage, rows: int, name: str
) -> None:
    shape = (image.channels, image.height, image.width)
    model, reason = choose_model(preset, picture=shape, has_table=False, num_rows=rows)
    assert step_name(model) == name
    assert name in reason
    if isinstance(model, Pretrained):
        assert model.fine_tune == {"good": 1, "best": 2}[preset]


def test_without_the_weights_a_network_from_scratch_is_chosen_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stoker.plan.presets.missing_backbone", lambda: "no weights")
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        choice = pick(rows=1_400, image=PHOTO)
    assert step_name(choice.model) == "cnn"
    assert lines == ["no weights; the network is trained from scratch instead"]


def test_who_says_how_a_network_is_trained_gets_one() -> None:
    shape = (3, 64, 64)
    told, _ = choose_model(
        "good", picture=shape, has_table=False, num_rows=100, given=["epochs", "threads"]
    )
    assert isinstance(told, Cnn)


THREE = FittedClassify(classes=("a", "b", "c"), counts=(5, 5, 5), kind="text")
NUMBER = FittedRegress(mean=10, std=2, low=0, high=20)


@pytest.mark.parametrize(
    ("task", "outputs"), [(TASK, "2 outputs"), (THREE, "3 outputs"), (NUMBER, "1 output")]
)
def test_the_reason_says_epochs_rows_and_outputs(task: FittedTask, outputs: str) -> None:
    choice = choose("good", Mlp(), {"age": AGE}, task, 54_000, {}, why="the best of three")
    epochs = choice.settings.epochs
    said = f"mlp, the best of three; preset good: {epochs} epochs of 54,000 rows, {outputs}"
    assert choice.reason == said
    trees = choose("good", BoostedTrees(), {"age": AGE}, task, 54_000, {})
    assert trees.reason == "boosted_trees, as asked"


HABITS = Habits(weight_decay=0.125, ema=0.75, patience=9, clips_tables=2.5, rate=0.25)


@pytest.mark.parametrize(("preset", "ema"), [("fast", None), ("good", 0.75), ("best", 0.75)])
@pytest.mark.parametrize(
    ("features", "clip"), [({"age": AGE}, 2.5), ({"a": DIGIT, "b": AGE}, 2.5), ({"a": DIGIT}, None)]
)
def test_what_is_usual_for_a_network_is_its_training(
    preset: Preset, ema: float | None, features: dict[str, FittedFeature], clip: float | None
) -> None:
    """No average with `fast`; gradients are clipped where anything but pictures goes in."""
    found = _defaults(Situation(preset, features, 60_000), HABITS)
    assert (found["ema"], found["gradient_clip"]) == (ema, clip)
    assert found["optimizer"] == {"adamw": {"weight_decay": 0.125}}
    assert (found["rate"], found["patience"]) == (0.25, 9)
    assert (found["schedule"], found["batch_size"]) == ("one_cycle", 128)
    assert found["epochs"] == {"fast": 2, "good": 7, "best": 20}[preset]
    assert "sampler" not in found


@pytest.mark.parametrize(
    ("moves", "preset", "steps"),
    [
        ("none", "good", []),
        ("shift", "good", ["shift"]),
        ("turn", "fast", ["shift"]),
        ("turn", "good", ["shift", "rotate"]),
        ("turn", "best", ["shift", "rotate"]),
    ],
)
def test_pictures_move_as_usual_and_are_not_turned_in_a_hurry(
    moves: Any, preset: Preset, steps: list[str]
) -> None:
    found = _moves(Situation(preset, {"image": DIGIT}, 100), Habits(moves=moves))
    assert [name for (name,) in found] == steps
    assert _moves(Situation(preset, {"age": AGE}, 100), Habits(moves=moves)) == []


@pytest.mark.parametrize(
    ("height", "width", "pixels"), [(8, 900, 1), (70, 42, 2), (900, 56, 2), (2000, 900, 16)]
)
def test_a_shift_is_a_28th_of_the_shorter_side(height: int, width: int, pixels: int) -> None:
    image = DIGIT.model_copy(update={"height": height, "width": width})
    larger = DIGIT.model_copy(update={"height": 9000, "width": 9000})
    features: dict[str, FittedFeature] = {"other": larger, "image": image}
    found = _moves(Situation("good", features, 100), Habits())
    assert found == [{"shift": {"pixels": pixels}}, {"rotate": {"degrees": 10, "zoom": 0.1}}]


@pytest.mark.parametrize(
    ("size", "num_rows", "is_told"),
    [(15, 16, True), (16, 16, False), (15, 15, False), (1, 9, False)],
)
def test_batches_that_are_mostly_overhead_are_warned_of(
    size: int, num_rows: int, is_told: bool
) -> None:
    with events.recording(aloud=False) as lines:
        pick(model=Mlp(), rows=num_rows, overrides={"batch_size": size}, age=AGE)
    said = [f"batch_size {size} spends most of its time on overhead"] * is_told
    assert [line.text.partition(";")[0] for line in lines] == said


def test_a_situation_knows_its_columns() -> None:
    both = Situation("good", {"age": AGE, "photo": PHOTO, "digit": DIGIT}, 5)
    assert (both.picture, both.has_table, both.has_tokens) == ((3, 64, 64), True, False)
    alone = Situation("good", {"photo": PHOTO, "digit": DIGIT}, 5)
    assert (alone.has_table, len(alone.images)) == (False, 2)
    table = Situation("good", {"age": AGE}, 5)
    assert (table.picture, table.has_table) == (None, True)
