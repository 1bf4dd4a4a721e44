"""Code of the user's own, outside stoker: imported where the user names its module, nowhere else.

A recipe, an option or a variable is written by the user and may name modules.  A bundle may come
from anybody: what it names is used if it was imported before, and refused otherwise, by every
command and in every worker alike (decision 046).

Cost: the import of the modules that are named.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

from stoker.core.errors import ArtifactError, RecipeError

OWN_STEP = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"
"""How the name of a step of the user's own looks: `module:Class`."""
VARIABLE = "STOKER_IMPORT"
"""Environment variable that names modules as `--import` does, with blanks between them."""


def import_own(modules: Iterable[str]) -> None:
    """Import modules that the user named.

    Raises:
        RecipeError: If there is no such module, or it needs a library that is not installed.
    """
    for name in modules:
        import_named(name, f"--import {name}")


def import_named(module: str, asked: str) -> ModuleType:
    """The module of a name that the user wrote.

    Args:
        module: Dotted name.
        asked: What the user wrote it for, as in `step 'phones:Phones'`.

    Raises:
        RecipeError: If there is no such module, or no name of one.
        ModuleNotFoundError: If it needs another one that is not there.
    """
    if not all(part.isidentifier() for part in module.split(".")):
        raise RecipeError(f"{module!r} is no name of a module", expected="a name such as my.module")
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise RecipeError(
                f"no module {error.name!r} for {asked}",
                expected="a module that Python can import",
                fix="check the spelling, or set PYTHONPATH to the folder that holds it",
            ) from None
        raise


def own_modules(specs: Iterable[Mapping[str, Any]]) -> list[str]:
    """The modules outside stoker that stored steps name, sorted.

    >>> own_modules([{"number": {}}, {"phones:FittedPhones": {"country": "49"}}])
    ['phones']
    """
    names = (str(name).partition(":") for spec in specs for name in spec)
    return sorted({module for module, colon, _ in names if colon})


def require_imported(specs: Sequence[Mapping[str, Any]]) -> None:
    """Refuse stored steps whose modules the user did not name: a file decides no import.

    Raises:
        ArtifactError: Naming all of them, and how to.
    """
    missing = [module for module in own_modules(specs) if module not in sys.modules]
    if not missing:
        return
    named = [str(name) for spec in specs for name in spec if own_modules([{name: 0}])]
    lacking = [name for name in named if name.partition(":")[0] in missing]
    it_is = "is" if len(missing) == 1 else "are"
    raise ArtifactError(
        f"stored step {', '.join(map(repr, lacking))} is code outside stoker, and "
        f"{', '.join(missing)} {it_is} not imported",
        expected="steps of stoker, or modules that you name: a bundle names none by itself",
        fix=f"if you trust that code:{import_options(missing)}, or {VARIABLE}="
        f"{_quoted(missing)}; in Python import {', '.join(missing)} first",
    )


def import_options(modules: Iterable[str]) -> str:
    """The options by which commands import modules, each with a blank before it.

    >>> import_options(["phones", "my.letters"])
    ' --import phones --import my.letters'
    """
    return "".join(f" --import {name}" for name in modules)


def _quoted(modules: Sequence[str]) -> str:
    return modules[0] if len(modules) == 1 else f"'{' '.join(modules)}'"
