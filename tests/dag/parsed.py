"""Which modules a module of stoker names, found by Python's own parser, and which run with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import stoker

ROOT = Path(stoker.__file__).parent


def file_of(name: str) -> Path | None:
    path = ROOT.parent.joinpath(*name.split("."))
    files = [path.with_suffix(".py"), path / "__init__.py"]
    return next((file for file in files if file.is_file()), None)


def stage_of(package: str) -> Iterator[str]:
    """A package, with the steps that may be found in it by name."""
    yield package
    file = file_of(package)
    assert file is not None
    if file.name == "__init__.py":
        files = (one for one in file.parent.glob("*.py") if one != file)
        yield from (f"{package}.{one.stem}" for one in files)


class Named(ast.NodeVisitor):
    """Names of modules in a source, by Python's own parser."""

    def __init__(self, module: ast.Module) -> None:
        self.found: set[str] = set()
        self.doc = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
        self.packages: dict[str, str] = {}
        self.visit(module)

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {one.name for one in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.module is not None
        self.found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
        self.packages |= {one.asname or one.name: node.module for one in node.names}

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and id(node) not in self.doc:
            name = node.value.partition(":")[0]
            if name.startswith("stoker.") and name[-1] != "." and file_of(name):
                self.found |= set(stage_of(name))

    def visit_Call(self, node: ast.Call) -> None:
        kind = node.args[-1] if node.args else None
        if isinstance(node.func, ast.Name) and node.func.id == "load_stored":
            assert isinstance(kind, ast.Name)
            self.found |= set(stage_of(self.packages[kind.id]))
        self.generic_visit(node)


@cache
def named(name: str) -> frozenset[str]:
    file = file_of(name)
    assert file is not None
    found = Named(ast.parse(file.read_bytes())).found
    return frozenset(one for one in found if one.startswith("stoker.") and file_of(one))


def reached(modules: list[str]) -> set[str]:
    """Modules that run when these do, with the packages they lie in."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found and name != "stoker":
            found.add(name)
            waiting += [name.rpartition(".")[0], *named(name)]
    return found
