"""Steps: frozen values with one verb, found by the name of their file.

A stage is a package; each public module of it holds one step, whose recipe key is the name of that
file and whose recipe fields are the fields of the class.  Nothing is registered and no list of
names exists, so a new file is a new step.  The abstract class in a stage's `__init__.py` states
what every step of the stage promises.

Finding a step imports its module, so the names of a stage can be listed without loading any.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import pkgutil
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from stoker.core.errors import MissingExtraError, RecipeError, StokerError
from stoker.core.own_code import import_named, require_imported
from stoker.core.value import Value


class Step(Value):
    """A value with one verb, whose fields come from the recipe."""


_S = TypeVar("_S", bound=Value)


def step_names(stage: str) -> list[str]:
    """Names that a recipe may use at a stage, sorted.

    >>> "exact_duplicates" in step_names("stoker.data.clean")
    True
    """
    return list(_names(stage))


@cache
def _names(stage: str) -> tuple[str, ...]:
    """The same, looked up once: a table of 6,000 columns asks 6,000 times."""
    package = importlib.import_module(stage)
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if name[0] != "_"))


def find_step(stage: str, name: str, kind: type[_S]) -> type[_S]:
    """The step class called `name` at a stage.

    Args:
        stage: Package of the stage, such as `"stoker.compress"`.
        name: A file of that package (`"int8"`), or `"pkg.module:Class"` for a step that lives in
            the user's own code.
        kind: Abstract class of the stage; the answer is a subclass of it.

    Raises:
        RecipeError: If there is no such file, or no single subclass of `kind` in it.
        MissingExtraError: If the step needs an optional library that is not installed.
    """
    module_name, _, class_name = name.partition(":")
    if not class_name:
        known = step_names(stage)
        if module_name not in known:
            near = get_close_matches(module_name, known, n=1)
            raise RecipeError(
                f"no step {name!r} at {stage.rpartition('.')[2]}",
                expected=f"one of {', '.join(known)}, or 'your.module:YourClass'",
                fix=f"did you mean {near[0]!r}?" if near else None,
            )
        module_name = f"{stage}.{module_name}"
    module = _import(module_name, name)
    own = [c for c in vars(module).values() if inspect.isclass(c) and c.__module__ == module_name]
    found = [c for c in own if issubclass(c, kind) and not inspect.isabstract(c)]
    if class_name:
        found = [_class_named(class_name, own, found, name, kind)]
    if len(found) != 1:
        raise RecipeError(
            f"{module_name} has {len(found)} steps for {name!r}",
            expected=f"exactly one subclass of {kind.__name__}",
            fix="name it as 'module:Class'",
        )
    _require_facts(found[0], name)
    return found[0]


def _class_named(
    class_name: str, own: list[type], found: list[type[_S]], asked: str, kind: type[_S]
) -> type[_S]:
    """The step of this name among the classes of a module.

    Raises:
        RecipeError: What is wrong with the class of that name, or which there are.
    """
    for one in found:
        if one.__name__ == class_name:
            return one
    module, known = asked.partition(":")[0], [one.__name__ for one in found]
    there = next((one for one in own if one.__name__ == class_name), None)
    if there is None:
        near = get_close_matches(class_name, known, n=1) or known[: len(known) == 1]
        raise RecipeError(
            f"{module} has no class {class_name!r}",
            expected=f"one of {', '.join(known)}" if known else f"a subclass of {kind.__name__}",
            fix=f"did you mean '{module}:{near[0]}'?" if near else None,
        )
    if not issubclass(there, kind):
        raise RecipeError(
            f"{asked} cannot stand here: it is no {kind.__name__}",
            expected=f"a subclass of {kind.__name__} ({kind.__module__})",
            fix=f"did you mean '{module}:{known[0]}'?" if known else None,
        )
    lacking = sorted(there.__abstractmethods__)
    raise RecipeError(
        f"{asked} lacks {', '.join(lacking)}, which every {kind.__name__} has",
        expected=f"a class with {', '.join(f'def {one}(self, ...)' for one in lacking)}",
    )


def _require_facts(step: type[Value], asked: str) -> None:
    """Refuse a class without a fact that its kind only declares, such as the title of a metric.

    Raises:
        RecipeError: Naming what is lacking.
    """
    given = {name for base in step.__mro__ for name in vars(base)}
    lacking = sorted(step.__class_vars__ - given)
    if lacking:
        raise RecipeError(
            f"{asked} does not say its {' and its '.join(lacking)}",
            expected=f"a class with {', '.join(f'{one} = ...' for one in lacking)}",
        )


def step_name(step: Step | type[Step]) -> str:
    """The recipe key of a step: its file for ours, `module:Class` for a user's own.

    >>> from stoker.data.clean.exact_duplicates import ExactDuplicates
    >>> step_name(ExactDuplicates)
    'exact_duplicates'
    """
    owner = step if isinstance(step, type) else type(step)
    if owner.__module__.startswith("stoker."):
        return owner.__module__.rpartition(".")[2]
    return f"{owner.__module__}:{owner.__name__}"


def is_own(step: Step | type[Step]) -> bool:
    """Whether a step is a user's own, from a module outside stoker.

    >>> from stoker.data.clean.exact_duplicates import ExactDuplicates
    >>> is_own(ExactDuplicates)
    False
    """
    return ":" in step_name(step)


def make_step(stage: str, spec: object, kind: type[_S]) -> _S:
    """The step that a piece of recipe describes.

    Args:
        stage: Package of the stage.
        spec: A step (returned as it is), a name (`"cnn"`), or one name with fields
            (`{"cnn": {"width": 32}}`).
        kind: Abstract class of the stage.

    Raises:
        RecipeError: If the form is another one, or the name is unknown.
        ValidationError: If a field is wrong; the recipe layer turns it into a RecipeError with the
        line.
    """
    if isinstance(spec, kind):
        return spec
    if isinstance(spec, str):
        return find_step(stage, spec, kind)()
    if isinstance(spec, Mapping) and len(spec) == 1:
        (name, fields), *_ = spec.items()
        return find_step(stage, str(name), kind).model_validate({} if fields is None else fields)
    raise RecipeError(
        f"{spec!r} is not a step of {stage.rpartition('.')[2]}",
        expected="a name, or one name with its fields such as {name: {field: value}}",
    )


def step_spec(step: Step) -> dict[str, Any]:
    """The recipe form of a step with every field written out; `make_step` reads it back."""
    return {step_name(step): step.model_dump(mode="json")}


def expect(step: Step, kind: type[_S]) -> _S:
    """The step, if it is of this kind; a recipe knows the steps of a stage by name only.

    Raises:
        RecipeError: If it belongs to another stage; a user's own `module:Class` can do that.
    """
    if not isinstance(step, kind):
        raise RecipeError(
            f"{step_name(step)} cannot stand here",
            expected=f"a step that is a {kind.__name__} ({kind.__module__})",
        )
    return step


def load_stored(spec: Mapping[str, Any], kind: type[_S]) -> _S:
    """The step that `step_spec` wrote into a file.

    Args:
        spec: One name with its fields.
        kind: Abstract class of what was stored, such as `FittedFeature`; the package that defines
            it is the stage.

    Raises:
        ArtifactError: If it is a user's own step whose module was not imported (`own_code`).
        ValidationError: If a field is wrong.
    """
    require_imported([spec])
    return make_step(kind.__module__, dict(spec), kind)


def _import(module_name: str, asked: str) -> Any:
    try:
        return import_named(module_name, f"step {asked!r}")
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library == "stoker":
            raise
        raise _missing_library(library, asked) from None


def _missing_library(library: str, asked: str) -> StokerError:
    """What to install so that the step can be imported."""
    for requirement in importlib.metadata.requires("stoker") or ():
        name, _, extra = requirement.partition("; extra == ")
        if extra and re.split(r"[^\w.-]", name)[0].replace("-", "_") == library:
            return MissingExtraError(library, extra=extra.strip("'\""), needed_for=asked)
    return RecipeError(
        f"step {asked!r} needs {library}, which is not installed", fix=f"pip install {library}"
    )


__all__ = [
    "Step",
    "ValidationError",
    "expect",
    "find_step",
    "is_own",
    "load_stored",
    "make_step",
    "step_name",
    "step_names",
    "step_spec",
]
