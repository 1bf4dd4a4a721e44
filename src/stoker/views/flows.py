"""The flows of rows of a run, stage by stage, as the summaries of its artifacts keep them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stoker.data.flow import Flow

if TYPE_CHECKING:
    from stoker.store.artifact import Artifact

REJECTS = "rejects.parquet"
_SHOWN = 3


def flows_of(artifact: Artifact) -> list[Flow]:
    """What the steps of one stage did to the rows; empty where it touches none."""
    return [Flow.model_validate(one) for one in artifact.manifest.summary.get("flows", ())]


def stages_with_rows(inputs: Mapping[str, Artifact]) -> Iterator[tuple[str, Artifact]]:
    """The stages that count rows, in the order in which the rows met them."""
    for stage, artifact in inputs.items():
        if "flows" in artifact.manifest.summary:
            yield stage, artifact


def rejects_path(artifact: Artifact) -> Path:
    """The table of what a stage left out."""
    return artifact.folder / REJECTS


@dataclass(frozen=True)
class Lost:
    """Rows that a run began with and did not use, whatever took them."""

    rows_in: int
    """Records that were found in the sources."""
    by_step: Mapping[str, int]
    """Rows by the step that left them out, most first."""

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.by_step.values())

    @property
    def share(self) -> float:
        """Their share of what was found, 0 to 1."""
        return self.rows / self.rows_in if self.rows_in else 0.0

    @property
    def text(self) -> str:
        """In words.

        >>> Lost(1300, {"exact_duplicates": 1296, "prepare": 1}).text
        '1,297 of 1,300 rows (99.8 %) are left out: 1,296 by exact_duplicates, 1 by prepare'
        """
        steps = list(self.by_step.items())
        named = [f"{rows:,} by {step}" for step, rows in steps[:_SHOWN]]
        rest = sum(rows for _, rows in steps[_SHOWN:])
        named += [f"{rest:,} by other steps"] * bool(rest)
        rows = "row" if self.rows_in == 1 else "rows"
        left = "is" if self.rows == 1 else "are"
        share = f"{100 * self.share:.3g} %"
        return f"{self.rows:,} of {self.rows_in:,} {rows} ({share}) {left} left out: " + ", ".join(
            named
        )


def lost(inputs: Mapping[str, Artifact]) -> Lost:
    """What the stages so far left out, taken together."""
    flows = [one for _, artifact in stages_with_rows(inputs) for one in flows_of(artifact)]
    by_step: dict[str, int] = {}
    for one in flows:
        by_step[one.step] = by_step.get(one.step, 0) + one.rows_in - one.rows_out
    ordered = sorted((item for item in by_step.items() if item[1]), key=lambda item: -item[1])
    return Lost(flows[0].rows_in if flows else 0, dict(ordered))
