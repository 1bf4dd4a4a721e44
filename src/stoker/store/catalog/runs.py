"""Runs and their stages: what each execution of a recipe did, and how it ended."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from stoker.core.errors import ArtifactError
from stoker.core.names import check_name, short
from stoker.store.catalog.lineage import record_artifact
from stoker.store.catalog.subject import Subject, now, to_json
from stoker.store.catalog.tables import METADATA
from stoker.store.process import Process, this_process

if TYPE_CHECKING:
    from stoker.store.manifest import Manifest

RUNS = Table(
    "runs",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("name", String(128), nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("finished_at", String(32)),
    Column("stoker", String(32), nullable=False),
    Column("recipe", Text, nullable=False),
    Column("overrides", Text, nullable=False),
    Column("result", Text),
    Column("host", String(255), nullable=False),
    Column("boot", String(64), nullable=False),
    Column("space", String(64), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

STAGES = Table(
    "stages",
    METADATA,
    Column("run", Integer, ForeignKey("runs.number", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("stage", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("fingerprint", String(64), index=True),
    Column("seconds", Float, nullable=False),
    Column("measured", Text, nullable=False),
)

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


class RunLog(Subject):
    """Runs of a home."""

    def start_run(
        self, name: str, recipe: str, *, stoker: str, overrides: Sequence[str] = ()
    ) -> str:
        """Write down that this process begins a run.

        Args:
            name: Name of the recipe.
            recipe: Its text.
            stoker: Version of stoker.
            overrides: Changes given with `--set`.

        Returns:
            The run's id, such as `r-20261122-093015-7f3a`.
        """
        process = this_process()
        run = f"r-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        with self._database.writing() as connection:
            while connection.execute(select(exists().where(RUNS.c.id == run))).scalar():
                run = run[:-4] + secrets.token_hex(2)
            connection.execute(
                insert(RUNS).values(
                    id=run,
                    name=check_name(name),
                    status="running",
                    started_at=now(),
                    stoker=stoker,
                    recipe=recipe,
                    overrides=to_json(list(overrides)),
                    host=process.host,
                    boot=process.boot,
                    space=process.space,
                    pid=process.pid,
                    process_started=process.started,
                )
            )
        return run

    def record_stage(  # noqa: PLR0913 - the columns of one row
        self,
        run: str,
        stage: str,
        fingerprint: str | None,
        status: str,
        seconds: float,
        *,
        manifest: Manifest | None = None,
        measured: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down what became of one stage, and the lineage of its artifact.

        Args:
            run: The run's id.
            stage: Name of the stage.
            fingerprint: Of the artifact it came to; None if it failed.
            status: `cached`, `resumed`, `done` or `failed`.
            seconds: Wall time.
            manifest: The artifact's, to keep its kind, size, summary and parents.
            measured: What the stage measured of itself: times and rates, which no artifact holds.
        """
        with self._database.writing() as connection:
            number = run_number(connection, run)
            last = select(func.max(STAGES.c.position)).where(STAGES.c.run == number)
            position = connection.execute(last).scalar()
            connection.execute(
                insert(STAGES).values(
                    run=number,
                    position=0 if position is None else position + 1,
                    stage=stage,
                    status=status,
                    fingerprint=fingerprint,
                    seconds=float(seconds),
                    measured=to_json(dict(measured or {})),
                )
            )
            if manifest is not None:
                record_artifact(connection, manifest)

    def measured(self, fingerprint: str) -> dict[str, Any]:
        """What a stage measured of itself when it last made this artifact; empty if nothing.

        Args:
            fingerprint: The artifact's.
        """
        query = (
            select(STAGES.c.measured)
            .where(STAGES.c.fingerprint == fingerprint, STAGES.c.status != "cached")
            .order_by(STAGES.c.run.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            text = connection.execute(query).scalar()
        return {} if text is None else self._value(text)

    def finish_run(
        self,
        run: str,
        status: Literal["done", "failed", "interrupted"],
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down how a run ended."""
        with self._database.writing() as connection:
            connection.execute(
                update(RUNS)
                .where(RUNS.c.number == run_number(connection, run))
                .values(status=status, finished_at=now(), result=to_json(dict(result or {})))
            )

    def runs(self, *, name: str | None = None, limit: int = 100) -> list[RunRecord]:
        """The latest runs, newest first, without their stages.

        Args:
            name: Only those of this recipe.
            limit: At most so many.
        """
        query = select(RUNS).order_by(RUNS.c.number.desc()).limit(limit)
        if name is not None:
            query = query.where(RUNS.c.name == name)
        with self._database.reading() as connection:
            return [self._as_run(row) for row in connection.execute(query)]

    def run(self, run: str) -> RunRecord:
        """One run with its stages.

        Args:
            run: Its id, the beginning of one if only one begins so, or `latest`.

        Raises:
            ArtifactError: If there is none, or several.
        """
        with self._database.reading() as connection:
            number = run_number(connection, run)
            row = connection.execute(select(RUNS).where(RUNS.c.number == number)).one()
            stages = connection.execute(
                select(STAGES).where(STAGES.c.run == number).order_by(STAGES.c.position)
            )
            return self._as_run(row, [_as_stage(stage) for stage in stages])

    def kept_by_runs(self) -> set[str]:
        """Artifacts of runs at work, and of the latest run of each recipe."""
        latest = select(func.max(RUNS.c.number)).group_by(RUNS.c.name)
        done = latest.where(RUNS.c.status == "done")
        with self._database.reading() as connection:
            running = connection.execute(select(RUNS).where(RUNS.c.status == "running")).all()
            at_work = [row.number for row in running if _process(row).is_alive()]
            kept = select(STAGES.c.fingerprint).where(
                STAGES.c.fingerprint.is_not(None),
                or_(*(STAGES.c.run.in_(runs) for runs in (latest, done, at_work))),
            )
            return {*connection.execute(kept).scalars()}

    def _as_run(self, row: Row[Any], stages: Sequence[StageRecord] = ()) -> RunRecord:
        status: RunStatus = row.status
        if status == "running" and not _process(row).is_alive():
            status = "interrupted"
        return RunRecord(
            id=row.id,
            name=row.name,
            status=status,
            started_at=row.started_at,
            finished_at=row.finished_at,
            stoker=row.stoker,
            recipe=row.recipe,
            overrides=tuple(self._value(row.overrides)),
            result=self._value(row.result or "{}"),
            stages=tuple(stages),
        )


def run_number(connection: Connection, run: str) -> int:
    """The number of a run.

    Raises:
        ArtifactError: If no run begins so, or several.
    """
    query: Select[Any] = select(RUNS.c.number).order_by(RUNS.c.number.desc()).limit(2)
    if run != "latest":
        query = query.where(RUNS.c.id.startswith(run, autoescape=True))
    found = list(connection.execute(query).scalars())
    if not found or (len(found) > 1 and run != "latest"):
        raise ArtifactError(
            f"{'several runs begin' if found else 'no run begins'} with {short(run)}",
            expected="the id of a run, or `latest`",
            fix="stoker runs lists them",
        )
    return found[0]


def _process(row: Row[Any]) -> Process:
    return Process(row.host, row.boot, row.space, row.pid, row.process_started)


def _as_stage(row: Row[Any]) -> StageRecord:
    return StageRecord(row.stage, row.status, row.fingerprint, row.seconds)
