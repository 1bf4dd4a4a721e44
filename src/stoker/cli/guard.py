"""Errors at the edge: what a user can mend is one clear block, a bug of ours is saved and named.

| what happened | what is printed | exit code |
|---|---|---|
| an error of ours (`StokerError`) | what, expected, try | its own: 1, 2 recipe, 3 gate |
| a wrong option | click's usage line | 2 |
| disk full, no permission, port in use, no memory | the same in the words of a `MachineError` | 1 |
| an optional library is missing | the line that installs it | 1 |
| Ctrl-C, SIGTERM | that it was interrupted, and of a run how to go on | 130, 143 |
| the reader of a pipe went away | nothing | 141 |
| a bug in a step of one's own | the step, file and line, and the file of the traceback | 1 |
| a bug of stoker | one line and the file that holds the traceback | 70 |

`STOKER_DEBUG=1` shows the traceback of everything.

Source: 70 is EX_SOFTWARE of sysexits.h; 130, 141 and 143 are 128 + SIGINT, SIGPIPE and SIGTERM, as
shells report them.
"""

from __future__ import annotations

import errno
import os
import shlex
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import NoReturn

import click

from stoker.cli.interrupts import Terminated, end_in_order
from stoker.core.errors import MachineError, MissingExtraError, StokerError
from stoker.core.memory import is_lack_of_memory

_BUG, _INTERRUPTED, PIPE_CLOSED, _TERMINATED = 70, 130, 141, 143

_OWNER = "check who owns it and its folder; the home can stand elsewhere: --home"
_MACHINE = {
    errno.ENOSPC: ("no space left on the disk", "free some space; finished work is kept"),
    errno.EDQUOT: ("the disk quota is used up", "free some space; finished work is kept"),
    errno.EACCES: ("permission denied", _OWNER),
    errno.EPERM: ("operation not permitted", _OWNER),
    errno.EROFS: (
        "the file system is read-only",
        "choose another place with --home or STOKER_HOME",
    ),
    errno.EADDRINUSE: ("the port is in use", "stop the other server, or choose another --port"),
    errno.EADDRNOTAVAIL: ("this machine has no such address", "check --host"),
    errno.EMFILE: ("too many open files", "raise the limit with `ulimit -n 4096`"),
    errno.ENFILE: ("too many open files on this machine", "close other programs"),
    errno.EIO: ("the disk reports an input/output error", "check the disk; finished work is kept"),
    errno.ENOMEM: ("not enough memory", "close other programs, or use less data"),
    errno.ENAMETOOLONG: ("a file name is too long", "use a shorter name"),
}


class Guard:
    """A context that turns every error into a message on stderr and an exit code.

    Args:
        arguments: The command line without the program, for the hint how to go on.
    """

    def __init__(self, arguments: list[str]) -> None:
        """Keep the command line."""
        self.arguments = arguments

    def __enter__(self) -> None:
        """Let signals end the command in order."""
        end_in_order()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Explain the error and exit."""
        if error is None or isinstance(error, SystemExit):
            return
        if os.environ.get("STOKER_DEBUG") == "1" and not is_interrupt(error):
            import traceback

            traceback.print_exception(error)
        try:
            code = explain(error, self.arguments)
        except BrokenPipeError:
            code = PIPE_CLOSED
        leave(code)


def explain(error: BaseException, arguments: list[str]) -> int:
    """Print one block for an error; the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if is_interrupt(error):
        goes_on = f"; the same command goes on from here: stoker {shlex.join(arguments)}"
        click.echo(f"interrupted{goes_on if arguments[:1] == ['run'] else ''}", err=True)
        by_term = isinstance(error.__cause__ or error, Terminated)
        return _TERMINATED if by_term else _INTERRUPTED
    if isinstance(error, BrokenPipeError):
        return PIPE_CLOSED
    friendly = error if isinstance(error, StokerError) else machine_error(error) or no_extra(error)
    from stoker.core.blame import own_code_error, own_fault

    if friendly is not None and friendly.place is None and (fault := own_fault(error)):
        friendly.place = fault.place
    if friendly is not None:
        click.echo(f"{type(friendly).__name__}: {friendly}", err=True)
        return friendly.exit_code
    own = own_code_error(error)
    if own is not None:
        click.echo(f"{type(own).__name__}: {own}\n  traceback: {save_traceback(error)}", err=True)
        return own.exit_code
    click.echo(
        f"stoker has a bug: {one_line(error)}\n  traceback: {save_traceback(error)}", err=True
    )
    click.echo("  please report it with that file; STOKER_DEBUG=1 shows it here", err=True)
    return _BUG


def is_interrupt(error: BaseException) -> bool:
    """Whether the user pressed Ctrl-C or sent SIGTERM (click wraps it)."""
    return isinstance(error, KeyboardInterrupt | click.Abort)


def machine_error(error: BaseException) -> MachineError | None:
    """The machine's refusal in plain words, or None if the error is something else.

    >>> print(machine_error(OSError(errno.ENOSPC, "No space left on device", "/data/x")))
    no space left on the disk: /data/x
      try:      free some space; finished work is kept
    """
    if is_lack_of_memory(error):
        return MachineError("not enough memory", fix="close other programs, or use less data")
    if not isinstance(error, OSError) or error.errno not in _MACHINE:
        return None
    what, fix = _MACHINE[error.errno]
    where = f": {error.filename}" if error.filename is not None else ""
    return MachineError(f"{what}{where}", fix=fix)


def no_extra(error: BaseException) -> MissingExtraError | None:
    """The line that installs a missing library, if one of our extras brings it."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    from stoker.cli.machine import extras

    project = error.name.partition(".")[0].replace("_", "-")
    extra = next((name for name, projects in extras().items() if project in projects), None)
    return MissingExtraError(project, extra=extra, needed_for="this command") if extra else None


def one_line(error: BaseException) -> str:
    """Kind and first line of an error.

    >>> one_line(ValueError("first" + chr(10) + "second"))
    'ValueError: first'
    """
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__


def save_traceback(error: BaseException) -> Path | str:
    """Write the traceback to a file that only this user can read; the file's path."""
    import traceback

    text = "".join(traceback.format_exception(error))
    try:
        number, path = tempfile.mkstemp(
            prefix=time.strftime("stoker-%Y%m%d-%H%M%S-"), suffix=".txt"
        )
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(f"arguments: {sys.argv[1:]}\npython: {sys.version}\n\n{text}")
    except OSError as failure:
        return f"could not be saved ({failure}):\n{text}"
    return Path(path)


def end_with_engine(code: object) -> None:
    """End the process at once if the table engine was loaded, else do nothing.

    All work is done, written and closed here, and only the interpreter's own end is left.  Threads
    of the engine outlive the main one, and now and then one of them crashes in that end, which
    would turn a success into exit code 134 or 139 (decision 017).

    Args:
        code: What `SystemExit` holds: a number, or None for success.
    """
    if "daft" not in sys.modules:
        return
    _flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def leave(code: int) -> NoReturn:
    """Exit; a pipe whose reader went away must not add a message of its own at shutdown."""
    _flush()
    sys.exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
