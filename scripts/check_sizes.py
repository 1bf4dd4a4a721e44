"""Refuse functions over 60 lines anywhere, and files over 400 lines under `src/`.

Ruff counts statements and branches but not lines; this is the missing half of the size gate.  A
function's length is from `def` to its last line without the docstring.

    python scripts/check_sizes.py
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("src", "tests", "scripts", "benchmarks", "examples")
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 400


def complaints(path: Path) -> Iterator[str]:
    """What is too long in a file."""
    text = path.read_text(encoding="utf-8")
    num_lines = text.count("\n")
    if num_lines > MAX_FILE_LINES and path.is_relative_to(ROOT / "src"):
        yield f"{path}: {num_lines} lines, at most {MAX_FILE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length, place = function_lines(node), f"{path}:{node.lineno}: {node.name}"
            if length > MAX_FUNCTION_LINES:
                yield f"{place} has {length} lines, at most {MAX_FUNCTION_LINES}"


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, its docstring left out."""
    assert node.end_lineno is not None
    doc = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
    doc_lines = 0 if doc is None or doc.end_lineno is None else doc.end_lineno - doc.lineno + 1
    return node.end_lineno - node.lineno + 1 - doc_lines


def main() -> int:
    """Print the complaints; 1 if there is any."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    found = [line for path in paths for line in complaints(path)]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
