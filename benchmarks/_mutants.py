"""Small wrong changes of a source file, one at a time: what a test should notice.

What is changed is mutmut's table (a bound moved by one, `<` made `<=`, `and` made `or`, an argument
dropped or made None, a name misspelt ...).  Its runner is not used: it calls every function through
a switch that children of a test cannot see, and leaves decorated functions and constants alone.

Left out is what no test should hold fast: words said to people (a text with a space in it, or with
fields), docstrings, and what only a type checker reads.

Cost: 0.2 s to find the mutants of a file, 20 ms to write one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

_FOR_CHECKERS = m.OneOf(
    m.Annotation(),
    m.Decorator(),
    m.Import(),
    m.ImportFrom(),
    m.Expr(m.SimpleString() | m.ConcatenatedString()),
    m.Assign([m.AssignTarget(m.Name("__all__"))]),
    m.Assign(value=m.Subscript(m.OneOf(*map(m.Name, ("tuple", "dict", "list", "Callable"))))),
    m.Assign(value=m.Subscript(m.OneOf(*map(m.Name, ("Literal", "Annotated", "Mapping"))))),
    m.Call(m.OneOf(*map(m.Name, ("cast", "TypeVar", "len", "isinstance")))),
)
"""Nodes that are not changed, nor anything in them."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: str
    """Below the root."""
    line: int
    first: int
    """Where the statement begins that it is in."""
    last: int
    is_called: bool
    """Whether a call runs it, not the import of the module, which the first of all tests pays."""
    text: str
    """The line as it stands."""
    operator: str
    node: cst.CSTNode
    changed: cst.CSTNode
    module: cst.Module

    @property
    def source(self) -> str:
        """The whole file with the change."""
        return cast("cst.Module", self.module.deep_replace(self.node, self.changed)).code

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it as long as its line stands, wherever that is."""
        return self.file, self.text, f"{self.before} => {self.after}"

    def is_like(self, wanted: tuple[str, str, str]) -> bool:
        """Whether file, line and change are these, in which `*` stands for anything."""
        shapes = (".*".join(map(re.escape, one.split("*"))) for one in wanted)
        return all(map(re.fullmatch, shapes, self.key))

    @property
    def before(self) -> str:
        """The code that is changed, on one line."""
        return self._code(self.node)

    @property
    def after(self) -> str:
        """What it becomes."""
        return self._code(self.changed)

    def _code(self, node: cst.CSTNode) -> str:
        return " ".join(self.module.code_for_node(node).split())


def mutants_of(root: Path, file: Path) -> list[Mutant]:
    """All mutants of a file, in the order of its lines."""
    wrapper = MetadataWrapper(cst.parse_module(file.read_text(encoding="utf-8")))
    finder = _Finder(file.relative_to(root).as_posix(), wrapper.module)
    wrapper.visit(finder)
    return finder.found


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, file: str, module: cst.Module) -> None:
        super().__init__()
        self.file, self.module = file, module
        self.found: list[Mutant] = []
        self._lines = module.code.splitlines()
        self._statements: list[tuple[int, bool]] = []  # line, whether it defines a function

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Take the changes of a node, then those inside of it."""
        if m.matches(node, _FOR_CHECKERS):
            return False
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            is_function = isinstance(node, cst.FunctionDef)
            self._statements.append((self._range(node).start.line, is_function))
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                self.found.extend(self._mutants(node, operator))
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        """A statement that is behind us holds nothing more."""
        is_statement = isinstance(
            original_node, cst.SimpleStatementLine | cst.BaseCompoundStatement
        )
        if is_statement:
            self._statements.pop()

    def _mutants(self, node: cst.CSTNode, operator: Any) -> Iterator[Mutant]:
        place = self._range(node)
        name = operator.__name__.removeprefix("operator_")
        for changed in operator(node):
            if not _is_words(node) and _num_words(node) == _num_words(changed):
                yield Mutant(
                    file=self.file,
                    line=place.start.line,
                    first=self._statements[-1][0],
                    is_called=any(is_function for _, is_function in self._statements[:-1]),
                    last=place.end.line,
                    text=self._lines[place.start.line - 1].strip(),
                    operator=name,
                    node=node,
                    changed=changed,
                    module=self.module,
                )

    def _range(self, node: cst.CSTNode) -> Any:
        return self.get_metadata(PositionProvider, node)


def _is_words(node: cst.CSTNode) -> bool:
    """Whether this is a text for people."""
    if isinstance(node, cst.SimpleString):
        return " " in node.value
    return isinstance(node, cst.FormattedString | cst.ConcatenatedString)


def _num_words(node: cst.CSTNode) -> int:
    """How many arguments of a call are texts for people; their loss is no change of behaviour."""
    return sum(_is_words(one.value) for one in node.args) if isinstance(node, cst.Call) else 0
