"""Whose code raised an error: a user's own module, or stoker itself.

The frames of the traceback tell.  A frame is the user's if its file belongs neither to stoker nor
to Python or an installed library, or if its module defines a step.  Only frames that stoker called
count, as the program that calls stoker is the user's too.

Cost: a walk over the frames of an error, made when there is one.
"""

from __future__ import annotations

import inspect
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from stoker.core.errors import OwnCodeError, Place, StokerError

if TYPE_CHECKING:
    from stoker.core.steps import Step

_STOKER = Path(__file__).parents[1]
_INSTALLED = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class OwnFault:
    """Where in a user's own code an error came from."""

    owner: str
    """`step phones:Phones`, or `module helper`."""
    place: Place
    """File and line."""
    is_deeper: bool
    """Whether that line called stoker, and the error was raised there."""


def own_fault(error: BaseException) -> OwnFault | None:
    """The innermost line of a user's own code behind an error; None if there is none.

    >>> own_fault(ValueError("raised by nobody")) is None
    True
    """
    if isinstance(error, SyntaxError) and error.filename and _is_own_file(Path(error.filename)):
        place = Place(shown_path(error.filename), line=error.lineno)
        return OwnFault(f"module {Path(error.filename).stem}", place, is_deeper=False)
    frames = list(_frames(error))
    last = next((at for at in reversed(range(len(frames))) if _is_own(frames[at][0])), None)
    if last is None:
        return None
    frame, line = frames[last]
    deeper = any(_is_stoker(one) for one, _ in frames[last + 1 :])
    place = Place(shown_path(frame.f_code.co_filename), line=line)
    return OwnFault(_owner([one for one, _ in frames[: last + 1]]), place, is_deeper=deeper)


def own_code_error(error: BaseException) -> OwnCodeError | None:
    """The error as the user's to mend, if it came from code of theirs and is none of stoker's."""
    fault = None if isinstance(error, StokerError) else own_fault(error)
    if fault is None:
        return None
    said = traceback.format_exception_only(error)[-1].strip()
    where = "what it called there failed; look at what it gave to stoker" * fault.is_deeper
    return OwnCodeError(
        f"your {fault.owner} raised {said}", expected=where or None, place=fault.place
    )


def steps_behind(error: BaseException) -> Iterator[Step]:
    """The steps whose methods were at work when an error was raised, the innermost first."""
    from stoker.core.steps import Step

    for frame, _ in reversed(list(_frames(error))):
        owner = frame.f_locals.get("self")
        if isinstance(owner, Step):
            yield owner


def shown_path(file: str) -> str:
    """A file as seen from the current folder where it lies below that, else whole."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else file


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """Frames that stoker called, the outermost first, with the line that each was at."""
    is_inside = False
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_inside:
            yield frame, line
        is_inside |= _is_stoker(frame)


def _is_stoker(frame: FrameType) -> bool:
    return Path(frame.f_code.co_filename).is_relative_to(_STOKER)


def _is_own(frame: FrameType) -> bool:
    return _is_own_file(Path(frame.f_code.co_filename)) or _defines_step(frame)


def _is_own_file(path: Path) -> bool:
    if not path.is_absolute() or path.is_relative_to(_STOKER):
        return False  # such as `<string>`, of which dataclasses are made
    installed = any(part in _INSTALLED for part in path.parts)
    return not installed and not path.is_relative_to(sysconfig.get_path("stdlib"))


def _defines_step(frame: FrameType) -> bool:
    """Whether an installed module has steps of its own: then it extends stoker."""
    if "stoker.core.steps" not in sys.modules:
        return False  # and nobody has steps yet
    from stoker.core.steps import Step

    name = frame.f_globals.get("__name__", "")
    if name.partition(".")[0] == "stoker":
        return False
    return any(
        inspect.isclass(one) and issubclass(one, Step) and one.__module__ == name
        for one in list(frame.f_globals.values())
    )


def _owner(frames: list[FrameType]) -> str:
    """The step whose method runs, else the module."""
    from stoker.core.steps import Step, step_name

    for frame in reversed(frames):
        owner = frame.f_locals.get("self", frame.f_locals.get("cls"))
        kind = owner if inspect.isclass(owner) else type(owner)
        if issubclass(kind, Step) and not kind.__module__.startswith("stoker."):
            return f"step {step_name(kind)}"
    return f"module {frames[-1].f_globals.get('__name__', '')}"
