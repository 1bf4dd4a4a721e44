"""The command line: one file a verb under `verbs/`, imported only when that verb is asked for.

`stoker --help` is the price of every command, so it loads nothing but click: the list of verbs is
the list of files, and the line beside each is the first line of that file.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """The console entry: run a verb and leave with its exit code."""
    try:
        from stoker.cli.app import main as run
    except KeyboardInterrupt:  # nothing has begun that would have to be told
        sys.exit(130)
    run()
