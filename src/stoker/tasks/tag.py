"""Tag: the spans of a text that are something: names, places, amounts, findings.

A target is a list of spans, `[{"start": 0, "end": 4, "label": "PER"}]`: `start` counts characters
from 0 and `end` is the one behind the last, as Python cuts texts.  It stands in JSON lines as it
is, and in CSV as the same text.  An empty list is a text without spans; an empty cell is a missing
target.

A model tags tokens, so a span that begins or ends inside of a token cannot be answered, nor one
behind the place where a text was cut.  How many those are is said, and scores count them as missed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import pyarrow as pa
from pydantic import PrivateAttr

from stoker.answers import Answers
from stoker.answers.tags import TagAnswers, best_tags, log_shares, spans_of
from stoker.cells import BadCell
from stoker.cells.column import Column
from stoker.cells.ragged import Ragged
from stoker.cells.raw import cell_text, is_text, one_array
from stoker.core import events
from stoker.core.errors import ArtifactError, DataError, RecipeError
from stoker.core.names import listed
from stoker.features import FittedFeature, Transformed
from stoker.features.tokens import FittedTokens
from stoker.tasks import FittedTask, OutputSpec, Task

_FORM = '[{"start": 0, "end": 4, "label": "PER"}]'
_OUTSIDE = 5.0
"""Logit by which "outside" leads where nothing is looked at."""


class Span(NamedTuple):
    """A piece of a text."""

    start: int
    """First character, from 0."""
    end: int
    """The one behind the last."""
    label: str


class FittedTag(FittedTask):
    """Turns spans into tags of tokens, and logits of tokens into spans."""

    text: str
    """The input column whose characters spans count."""
    names: tuple[str, ...]
    """Labels of spans, sorted."""
    counts: tuple[int, ...]
    """Training spans of each label."""

    gives: ClassVar[type[Answers]] = TagAnswers
    loss: ClassVar[str] = "tag_likelihood"
    predicts: ClassVar[str] = "the spans of a text"

    _texts: tuple[str, ...] = PrivateAttr(default=())
    _bounds: Ragged | None = PrivateAttr(default=None)

    @property
    def output(self) -> OutputSpec:
        """A logit for each tag of each token: outside, and two for each label."""
        return OutputSpec(("row", "token", "tag"), 1 + 2 * len(self.names), self.text)

    @property
    def primary(self) -> tuple[str, ...]:
        """F1 of whole spans; without any span in sight the tags."""
        return ("span_f1", "tag_accuracy")

    @property
    def watched(self) -> tuple[str, ...]:
        """The same."""
        return ("span_f1",)

    @property
    def target_form(self) -> Column:
        """int32, the head of a row and a tag for each token."""
        return Column("int32", ragged=True)

    @property
    def constant_output_K(self) -> np.ndarray:
        """Outside of all spans."""
        return np.r_[_OUTSIDE, np.zeros(2 * len(self.names))]

    def constant_outputs(self, target: Any) -> Ragged:
        """The same for each token."""
        offsets = target.offsets - np.arange(len(target.offsets))
        return Ragged(np.tile(self.constant_output_K, (int(offsets[-1]), 1)), offsets)

    def about(self, rows: pa.Table, inputs: Mapping[str, FittedFeature]) -> Self:
        """The task for the texts of these rows.

        Raises:
            RecipeError: If the text is no input, or is not read as tokens.
        """
        feature = inputs.get(self.text)
        if not isinstance(feature, FittedTokens):
            what = "is no input" if feature is None else "is not read as tokens"
            raise RecipeError(
                f"spans count the characters of {self.text!r}, which {what}",
                fix=f"write inputs: {{{self.text}: tokens}}",
            )
        bound = self.model_copy()
        column = one_array(rows[self.text])
        bound._texts = tuple(text or "" for text in column.cast(pa.string()).to_pylist())
        bound._bounds = feature.bounds(column)
        return bound

    def encode(self, column: pa.ChunkedArray | pa.Array) -> Transformed:
        """Of each row how many spans no tokens can mark, then the tag of each token, int32.

        `about` comes first.  A label that training never saw, or spans that lie over each other or
        outside of the text, are a bad cell.
        """
        assert self._bounds is not None, "a tag is about texts"
        bad: list[BadCell] = []
        rows: list[np.ndarray] = []
        cells = one_array(column)
        for index, (given, text) in enumerate(zip(cells.to_pylist(), self._texts, strict=True)):
            found = _why_bad(given, text, self.names)
            if isinstance(found, str):
                bad.append(BadCell(index, cell_text(cells, index), found))
                found = []
            rows.append(self._tags(found, self._bounds[index]))
        lengths_N = np.array([len(row) for row in rows], np.int64)
        offsets = np.concatenate([np.zeros(1, np.int64), lengths_N.cumsum()])
        values = np.concatenate([np.zeros(0, np.int32), *rows])
        return Transformed(values, tuple(bad), offsets=offsets)

    def decode(self, output_NK: Any, weights: Sequence[float] | None = None) -> pa.Table:
        """Answers: `prediction`, a list of spans with label, text and confidence.

        `about` comes first.  Confidence is the least probability of a span's tags.

        Args:
            output_NK: Logits of each token, a `Ragged`.
            weights: Of classes; tags have none.

        Raises:
            ArtifactError: If a logit is NaN; an answer made from it would be noise.
        """
        bounds = self._bounds
        assert bounds is not None, "a tag is about texts"
        _refuse_nan(output_NK)
        share = Ragged(log_shares(output_NK.values), output_NK.offsets)
        tag_V = best_tags(share)
        sure_V = np.exp(share.values[np.arange(len(tag_V)), tag_V])
        answers: list[list[dict[str, object]]] = [[] for _ in self._texts]
        spans = spans_of(Ragged(tag_V, output_NK.offsets))
        for row, first, behind, label in zip(*(part.tolist() for part in spans), strict=True):
            start, end = bounds[row][first:behind][[0, -1], [0, 1]].tolist()
            at = int(output_NK.offsets[row])
            sure = float(sure_V[at + first : at + behind].min())
            found = {"start": start, "end": end, "label": self.names[label]}
            answers[row].append({**found, "text": self._texts[row][start:end], "confidence": sure})
        return pa.table({"prediction": pa.array(answers, _SPANS)})

    def answers(
        self, output_NK: Any, target_N: Any, weights: Sequence[float] | None = None
    ) -> TagAnswers:
        """Logits of each token beside the true tags."""
        return TagAnswers(output_NK, target_N, self.names)

    def why_not_like(self, other: FittedTask) -> str:
        """The same labels of the same text are needed."""
        if not isinstance(other, FittedTag):
            return "it was made for another task"
        if other.text != self.text:
            return f"it marks spans of {other.text!r}"
        changed = sorted(set(self.names) ^ set(other.names))
        return f"it knows other labels: {listed(changed)}" if changed else ""

    def outputs_from(self, other: FittedTask, output_NK: Any) -> Any:
        """Its tags in the order of these; both are sorted, so they are."""
        return output_NK

    def output_schema(self) -> dict[str, Any]:
        """An object with a list of spans."""
        place = {"type": "integer", "minimum": 0}
        span = {
            "start": {**place, "description": "First character, from 0."},
            "end": {**place, "description": "The character behind the last."},
            "label": {"type": "string", "enum": list(self.names)},
            "text": {"type": "string"},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        }
        items = {"type": "object", "properties": span, "required": list(span)}
        return {
            "type": "object",
            "properties": {"prediction": {"type": "array", "items": items}},
            "required": ["prediction"],
        }

    def _tags(self, spans: Sequence[Span], bound_T2: np.ndarray) -> np.ndarray:
        """The head of a row and its tags."""
        tag_T = np.zeros(len(bound_T2), np.int32)
        lost = 0
        for span in spans:
            at = np.flatnonzero((bound_T2[:, 0] < span.end) & (bound_T2[:, 1] > span.start))
            ends = bound_T2[at[[0, -1]], [0, 1]].tolist() if len(at) else None
            if ends != [span.start, span.end] or tag_T[at].any():
                lost += 1
                continue
            tag = 1 + 2 * self.names.index(span.label)
            tag_T[at[0] : at[-1] + 1] = tag + 1
            tag_T[at[0]] = tag
        return np.r_[np.int32(lost), tag_T]


def _refuse_nan(output: Ragged) -> None:
    is_nan_V = np.isnan(output.values).any(axis=1)
    if is_nan_V.any():
        row = int(np.searchsorted(output.offsets, is_nan_V.argmax(), side="right")) - 1
        raise ArtifactError(
            f"the model's output for row {row} is not a number",
            expected="finite outputs",
            fix="the weights or an input are damaged; verify the bundle, then look at that row",
        )


_SPANS = pa.list_(
    pa.struct(
        [
            ("start", pa.int64()),
            ("end", pa.int64()),
            ("label", pa.string()),
            ("text", pa.string()),
            ("confidence", pa.float64()),
        ]
    )
)


class Tag(Task):
    """Mark the spans of a text: names, places, amounts."""

    gives: ClassVar[type[Answers]] = TagAnswers
    per_token: ClassVar[bool] = True

    text: str
    """The input column whose characters spans count; its feature is `tokens`."""

    def fit(self, target: pa.ChunkedArray) -> FittedTag:
        """Learn the labels.

        Raises:
            DataError: If no span is among the training rows.
        """
        count: Counter[str] = Counter()
        first_bad = ""
        for given in one_array(target).to_pylist():
            spans = read_spans(given)
            if isinstance(spans, str):
                first_bad = first_bad or f", such as {given!r:.60}, which {spans}"
            else:
                count.update(span.label for span in spans)
        if not count:
            raise DataError(
                f"no span among {len(target)} training targets{first_bad}",
                expected=f"a list in each cell, such as {_FORM}",
            )
        _warn_of_rare(count)
        names = tuple(sorted(count))
        return FittedTag(text=self.text, names=names, counts=tuple(count[n] for n in names))

    def called(self, count: Mapping[str, int]) -> dict[str, str]:
        """Every list of spans is one of its own."""
        return {name: name for name in count}

    def missing_N(self, column: pa.ChunkedArray | pa.Array) -> np.ndarray:
        """Empty cells; an empty list is a text without spans."""
        cells = one_array(column)
        gone_N = cells.is_null().to_numpy(zero_copy_only=False)
        if is_text(cells.type):
            gone_N = gone_N | np.array([not (text or "").strip() for text in cells.to_pylist()])
        return gone_N


def read_spans(given: object) -> list[Span] | str:
    """The spans of a cell; a text is why there are none.

    >>> read_spans('[{"start": 0, "end": 4, "label": "PER"}]')
    [Span(start=0, end=4, label='PER')]
    >>> read_spans([[0, 4, "PER"]]) == read_spans('[[0, 4, "PER"]]')
    True
    >>> read_spans("Anna")
    'is no list of spans'
    """
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return "is no list of spans"
    if not isinstance(given, list):
        return "is no list of spans"
    found = [_span(one) for one in given]
    wrong = next((one for one in found if isinstance(one, str)), None)
    return wrong or [one for one in found if isinstance(one, Span)]


def _span(given: object) -> Span | str:
    if isinstance(given, Mapping):
        given = [given.get(key) for key in ("start", "end", "label")]
    match given:
        case [int(start), int(end), str(label)] if 0 <= start < end and label:
            if not isinstance(start, bool) and not isinstance(end, bool):
                return Span(start, end, label)
    return f"holds {given!r:.60}, which is no span: start, end and label"


def _why_bad(given: object, text: str, names: Sequence[str]) -> list[Span] | str:
    """Spans in their order, or why a cell cannot be used."""
    if given is None or given == "":
        return "is missing; a list of spans is needed, [] for none"
    spans = read_spans(given)
    if isinstance(spans, str):
        return spans
    spans = sorted(spans)
    return next(_faults(spans, text, names), spans)


def _faults(spans: Sequence[Span], text: str, names: Sequence[str]) -> Iterator[str]:
    before = 0
    for start, end, label in spans:
        where = f"holds the span {start} to {end}"
        if end > len(text):
            yield f"{where}, and the text has {len(text)} characters"
        if start < before:
            yield f"{where}, which lies over another one"
        if label not in names:
            yield f"{where} with the label {label!r}, which training never saw"
        before = max(before, end)


def _warn_of_rare(count: Counter[str]) -> None:
    """Name the labels that a single span has."""
    rare = sorted(label for label, spans in count.items() if spans == 1)
    if rare:
        events.warning(f"a single training span is labelled {listed(rare)}, which says too little")
