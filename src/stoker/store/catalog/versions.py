"""Versions of models and their aliases, as rows of the catalog.

A version that was deleted keeps its row, with the moment: its number is not given again, and what
it scored and was made from can still be told.  It is no root any more, so the store may collect it.

Functions work in a transaction of their caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Connection

from stoker.core.errors import ArtifactError
from stoker.core.names import check_name
from stoker.store.catalog.runs import RUNS, run_number
from stoker.store.catalog.subject import Subject, now, to_json
from stoker.store.catalog.tables import METADATA

MODELS = Table(
    "models",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("metrics", Text, nullable=False),
    Column("run", Integer, ForeignKey("runs.number", ondelete="SET NULL")),
    Column("created_at", String(32), nullable=False),
    Column("deleted_at", String(32)),
)

ALIASES = Table(
    "aliases",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("alias", String(128), primary_key=True),
    Column("version", Integer, nullable=False),
    ForeignKeyConstraint(["name", "version"], ["models.name", "models.version"]),
)

CHAMPION = "champion"
"""The alias that stands for a model when none is named."""


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


class ModelVersions(Subject):
    """Versions of the models of a home."""

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
            number = None if run is None else run_number(connection, run)
            return add_version(connection, name, fingerprint, metrics, number)

    def models(self, name: str | None = None, *, deleted: bool = False) -> list[ModelRecord]:
        """Every version of every model (or of one), by name, newest first.

        Args:
            name: Only those of this model.
            deleted: Also those that were deleted.
        """
        with self._database.reading() as connection:
            found = all_versions(connection, self._value)
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
            return move_alias(connection, name, alias, version)

    def remove_alias(self, name: str, alias: str) -> int:
        """Let `alias` mean no version of the model any more.

        Returns:
            The version that it meant.

        Raises:
            ArtifactError: If it meant none.
        """
        with self._database.writing() as connection:
            self._find_version(connection, name, alias)
            before = drop_alias(connection, name, alias)
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
            check_no_alias(model)
            if not dry_run:
                mark_deleted(connection, name, version)
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

    def _find_version(
        self, connection: Connection, name: str, which: str | int | None
    ) -> ModelRecord:
        return find_version(all_versions(connection, self._value), name, which)


def add_version(
    connection: Connection,
    name: str,
    fingerprint: str,
    metrics: Mapping[str, Any],
    run_number: int | None,
) -> int:
    """The version of a bundle: its own if it has one, else the next."""
    known = connection.execute(
        select(MODELS.c.version)
        .where(
            MODELS.c.name == name,
            MODELS.c.fingerprint == fingerprint,
            MODELS.c.deleted_at.is_(None),
        )
        .order_by(MODELS.c.version.desc())
    ).scalar()
    if known is not None:
        return known
    newest = select(func.max(MODELS.c.version)).where(MODELS.c.name == name)
    version = (connection.execute(newest).scalar() or 0) + 1
    connection.execute(
        insert(MODELS).values(
            name=name,
            version=version,
            fingerprint=fingerprint,
            metrics=to_json(dict(metrics)),
            run=run_number,
            created_at=now(),
        )
    )
    return version


def all_versions(connection: Connection, from_json: Callable[[str], Any]) -> list[ModelRecord]:
    """Every version that there ever was, by name, newest first.

    Args:
        connection: A reading transaction.
        from_json: Reads a cell.
    """
    query = select(MODELS, RUNS.c.id).outerjoin(RUNS, RUNS.c.number == MODELS.c.run)
    query = query.order_by(MODELS.c.name, MODELS.c.version.desc())
    aliases = connection.execute(select(ALIASES).order_by(ALIASES.c.alias)).all()
    return [_as_model(row, aliases, from_json) for row in connection.execute(query)]


def find_version(found: Sequence[ModelRecord], name: str, which: str | int | None) -> ModelRecord:
    """One of all versions that there ever were.

    Args:
        found: All of them, newest first.
        name: Name of the model.
        which: An alias, a version, or None for the newest version.

    Raises:
        ArtifactError: If there is no such model, alias or version, or it was deleted.
    """
    own = [model for model in found if model.name == name]
    there = [model for model in own if model.deleted_at is None]
    wanted = str(which)
    for model in there:
        if which is None or wanted == str(model.version) or wanted in model.aliases:
            return model
    gone = next((model for model in own if wanted == str(model.version)), None)
    if gone is not None and gone.deleted_at is not None:
        day = gone.deleted_at[:10]
        raise ArtifactError(
            f"version {wanted} of {name!r} was deleted on {day}",
            fix="stoker models --deleted tells what it was",
        )
    if not there:
        known = ", ".join(sorted({model.name for model in found if model.deleted_at is None}))
        raise ArtifactError(
            f"no model {name!r}",
            expected=f"one of {known}" if known else None,
            fix=None if known else "stoker run RECIPE makes one",
        )
    listed = [str(model.version) for model in there[:20]]
    listed += [alias for model in there for alias in model.aliases]
    raise ArtifactError(
        f"model {name!r} has no version or alias {wanted!r}",
        expected=f"one of {', '.join(listed)}",
    )


def move_alias(connection: Connection, name: str, alias: str, version: int) -> int | None:
    """Let an alias mean this version; what it meant before.

    Raises:
        RecipeError: If the alias is no safe name.
        ArtifactError: If it is a number.
    """
    check_name(alias, "alias")
    if alias.isdecimal():
        raise ArtifactError(f"alias {alias!r} reads as a version", expected="a name")
    before = drop_alias(connection, name, alias)
    connection.execute(insert(ALIASES).values(name=name, alias=alias, version=version))
    return before


def drop_alias(connection: Connection, name: str, alias: str) -> int | None:
    """Forget an alias; what it meant, or None if it meant nothing."""
    chosen = (ALIASES.c.name == name) & (ALIASES.c.alias == alias)
    before = connection.execute(select(ALIASES.c.version).where(chosen)).scalar()
    connection.execute(delete(ALIASES).where(chosen))
    return before


def mark_deleted(connection: Connection, name: str, version: int) -> None:
    """Write down that a version was deleted."""
    chosen = (MODELS.c.name == name) & (MODELS.c.version == version)
    connection.execute(update(MODELS).where(chosen).values(deleted_at=now()))


def check_no_alias(model: ModelRecord) -> None:
    """Refuse to delete what an alias points to.

    Raises:
        ArtifactError: If one does; it says how to move it.
    """
    if not model.aliases:
        return
    alias = model.aliases[0]
    raise ArtifactError(
        f"version {model.version} of {model.name!r} is {' and '.join(model.aliases)}",
        expected="a version that no alias points to",
        fix=f"move it first: stoker models alias {model.name} {alias} VERSION",
    )


def _as_model(
    row: Row[Any], aliases: Sequence[Row[Any]], from_json: Callable[[str], Any]
) -> ModelRecord:
    return ModelRecord(
        name=row.name,
        version=row.version,
        fingerprint=row.fingerprint,
        metrics=from_json(row.metrics),
        run=row.id,
        created_at=row.created_at,
        aliases=tuple(a.alias for a in aliases if (a.name, a.version) == (row.name, row.version)),
        deleted_at=row.deleted_at,
    )
