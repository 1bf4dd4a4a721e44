"""The first tables: runs, stages, artifacts, parents, models, aliases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    _create_runs()
    _create_artifacts()
    _create_models()


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("finished_at", sa.String(32)),
        sa.Column("stoker", sa.String(32), nullable=False),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("overrides", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("boot", sa.String(64), nullable=False),
        sa.Column("space", sa.String(64), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process_started", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_runs"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_name", "runs", ["name"])
    op.create_table(
        "stages",
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("stage", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("fingerprint", sa.String(64)),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("measured", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run", "position", name="pk_stages"),
        sa.ForeignKeyConstraint(
            ["run"], ["runs.number"], name="fk_stages_run_runs", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_stages_fingerprint", "stages", ["fingerprint"])


def _create_artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_artifacts"),
    )
    op.create_table(
        "parents",
        sa.Column("child", sa.String(64), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("parent", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("child", "role", name="pk_parents"),
        sa.ForeignKeyConstraint(
            ["child"],
            ["artifacts.fingerprint"],
            name="fk_parents_child_artifacts",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_parents_parent", "parents", ["parent"])


def _create_models() -> None:
    op.create_table(
        "models",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("metrics", sa.Text, nullable=False),
        sa.Column("run", sa.Integer),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_models"),
        sa.ForeignKeyConstraint(
            ["run"], ["runs.number"], name="fk_models_run_runs", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_models_fingerprint", "models", ["fingerprint"])
    op.create_table(
        "aliases",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("alias", sa.String(128), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", "alias", name="pk_aliases"),
        sa.ForeignKeyConstraint(
            ["name", "version"],
            ["models.name", "models.version"],
            name="fk_aliases_name_models",
        ),
    )
