"""The command line: one file a verb under `verbs/`, imported only when that verb is asked for.

`stoker --help` is the price of every command, so it loads nothing but click: the list of verbs is
the list of files, and the line beside each is the first line of that file.
"""

from stoker.cli.app import main

__all__ = ["main"]
