"""The catalog: what was run, what came of it, and what is called champion.

One database per home (`catalog.sqlite`), or a PostgreSQL database by URL for several machines.  It
holds no data and no weights: if it is lost, the artifacts are still found by their fingerprints.

Each call is one transaction and is durable when it returns.  Looking changes nothing: the first
write creates the database.  Opening one that is up to date takes a third of a second of CPU, nearly
all of it importing SQLAlchemy, so import this module late.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from sqlalchemy import Row, Select, exists, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from stoker.core.errors import ArtifactError
from stoker.core.names import check_name, short
from stoker.core.strict_json import parse_json
from stoker.store import versions
from stoker.store.database import Database
from stoker.store.lineage import ancestors, now, record_artifact, to_json
from stoker.store.process import Process, this_process
from stoker.store.records import Ancestor, ModelRecord, RunRecord, RunStatus, StageRecord
from stoker.store.tables import RUNS, STAGES

if TYPE_CHECKING:
    from stoker.store.manifest import Manifest


@final
class Catalog:
    """Runs, lineage and model versions of one home.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     catalog = Catalog(Path(home))
    ...     run = catalog.start_run("digits", "version: 1", stoker="0.1.0")
    ...     catalog.finish_run(run, "done")
    ...     catalog.run(run).status, catalog.add_model("digits", "0" * 64, {}, run=run)
    ('done', 1)
    """

    def __init__(self, home: Path | str) -> None:
        """Look at the catalog of a home; it need not exist yet.

        Args:
            home: Folder of the home, or the URL of a database such as
                `postgresql+psycopg://user@host/stoker`.

        Raises:
            ArtifactError: If it is damaged or a newer stoker wrote it.
            MachineError: If it cannot be opened.
        """
        is_url = isinstance(home, str) and "://" in home
        self._database = Database(home if is_url else Path(home) / "catalog.sqlite")

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
            number = self._run_number(connection, run)
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
                .where(RUNS.c.number == self._run_number(connection, run))
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
            number = self._run_number(connection, run)
            row = connection.execute(select(RUNS).where(RUNS.c.number == number)).one()
            stages = connection.execute(
                select(STAGES).where(STAGES.c.run == number).order_by(STAGES.c.position)
            )
            return self._as_run(row, [_as_stage(stage) for stage in stages])

    def add_model(
        self,
        name: str,
        fingerprint: str,
        metrics: Mapping[str, Any],
        *,
        run: str | None = None,
    ) -> int:
        """Register a bundle as the next version of a model.

        Args:
            name: Name of the model.
            fingerprint: The bundle's artifact.
            metrics: What it scored; JSON values.
            run: The run it came from.

        Returns:
            The version, from 1.  A bundle that is registered already keeps its version.
        """
        check_name(name)
        with self._database.writing() as connection:
            number = None if run is None else self._run_number(connection, run)
            return versions.add_version(connection, name, fingerprint, metrics, number)

    def models(self, name: str | None = None, *, deleted: bool = False) -> list[ModelRecord]:
        """Every version of every model (or of one), by name, newest first.

        Args:
            name: Only those of this model.
            deleted: Also those that were deleted.
        """
        with self._database.reading() as connection:
            found = versions.all_versions(connection, self._value)
        return [
            model
            for model in found
            if name in (None, model.name) and (deleted or model.deleted_at is None)
        ]

    def set_alias(self, name: str, alias: str, version: int) -> int | None:
        """Let `alias` mean this version of the model from now on.

        Returns:
            The version that it meant before, if any.

        Raises:
            ArtifactError: If there is no such version.
            RecipeError: If the alias is no safe name, or is a number.
        """
        with self._database.writing() as connection:
            self._find_version(connection, name, version)
            return versions.move_alias(connection, name, alias, version)

    def remove_alias(self, name: str, alias: str) -> int:
        """Let `alias` mean no version of the model any more.

        Returns:
            The version that it meant.

        Raises:
            ArtifactError: If it meant none.
        """
        with self._database.writing() as connection:
            self._find_version(connection, name, alias)
            before = versions.drop_alias(connection, name, alias)
        if before is None:
            raise ArtifactError(f"{alias!r} is a version of {name!r}", expected="an alias")
        return before

    def delete_model(self, name: str, version: int, *, dry_run: bool = False) -> ModelRecord:
        """Delete a version of a model: it is not listed, found or kept any more.

        The row stays with the moment, so its number is not given again.

        Args:
            name: Name of the model.
            version: Its version.
            dry_run: Only say whether it could be deleted.

        Returns:
            What it was.

        Raises:
            ArtifactError: If there is no such version, or an alias points to it.
        """
        with self._database.reading() if dry_run else self._database.writing() as connection:
            model = self._find_version(connection, name, version)
            versions.check_no_alias(model)
            if not dry_run:
                versions.mark_deleted(connection, name, version)
        return model

    def resolve(self, name: str, which: str | int | None = None) -> ModelRecord:
        """One version of a model.

        Args:
            name: Name of the model.
            which: An alias, a version, or None for the newest version.

        Raises:
            ArtifactError: If there is no such model, alias or version.
        """
        with self._database.reading() as connection:
            return self._find_version(connection, name, which)

    def lineage(self, fingerprint: str) -> list[Ancestor]:
        """An artifact and everything it was made from, nearest first.

        Raises:
            ArtifactError: If the catalog does not know the artifact.
        """
        with self._database.reading() as connection:
            found = ancestors(connection, fingerprint, self._value)
        if len(found) == 1 and found[0].kind is None:
            raise ArtifactError(f"the catalog knows no artifact {short(fingerprint)}")
        return found

    def roots(self, *, without: ModelRecord | None = None) -> set[str]:
        """Artifacts that must be kept: models, runs at work, and the latest run of each recipe.

        Args:
            without: A version that counts as deleted.
        """
        models = {(model.name, model.version): model.fingerprint for model in self.models()}
        if without is not None:
            models.pop((without.name, without.version), None)
        latest = select(func.max(RUNS.c.number)).group_by(RUNS.c.name)
        done = latest.where(RUNS.c.status == "done")
        with self._database.reading() as connection:
            running = connection.execute(select(RUNS).where(RUNS.c.status == "running")).all()
            at_work = [row.number for row in running if _process(row).is_alive()]
            kept = select(STAGES.c.fingerprint).where(
                STAGES.c.fingerprint.is_not(None),
                or_(*(STAGES.c.run.in_(runs) for runs in (latest, done, at_work))),
            )
            return {*connection.execute(kept).scalars(), *models.values()}

    def check(self) -> None:
        """Read the whole database and compare its indexes and references.

        Raises:
            ArtifactError: If it is damaged.
        """
        self._database.check()

    def _run_number(self, connection: Connection, run: str) -> int:
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

    def _find_version(
        self, connection: Connection, name: str, which: str | int | None
    ) -> ModelRecord:
        return versions.find_version(versions.all_versions(connection, self._value), name, which)

    def _value(self, text: str) -> Any:
        try:
            return parse_json(text)
        except ValueError as error:
            self._database.refuse_damaged(f"{short(text)} is not JSON ({error})")


def _process(row: Row[Any]) -> Process:
    return Process(row.host, row.boot, row.space, row.pid, row.process_started)


def _as_stage(row: Row[Any]) -> StageRecord:
    return StageRecord(row.stage, row.status, row.fingerprint, row.seconds)
