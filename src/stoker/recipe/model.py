"""The recipe as a typed value: what a user may write, with every default.

Where a key takes steps, its type is marked `At(stage)`: the stage is the package whose files are
the names that may stand there.  This layer knows the stages by name only; their modules are
imported when a recipe asks for one of their steps.

A recipe is a plain frozen value.  `stoker.recipe.load` makes one from YAML with line numbers in
every error; from Python, `load_recipe({...})` takes the same keys, and steps as values.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, Strict, field_validator, model_validator

from stoker.core.errors import Place, RecipeError
from stoker.core.names import check_name
from stoker.core.steps import Step, step_spec
from stoker.core.value import Value
from stoker.recipe.values import Duration, Number, Share, Weight, Whole

VERSION = 1
_GATE = re.compile(r"\s*(<=|>=|<|>)\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


@dataclass(frozen=True)
class At:
    """Marks a key that takes steps, with the stage that has them."""

    stage: str
    """Package, such as `stoker.models`, or the one module that fits."""
    kind: str
    """Name of the abstract class there that its steps share, or of the one step that fits."""
    single: bool = False
    """Whether only that one step fits, so that its fields stand there without its name."""
    own_only: bool = False
    """Whether the steps of ours are used anyway, so that only a user's own may stand there."""


class Split(Value):
    """How rows are divided into train, validation and test."""

    test: Share = 0.15
    """Share of rows kept for the one final score; 0 where a source names the test part, or where
    nothing is kept and the validation part is scored, which is kinder."""
    validation: Share = 0.15
    """Share of rows for early stopping, choice of hyperparameters and gates."""
    stratify: str | None = None
    """Column whose values keep their shares in every part; usually the target."""
    group: str | None = None
    """Column whose equal values stay together in one part: the writer, the patient, the shop."""
    time: str | None = None
    """Column to order by: the oldest rows train, the newest test."""
    keep_duplicates_together: Literal["auto"] | bool = "auto"
    """Whether rows with equal inputs stand in one part; `auto`: pictures do, rows of a table do
    not, because equal ones are usually different people or things."""

    @model_validator(mode="after")
    def _leave_rows_to_train(self) -> Self:
        if self.test + self.validation >= 1:
            raise ValueError(f"test + validation is {self.test + self.validation:g}, not below 1")
        return self

    def spec(self) -> dict[str, Any]:
        """The one step of `stoker.data.split` that this asks for, as `make_step` reads it."""
        name = next(
            (
                name
                for name, column in (
                    ("by_time", self.time),
                    ("by_group", self.group),
                    ("stratified", self.stratify),
                )
                if column is not None
            ),
            "random",
        )
        return {name: {"test": self.test, "validation": self.validation}}


class Data(Value):
    """Where the rows come from, how they are cleaned and divided."""

    sources: Annotated[tuple[Step, ...], At("stoker.data.acquire", "Source"), Field(min_length=1)]
    """Files, folders and packages to read, in order; their rows are put together."""
    clean: Annotated[tuple[Step, ...], At("stoker.data.clean", "Cleaner")] = ()
    """Cleaning steps, in order; what they reject is kept and shown in the report."""
    split: Split = Split()
    """How rows are divided into train, validation and test."""
    max_rejects: Annotated[float, Strict(), Field(ge=0, le=1)] = 0.01
    """Share of rows that may be unusable before the run is refused."""
    max_lost: Annotated[float, Strict(), Field(ge=0, le=1)] = 0.5
    """Share of rows that all steps together may leave out before the run is refused, those that
    the recipe asks for too: duplicates, outliers, rows without a target."""
    missing_target: Literal["drop", "refuse"] = "drop"
    """Rows whose target is missing: `drop` leaves them out and says so, `refuse` stops the run."""


class Train(Value):
    """How the model is trained.  A key that is absent is chosen by the preset."""

    preset: Literal["fast", "good", "best"] = "good"
    """How much effort: `fast` for a first look, `good` for use, `best` for the last half point."""
    budget: Duration | None = None
    """Wall time that training may take, evaluation included; absent: the preset's epochs."""
    epochs: Annotated[Whole, Field(ge=1)] | None = None
    """Passes over the training part."""
    batch_size: Annotated[Whole, Field(ge=1)] | None = None
    """Rows per gradient step."""
    optimizer: Annotated[Step | None, At("stoker.train.optim", "Optimizer")] = None
    """How gradients change weights."""
    schedule: Annotated[Step | None, At("stoker.train.schedules", "Schedule")] = None
    """How the learning rate changes over training."""
    rate: Annotated[Number, Field(gt=0)] | Literal["find"] | None = None
    """Peak learning rate; `find` tries rates from tiny to large and takes the one where the loss
    falls fastest."""
    gradient_clip: Annotated[Number, Field(gt=0)] | None = None
    """Largest norm of the whole gradient; null: not clipped."""
    accumulate: Annotated[Whole, Field(ge=1)] | None = None
    """Batches whose gradients are added up before one step."""
    patience: Annotated[Whole, Field(ge=1)] | None = None
    """Epochs without improvement on the validation part before training stops; null: never."""
    sampler: Annotated[Step | None, At("stoker.train.samplers", "Sampler")] = None
    """Which rows make the batches of an epoch; absent: every row once."""
    strategy: Annotated[Step | None, At("stoker.train.strategies", "Strategy")] = None
    """Devices and processes that train; absent: one of each."""
    loss: Annotated[Step | None, At("stoker.train.losses", "Loss")] = None
    """What training makes small; absent: the loss of the task."""
    label_smoothing: Share | None = None
    """Share of certainty taken from the true class and spread over all."""
    class_weights: Literal["none", "balanced"] | dict[str, Weight] | None = None
    """Weight of each class in the loss, above 0; `balanced` weighs rare classes up."""
    ema: Annotated[Number, Field(gt=0, lt=1)] | None = None
    """Decay of the running average of weights that is used in the end; null: none."""
    augment: Annotated[tuple[Step, ...] | None, At("stoker.train.augment", "Augmentation")] = None
    """Random changes of training images, in order; `[]`: none."""
    hooks: Annotated[tuple[Step, ...], At("stoker.train.hooks", "Hook")] = ()
    """What looks on while a network is trained, such as `log: {path: losses.jsonl}`."""
    checkpoint_every: Duration = 30.0
    """Time between two checkpoints; a killed run goes on from the last."""
    threads: Annotated[Whole, Field(ge=0, le=1024)] = 0
    """Math threads; 0: as many as the work of a step is worth, at most one for each core."""

    @model_validator(mode="after")
    def _a_piece_has_rows(self) -> Self:
        if self.accumulate and self.batch_size and self.accumulate > self.batch_size:
            raise ValueError(
                f"accumulate {self.accumulate} cuts a batch of {self.batch_size} into empty pieces"
            )
        return self

    @property
    def given(self) -> dict[str, Any]:
        """The keys that were written and overrule the preset, with their values."""
        own = {"preset", "budget", "checkpoint_every", "threads", "hooks"}
        return {key: getattr(self, key) for key in sorted(self.model_fields_set - own)}


class Evaluate(Value):
    """How the result is judged."""

    gates: dict[str, str] = Field(default={}, examples=[{"accuracy": ">= 0.98"}])
    """Rules that the final score must meet, by metric, or no model is registered."""
    metrics: Annotated[
        tuple[Step, ...], At("stoker.evaluate.metrics", "Metric", own_only=True)
    ] = ()
    """Your own metrics, as `module:Class`, beside those of the task; gates name them so too."""
    resamples: Annotated[Whole, Field(ge=100, le=100_000)] = 1000
    """Bootstrap draws behind each 95 % interval; a fifth of them from 20,000 scored rows or groups
    on, where more say little more."""
    decision: Literal["accuracy", "f1"] | dict[str, Number | dict[str, Number]] = Field(
        default="accuracy",
        examples=["f1", {"cost": {"false_positive": 1, "false_negative": 5}}, {"recall": 0.8}],
    )
    """What the threshold between two classes is chosen for, on rows that the model was not fitted
    to: `accuracy` (the most probable class), `f1`, `{precision: 0.9}`, `{recall: 0.8}`, or costs as
    in `{cost: {false_positive: 1, false_negative: 5}}`."""

    @field_validator("decision")
    @classmethod
    def _decision_is_one(cls, decision: Any) -> Any:
        if isinstance(decision, str):
            return decision
        costs = decision.get("cost")
        if len(decision) == 1 and isinstance(costs, dict):
            if costs.keys() != {"false_positive", "false_negative"} or min(costs.values()) <= 0:
                raise ValueError("cost needs false_positive and false_negative, both above 0")
            return decision
        shares = [decision.get(name) for name in ("precision", "recall") if name in decision]
        if len(decision) != 1 or not all(isinstance(x, float) and 0 < x <= 1 for x in shares):
            raise ValueError("one of {cost: ...}, {precision: 0.9} and {recall: 0.8}")
        if not shares:
            raise ValueError("one of {cost: ...}, {precision: 0.9} and {recall: 0.8}")
        return decision

    @field_validator("gates")
    @classmethod
    def _gates_compare(cls, gates: dict[str, str]) -> dict[str, str]:
        for rule in gates.values():
            if not _GATE.fullmatch(rule):
                raise ValueError(f"{rule!r} is not a rule such as '>= 0.98'")
        return gates


class Compress(Value):
    """Which smaller candidates are tried; one is kept only if it is good enough and not slower."""

    max_accuracy_loss: Annotated[Number, Field(ge=0, le=1)] = 0.005
    """How much the main score may fall on the validation part."""
    methods: Annotated[tuple[Step, ...] | None, At("stoker.compress", "Compressor")] = None
    """Compressors to try; absent: `int8`."""


class Recipe(Value):
    """Everything a user says about one product."""

    version: Literal[1]
    """Version of the recipe's form."""
    name: str
    """Name of the model: letters, digits, `.`, `_` and `-`."""
    data: Data
    """Where the rows come from, how they are cleaned and divided."""
    inputs: Annotated[
        dict[str, Step] | None, At("stoker.features", "Feature"), Field(min_length=1)
    ] = None
    """Columns the model sees, each with its feature; absent: chosen from the data, and printed."""
    target: Annotated[
        dict[str, Step], At("stoker.tasks", "Task"), Field(min_length=1, max_length=1)
    ]
    """The column to predict, with its task."""
    model: Annotated[Step | None, At("stoker.models", "Model")] = None
    """The model; absent: the preset picks one for the inputs and says why."""
    train: Train = Train()
    """How the model is trained."""
    evaluate: Evaluate = Evaluate()
    """How the result is judged."""
    compress: Compress | None = Compress()
    """Which smaller candidates are tried; `off`: none."""
    serve: Annotated[
        Value | None, At("stoker.serve.serve_settings", "ServeSettings", single=True)
    ] = None
    """How `stoker serve` listens and what limits it keeps; absent: its defaults."""
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 0
    """What every random choice is derived from."""
    engine: Literal["native"] = "native"
    """Where table work runs."""

    _text: str = PrivateAttr(default="")
    _project: Path = PrivateAttr(default_factory=Path.cwd)
    _place: Callable[..., Place] | None = PrivateAttr(default=None)

    @field_validator("name")
    @classmethod
    def _name_is_safe(cls, name: str) -> str:
        try:
            return check_name(name)
        except RecipeError as error:
            raise ValueError(error.expected) from None

    @field_validator("compress", mode="before")
    @classmethod
    def _off_is_none(cls, value: object) -> object:
        return None if value == "off" else value

    @model_validator(mode="after")
    def _target_is_no_input(self) -> Self:
        if self.inputs and self.target_column in self.inputs:
            raise ValueError(f"column {self.target_column!r} is both target and input")
        return self

    @property
    def text(self) -> str:
        """The recipe as it was written, overrides not applied."""
        return self._text

    @property
    def project(self) -> Path:
        """Folder where its relative paths start, absolute."""
        return self._project

    @property
    def target_column(self) -> str:
        """Name of the column to predict."""
        return next(iter(self.target))

    @property
    def task(self) -> Step:
        """What is asked of the target."""
        return self.target[self.target_column]

    def canonical(self) -> dict[str, Any]:
        """Every key with its value, defaults and steps written out, as JSON values."""
        return _plain(self)

    def place(self, *path: str | int, of_key: bool = False) -> Place:
        """Where a value (or its key) was written, for errors that are found later.

        Args:
            *path: Keys and positions from the top, such as `"inputs", "age"`.
            of_key: Whether the key is wrong rather than its value.
        """
        return self._place(path, of_key=of_key) if self._place else Place("recipe")

    def written(self, text: str, project: Path, place: Callable[..., Place]) -> Self:
        """The same recipe, knowing its text, its project and where each key stands."""
        self._text, self._project, self._place = text, project, place
        return self


def _plain(value: Any, *, at: At | None = None) -> Any:
    """JSON form of a section, of a step (with its name), or of containers of them."""
    if isinstance(value, Value):
        if at and isinstance(value, Step):
            return step_spec(value)
        return {
            name: _plain(getattr(value, name), at=stage_of(field.metadata))
            for name, field in type(value).model_fields.items()
        }
    if isinstance(value, dict):
        return {key: _plain(item, at=at) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item, at=at) for item in value]
    return value


def stage_of(metadata: list[Any]) -> At | None:
    """The stage in a field's annotations, if it takes steps."""
    return next((one for one in metadata if isinstance(one, At)), None)
