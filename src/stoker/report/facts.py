"""What a report says, as one plain value: page, JSON and model card are all made from it.

Whatever is not known may be left out; the page says so or skips the part.  Survives JSON unchanged
(pictures as base64), so `ReportFacts.model_validate_json` reads a `report.json` back.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from stoker.bundle.decision import Decision
from stoker.candidates.leaderboard import Leaderboard, Timing
from stoker.candidates.learning_curve import LearningCurve
from stoker.core.value import Value
from stoker.data.profile.choice import Choice
from stoker.data.profile.column import Profile
from stoker.evaluate.evaluation import CONSTANT, Comparison, Evaluation, Score
from stoker.evaluate.gates import GateResult
from stoker.evaluate.leaks import Asked, Suspect
from stoker.evaluate.probes.look import Findings
from stoker.report.cells import Cell

MOST_MISTAKES = 24
_PART_ORDER = {"train": 0, "validation": 1, "test": 2}


class StageFact(Value):
    """One stage of the run."""

    name: str
    status: Literal["cached", "resumed", "done", "failed"]
    seconds: float
    """Wall time spent on it in this run."""
    fingerprint: str = ""
    """Of code, recipe part and inputs; the artifact's name in the store."""
    digest: str = ""
    """SHA-256 of the artifact's contents."""
    parents: tuple[str, ...] = ()
    """Stages whose artifacts it read."""


class SourceFact(Value):
    """One source of raw rows."""

    source: str
    licence: str | None = None
    part: str | None = None
    """Part that the source itself decrees for its rows."""
    rows_in: int
    rows_out: int
    rejected: int


class FlowFact(Value):
    """What a step did to the rows."""

    step: str
    rows_in: int
    rows_out: int
    rejected: int
    notes: tuple[str, ...] = ()


class PartFact(Value):
    """One part of the split."""

    name: str
    rows: int
    labels: dict[str, int] | None = None
    """Rows of each class; None for numbers."""


class RejectSample(Value):
    """One row that was left out."""

    source: str
    line: int | None = None
    column: str | None = None
    found: str | None = None
    reason: str | None = None
    """Its own reason, where those of its kind differ in places or values."""


class RejectFact(Value):
    """All rows left out for one kind of reason."""

    step: str
    reason: str
    rows: int
    samples: tuple[RejectSample, ...] = ()


class DataFacts(Value):
    """Where the rows came from and what became of them."""

    sources: tuple[SourceFact, ...] = ()
    columns: dict[str, str] = Field(default_factory=dict)
    """Column to Arrow type, as acquired."""
    flow: tuple[FlowFact, ...] = ()
    """Every stage and cleaning step that rows went through, in order."""
    split_method: str = ""
    parts: tuple[PartFact, ...] = ()
    notes: tuple[str, ...] = ()
    rejects: tuple[RejectFact, ...] = ()

    @property
    def parts_in_order(self) -> list[PartFact]:
        """Train, validation and test in this order, as JSON objects have none."""
        return sorted(self.parts, key=lambda part: _PART_ORDER.get(part.name, 3))


class TrainingFacts(Value):
    """How the model was made."""

    model: str
    """Recipe name of the model, such as `cnn`."""
    reason: str = ""
    """Why this model and these settings."""
    num_weights: int | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    """Every resolved value."""
    history: tuple[dict[str, float], ...] = ()
    """One record per epoch or round."""
    seconds: dict[str, float] = Field(default_factory=dict)
    """Wall time by what it was spent on: data, forward, step, evaluation, checkpoint..."""
    steps: int | None = None
    stopped: str = ""
    """Why training ended."""
    threads: int | None = None
    """CPU threads that it worked on, where that is known."""
    gemm_share: float | None = None
    """Arithmetic done per second of training, as a share of this machine's matrix product peak."""
    parity: float | None = None
    """Largest difference between the bundle's answers to raw rows and the model's in training, as a
    share of their scale."""
    parity_rows: int = 0
    """Rows on which they were compared."""
    validation_rows: int = 0
    """Rows of the validation part, of which these are evenly spaced ones if they are more."""


class CompressFact(Value):
    """One candidate of compression."""

    name: str
    """`model` for the uncompressed one."""
    size_bytes: int | None = None
    """Of the graph; None if the candidate could not be made."""
    score: float | None = None
    """Validation score that was compared."""
    latency_ms: dict[str, float] = Field(default_factory=dict)
    """Median milliseconds by batch size."""
    status: Literal["chosen", "kept", "refused", "skipped"]
    """`chosen`: it is in the bundle; `kept`: good enough, another one is better; `refused`: made
    and measured, but too bad or too slow; `skipped`: it could not be made."""
    reason: str = ""

    @property
    def decision(self) -> str:
        """What became of it, and why, in words.

        >>> CompressFact(name="int8", status="skipped", reason="no weights").decision
        'could not be made: no weights'
        """
        words = {
            "chosen": "in the bundle",
            "kept": "good enough, but not chosen",
            "refused": "refused",
            "skipped": "could not be made",
        }[self.status]
        return f"{words}: {self.reason}" if self.reason else words


class CompressFacts(Value):
    """Candidates, and which one went into the bundle."""

    score_name: str = "accuracy"
    rows: int = 0
    """Validation rows on which they were compared; 0 where nobody noted it."""
    all_rows: int = 0
    """Rows of the part, of which these are evenly spaced ones if they are more."""
    candidates: tuple[CompressFact, ...]
    decision: str


class MistakeFact(Value):
    """A row that was answered badly."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    row: int | None = None
    source: str | None = None
    line: int | None = None
    truth: str | float
    prediction: str | float
    confidence: float | None = None
    image: bytes | None = None
    """Encoded picture as acquired; `write_report` makes a small PNG of it."""
    cells: dict[str, Cell] = Field(default_factory=dict)
    """The row's other columns."""


class VersionFact(Value):
    """The champion that the run found, asked about the rows that the run scored."""

    version: int
    created: str
    """Day of its registration."""
    is_same_split: bool
    """Whether its run divided the rows alike, so that it learned from none of them."""
    rows: int = 0
    """Rows that both were asked about."""
    all_rows: int = 0
    """Rows that the run scored, of which they are evenly spaced ones if these are more."""
    scores: dict[str, Score] = Field(default_factory=dict)
    """Of the old version."""
    new_scores: dict[str, Score] = Field(default_factory=dict)
    """Of the model of this run, on the same rows."""
    comparison: Comparison | None = None
    """The new one minus the old one, row by row."""
    note: str = ""
    """Why they could not be compared."""
    is_other_question: bool = False
    """Whether it was made for another target, other classes or another unit: then no score of it
    compares, whatever rows it was measured on."""


class SaidFact(Value):
    """One line that the run told the user."""

    stage: str
    """Stage that said it; `register` for what was said of the model's versions."""
    kind: Literal["message", "warning"]
    text: str


class ReportFacts(Value):
    """Everything a report says."""

    name: str
    """Of the recipe and the bundle."""
    run: str = ""
    created: str = ""
    """When, as text; left out of the model card."""
    recipe_text: str = ""
    overrides: tuple[str, ...] = ()
    """Changes of the recipe that were given with `--set`."""
    predicts: str
    """What it predicts, such as `the class`."""
    target: str
    """Column that is predicted."""
    inputs: dict[str, str] = Field(default_factory=dict)
    """Column to feature, as in `{"image": "image"}`."""
    example: dict[str, Cell] = Field(default_factory=dict)
    """A row that the model takes, of usual values and no real one; pictures in base64."""
    table: str = ".csv"
    """Ending of the files that hold rows."""
    own_source: str = ""
    """The source outside stoker that reads them; empty: the ending tells which does."""
    imports: tuple[str, ...] = ()
    """Modules outside stoker that whoever opens the bundle has to name."""
    serve_imports: tuple[str, ...] = ()
    """Those, and the modules of the protocols that the recipe names."""
    read_options: dict[str, Any] = Field(default_factory=dict)
    """Options with which commands have to read tables, such as `{"sheet": "2024"}`."""
    python_code: str = ""
    """The call of another library that reads such a table; empty where there is none."""
    bundle: str = ""
    """Path of the bundle as a user would type it."""
    registered: bool = False
    """Whether the run registered the bundle under `name`, so that commands can say the name."""
    home: str = ""
    """Home that commands have to name; empty if they find it by themselves."""
    scored_part: str = "test"
    """Part of the split that the evaluations are about."""
    evaluations: dict[str, Evaluation] = Field(default_factory=dict)
    """By candidate: `model`, `int8`, `baseline`..."""
    suspects: tuple[Suspect, ...] = ()
    """Columns that tell the answer alone."""
    asked: Asked = Asked()
    """On how many rows that was seen."""
    chosen: str = "model"
    """The candidate in the bundle."""
    gates: tuple[GateResult, ...] = ()
    gates_part: str = "test"
    """Part of the split that gates look at."""
    data: DataFacts = DataFacts()
    training: TrainingFacts | None = None
    baseline: str = ""
    """Recipe name of the baseline's model, such as `logistic`."""
    compress: CompressFacts | None = None
    mistakes: tuple[MistakeFact, ...] = ()
    stages: tuple[StageFact, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict)
    findings: Findings = Findings()
    """What probes found on validation rows."""
    leaderboard: Leaderboard | None = None
    """Every candidate that the training tried."""
    learning_curve: LearningCurve | None = None
    """What more rows would bring."""
    timings: tuple[Timing, ...] = ()
    """What was measured of them."""
    decision: Decision | None = None
    """How the bundle turns outputs into answers."""
    profile: Profile | None = None
    """What stands in the columns."""
    choices: tuple[Choice, ...] = ()
    """What became of each column, and why."""
    before: VersionFact | None = None
    """The champion that the run found, where it is another one."""
    said: tuple[SaidFact, ...] = ()
    """Every warning and message of the run, in order, those of cached stages too."""

    @property
    def candidates(self) -> list[str]:
        """Names of the evaluations: the one in the bundle first, what it is compared with last.

        The constant answer is the very last one.
        """
        reference = self.best.comparison.reference if self.best and self.best.comparison else None
        rank = {self.chosen: 0, reference: 2, CONSTANT: 3}
        return sorted(self.evaluations, key=lambda name: (rank.get(name, 1), name))

    @property
    def best(self) -> Evaluation | None:
        """The evaluation of the candidate in the bundle."""
        return self.evaluations.get(self.chosen)

    @property
    def constant(self) -> Evaluation | None:
        """The evaluation of the answer that looks at no input, where it was scored."""
        return self.evaluations.get(CONSTANT)

    @property
    def warnings(self) -> list[SaidFact]:
        """What the run warned of."""
        return [one for one in self.said if one.kind == "warning"]

    @property
    def is_no_better_than_constant(self) -> bool:
        """Whether the candidate in the bundle is known not to beat the constant answer."""
        best = self.best
        return best is not None and self.constant is not None and best.is_no_better_than_constant
