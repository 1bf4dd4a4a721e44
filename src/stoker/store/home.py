"""Where stoker keeps its artifacts and its catalog.

The home is the folder given with `--home`, else the one that the variable `STOKER_HOME` names, else
`.stoker` in the current folder.  It is created by the first write, not by looking.
"""

from __future__ import annotations

import os
from pathlib import Path

from stoker.core.errors import ArtifactError, MachineError
from stoker.core.strict_json import parse_json
from stoker.store.durable import machine_errors, make_folder, write_file

FORMAT = 1
_MARK = "home.json"


def find_home(option: Path | str | None = None) -> Path:
    """The absolute path of the home; nothing is created.

    Args:
        option: What the user gave with `--home`, if anything.

    Raises:
        MachineError: If a file stands where the home should be.
    """
    chosen = option or os.environ.get("STOKER_HOME") or ".stoker"
    home = Path(chosen).absolute()
    if home.exists() and not home.is_dir():
        raise MachineError(
            f"the home {home} is not a folder", fix="name another one with --home or STOKER_HOME"
        )
    return home


def check_home(home: Path) -> None:
    """Refuse a home that a newer stoker made; one that is not there yet is fine.

    Raises:
        ArtifactError: If its format is newer, or its mark is not readable as one.
    """
    mark = home / _MARK
    with machine_errors(f"read {mark}"):
        if not mark.is_file():
            return
        data = mark.read_bytes()
    try:
        found = parse_json(data)["format"]
    except (ValueError, TypeError, KeyError):
        raise ArtifactError(
            f"{mark} is damaged", expected='{"format": 1}', fix="write exactly that into it"
        ) from None
    if found != FORMAT:
        raise ArtifactError(
            f"the home {home} has format {found}",
            expected=f"format {FORMAT}, the newest that this stoker knows",
            fix="upgrade stoker: pip install --upgrade stoker, or use another home with --home",
        )


def make_home(home: Path) -> None:
    """Create the home and say in it which format it has; fine if it is there already.

    Raises:
        MachineError: If it cannot be created.
    """
    make_folder(home)
    if not (home / _MARK).exists():
        write_file(home / ".gitignore", b"# made by stoker: the home is not source\n*\n")
        write_file(home / _MARK, b'{"format": 1}\n')


def report_path(home: Path, run: str) -> Path:
    """Where the report of a run stands, by the run's id."""
    return home / "runs" / run / "report.html"


def tables_folder(home: Path) -> Path:
    """Where tables that were handed over in memory stand, each called by its SHA-256."""
    return home / "tables"
