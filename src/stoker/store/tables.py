"""The tables of the catalog.

    runs ─┬─< stages            what each execution did, in order
          └─< models ─< aliases what came of it, and what is called champion
    artifacts ─< parents        what was made from what; rows stay when an artifact is collected

Every change here needs a revision in `migrations/versions`; a test compares the two.  Moments are
text in ISO 8601, UTC; the order of runs is their number, so a clock set back does not shuffle them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

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

ARTIFACTS = Table(
    "artifacts",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("summary", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
)

PARENTS = Table(
    "parents",
    METADATA,
    Column(
        "child",
        String(64),
        ForeignKey("artifacts.fingerprint", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("role", String(64), primary_key=True),
    # Not a foreign key: an artifact may be known whose parent came from another home.
    Column("parent", String(64), nullable=False, index=True),
)

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

REVISION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""alembic's own table: which revision the others have."""
