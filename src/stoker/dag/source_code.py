"""Which source a stage runs, and its hash: what makes a stored result stale.

The code of a stage is the closure of the imports of its function's module, function-local ones
too, and of the modules of its steps.  A name in text (`"stoker.models"`, by which steps and child
processes are found) counts as an import of that module, and of a package's whole stage; so does the
abstract class by which a stored step is loaded, because which step it is only the file tells.
`core` and `store` are below everything and join as a whole, but for the catalog, which no stage
sees.  Names that only a type checker sees do not count.

Modules are read as text and not imported: to find out that nothing changed, none of their
libraries is needed.  Patterns find the imports, because parsing would take ten times as long; a
test compares them with what the parser finds in every module.

What a source names is kept in the cache by the hash of the source, so it can never be stale.

Cost: 0.1 ms a module, once a process; 0.5 ms the first time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import stoker
from stoker.core.canonical import canonical_json
from stoker.core.errors import MachineError
from stoker.data.fingerprint import default_cache
from stoker.store.durable import make_folder, write_file

Names = tuple[list[str], list[str]]
"""What a source imports, and modules and packages that it names in text."""

_FLOOR = ("stoker.core", "stoker.store")
_BESIDE = "stoker.store.catalog"
"""Kept by the run and not by its stages."""
_ROOT = Path(stoker.__file__).parent
_MOST_REMEMBERED = 20_000
"""Sources, many versions of each, after which the cache begins anew."""
_SHARED = ("site-packages", "dist-packages")

_DOCSTRING = re.compile(r'"""[\s\S]*?"""')
_FOR_CHECKERS = re.compile(r"^if TYPE_CHECKING:\n(?:[ \t].*\n|\n)+", re.MULTILINE)
_FROM = re.compile(r"^[ \t]*from ([\w.]+) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*import ([\w., \t]+)", re.MULTILINE)
_STORED = re.compile(r"\bload_stored\((?:[^()]|\([^()]*\))*,\s*(\w+),?\s*\)")
_IN_TEXT = re.compile(r"[\"'](stoker(?:\.\w+)+)(?::\w+)?[\"']")


def code_version(modules: Iterable[str]) -> str:
    """SHA-256 over the source of everything that these modules run.

    Bytes are compared, not meaning: an edited comment repeats the stage, which costs time once and
    can never keep a stale result.

    Args:
        modules: Names of modules of ours, or of a user's own steps.
    """
    digest = hashlib.sha256()
    for name in closure(frozenset(modules)):
        digest.update(f"{name}\0{_hash(name)}\n".encode())
    return digest.hexdigest()


@cache
def closure(modules: frozenset[str]) -> tuple[str, ...]:
    """All modules that run when these do, sorted.

    >>> names = closure(frozenset({"stoker.data.clean.exact_duplicates"}))
    >>> "stoker.data.content" in names, "stoker.core.steps" in names, "stoker.serve.asgi" in names
    (True, True, False)
    """
    found: set[str] = {
        name for package in _FLOOR for name in _whole(package) if not name.startswith(_BESIDE)
    }
    waiting = [name for module in modules for name in (module, *_parents(module))]
    known = len(_remembered())
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(named_modules(name))
    if len(_remembered()) > known:
        _remember()
    return tuple(sorted(found))


@cache
def named_modules(name: str) -> frozenset[str]:
    """Modules that a module names, with the packages they lie in, as far as their source joins."""
    imported, in_text = _remembered().get(_hash(name)) or _names(name)
    named = set(imported)
    for text in in_text:
        named |= _steps(text) if _is_package(text) else {text}
    top = name.partition(".")[0]
    there = {one for one in named if _joins(one, top) and _file_or_none(one)}
    return frozenset(one for module in there for one in (module, *_parents(module)))


def _names(name: str) -> Names:
    """What the source of a module imports, and what it names in text; kept by its hash."""
    source = _DOCSTRING.sub("", _file(name).read_text(encoding="utf-8"))
    source = _FOR_CHECKERS.sub("", source)
    in_text = {*_IN_TEXT.findall(source), *_stored(source)}
    found = sorted(set(_imported(source))), sorted(in_text)
    _remembered()[_hash(name)] = found
    return found


@cache
def _remembered() -> dict[str, Names]:
    """Names of sources by their hash, from the cache; what is not there is looked for again."""
    try:
        found = json.loads(_memory().read_bytes())
    except (OSError, ValueError):
        return {}
    is_whole = isinstance(found, dict) and len(found) < _MOST_REMEMBERED
    return found if is_whole else {}


def _memory() -> Path:
    # Named by this very file: another way to look finds other names.
    return default_cache() / f"imports-{_hash(__name__)[:16]}.json"


def _remember() -> None:
    """Keep the names for the next process; a cache that cannot be written costs time alone."""
    with suppress(MachineError):
        make_folder(_memory().parent)
        write_file(_memory(), canonical_json(_remembered()))


def _stored(source: str) -> set[str]:
    r"""Packages whose steps a source loads from a file.

    >>> _stored("from a.b import Kind\nload_stored(json.loads(text), Kind)")
    {'a.b'}
    """
    kinds = set(_STORED.findall(source))
    return {
        module for module, names in _FROM.findall(source) if kinds & set(re.findall(r"\w+", names))
    }


def _imported(source: str) -> Iterator[str]:
    for module, names in _FROM.findall(source):
        yield module
        for name in re.findall(r"\w+", re.sub(r"\bas \w+|#.*", "", names)):
            yield f"{module}.{name}"
    for names in _IMPORT.findall(source):
        for name in names.split(","):
            yield name.split()[0] if name.split() else ""


def _parents(name: str) -> Iterator[str]:
    """Packages that are loaded before a module, those that are a mere folder left out.

    `stoker` itself only names what is public.
    """
    while "." in name:
        name = name.rpartition(".")[0]
        if name != "stoker" and _file_or_none(name):
            yield name


def _joins(name: str, top: str) -> bool:
    """Whether a named module is ours, or stands beside the user's own step that names it."""
    first = name.partition(".")[0]
    if first == "stoker" or not first:
        return first != name and bool(first)
    if first == top:
        return True
    own = _file_or_none(top)
    beside = _file_or_none(first) if own and top != "stoker" else None
    return bool(beside and own) and _folder(beside) == _folder(own)


def _folder(file: Path | None) -> Path | None:
    """Folder that holds a top module or package, if it is one of the user's own."""
    if file is None:
        return None
    folder = file.parent.parent if file.name == "__init__.py" else file.parent
    return None if folder.name in _SHARED or folder == _ROOT.parent else folder


@cache
def _file_or_none(name: str) -> Path | None:
    """Source of a module; None if it has none, or is no module but a name in one."""
    top, *rest = name.split(".")
    root = _ROOT / "__init__.py" if top == "stoker" else _top_file(top)
    if not rest:
        return root
    folder = _top_folder(top) if root is None else root.parent
    if folder is None or (root is not None and root.name != "__init__.py"):
        return None
    path = folder.joinpath(*rest)
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _top_file(name: str) -> Path | None:
    """Source of a user's module or package, which is looked for and not imported."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None


def _top_folder(name: str) -> Path | None:
    """Folder of a user's package that has no source of its own."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


def _file(name: str) -> Path:
    file = _file_or_none(name)
    assert file is not None, f"{name} has no source file"
    return file


def _is_package(name: str) -> bool:
    file = _file_or_none(name)
    return file is not None and file.name == "__init__.py"


def _steps(package: str) -> set[str]:
    """A package that is named in text, with the modules that may be found in it by name."""
    folder = _file(package).parent
    return {package, *(f"{package}.{file.stem}" for file in folder.glob("*.py"))} - {
        f"{package}.__init__"
    }


def _whole(package: str) -> Iterator[str]:
    for file in _file(package).parent.rglob("*.py"):
        parts = file.relative_to(_ROOT).with_suffix("").parts
        yield ".".join(("stoker", *(part for part in parts if part != "__init__")))


@cache
def _hash(name: str) -> str:
    return hashlib.sha256(_file(name).read_bytes()).hexdigest()
