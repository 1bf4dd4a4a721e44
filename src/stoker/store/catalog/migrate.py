"""Bring a catalog's tables to the newest revision, with alembic.

alembic takes about a third of a second of CPU to import; only an older catalog needs it.  All
revisions run in one transaction: either all of them are done or none.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Connection


def migrate(connection: Connection, revisions: Path, *, to: str = "head") -> None:
    """Run the revisions that are missing, inside the connection's transaction.

    Args:
        connection: In a transaction; the caller commits.
        revisions: Folder of the revisions.
        to: The revision to reach.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(revisions))
    scripts = ScriptDirectory(str(revisions))

    def missing(revision: object, _context: object) -> object:
        # What `alembic upgrade` itself calls; alembic has no public name for it.
        return scripts._upgrade_revs(to, revision)  # type: ignore[arg-type] # untyped in alembic

    with EnvironmentContext(config, scripts, fn=missing) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
