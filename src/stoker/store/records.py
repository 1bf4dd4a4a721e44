"""What the catalog answers with: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

RunStatus = Literal["running", "done", "failed", "interrupted"]
"""`interrupted`: ended by Ctrl-C or SIGTERM, or the run's process died without saying how it ended;
running it again resumes."""


@dataclass(frozen=True)
class StageRecord:
    """One stage of one run."""

    stage: str
    status: str
    """`cached`, `resumed`, `done` or `failed`."""
    fingerprint: str | None
    """The artifact it came to, if it did."""
    seconds: float
    """Wall time."""


@dataclass(frozen=True)
class RunRecord:
    """One execution of a recipe."""

    id: str
    name: str
    """Name of the recipe."""
    status: RunStatus
    started_at: str
    """ISO 8601, UTC."""
    finished_at: str | None
    stoker: str
    """Version of stoker that ran it."""
    recipe: str
    """Text of the recipe."""
    overrides: tuple[str, ...]
    """Changes given with `--set`."""
    result: dict[str, Any]
    """What the pipeline said at the end; empty before."""
    stages: tuple[StageRecord, ...] = ()
    """In the order they were done; empty in lists."""


@dataclass(frozen=True)
class ModelRecord:
    """One version of a model."""

    name: str
    version: int
    """From 1."""
    fingerprint: str
    """The bundle's artifact."""
    metrics: dict[str, Any]
    run: str | None
    """The run it came from."""
    created_at: str
    aliases: tuple[str, ...] = ()
    """Such as `champion`."""
    deleted_at: str | None = None
    """When it was deleted; its number and its row stay."""


@dataclass(frozen=True)
class Ancestor:
    """An artifact that another was made from."""

    fingerprint: str
    kind: str | None
    """None if the catalog never saw it."""
    role: str
    """What it was to the child, such as `rows`; `self` for the one that was asked about."""
    child: str | None
    depth: int
    """Steps back, 0 for the one that was asked about."""
    summary: dict[str, Any]
