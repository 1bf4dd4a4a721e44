"""The parts of `docs/architecture.md` that are read from the code.

Drawings: stages from what each says it reads; the steps of a batch and a request from the
signatures of the functions that do them, found by name wherever they stand.  Who may import whom:
the contract of `pyproject.toml`, beside what is imported.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src/stoker"
PAGE = ROOT / "docs/architecture.md"

RECIPE = """
version: 1
name: customers
data: {sources: [{csv: {path: customers.csv}}]}
target: {churned: classify}
"""
"""What the drawing of the stages is drawn for."""

BATCH = (
    ("train", "Sampler.start", "which rows make the batches of an epoch"),
    ("train", "Batches.load", "one gather for many batches, augmented"),
    ("train", "Engine.load", "to the device; the half of the network without weights"),
    ("train", "Engine.step", "forward, loss, backward, clip, optimiser, average"),
    ("train", "train_network", "schedule, scores, patience, checkpoints around it"),
)
REQUEST = (
    ("serve", "AccessGate.check", "host, origin, key"),
    ("serve", "Deployments.choose", "which version answers"),
    ("serve", "Deployment.read", "the body, within its limits"),
    ("serve", "Deployment.answer", "rows of this request"),
    ("serve", "Batcher.submit", "what waits while the model is busy becomes one batch"),
    ("serve", "ServedModel.answer", "requests joined into one table, and cut apart again"),
    ("bundle", "Predictor.predict", "cells to tensors by the bundle's features"),
    ("bundle", "Loaded.run", "the graph"),
    ("tasks", "FittedTask.decode", "outputs to answers"),
)
"""Folder, function and what it does, in the order of the way."""


def page() -> str:
    """The page with fresh parts between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    parts = {"table": table_way(), "batch": way(BATCH), "request": way(REQUEST), "layers": layers()}
    for name, part in parts.items():
        start, end = f"<!-- {name}: generated -->", f"<!-- {name}: end -->"
        pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        assert pattern.search(text), f"{PAGE} has no mark {start}"
        text = pattern.sub(lambda _, fresh=f"{start}\n{part}\n{end}": fresh, text)
    return text


def table_way() -> str:
    """The stages and what each reads, as a drawing."""
    from stoker.core.steps import step_name
    from stoker.dag.build import stages_of
    from stoker.dag.stage import ALL, ROWS
    from stoker.recipe.load import load_recipe

    stages = {step_name(stage): stage for stage in stages_of(load_recipe(RECIPE, project=ROOT))}
    names = [*stages]
    lines = ["raw([raw files]) --> acquire"]
    for number, name in enumerate(names):
        earlier = names[:number]
        asked = stages[name].reads()
        if ALL in asked:
            lines.append(f"{earlier[-1]} -. reads all before .-> {name}")
            continue
        rows = [one for one in earlier if stages[one].gives_rows][-1:] if ROWS in asked else []
        lines += [f"{one} -- rows --> {name}" for one in rows]
        lines += [f"{one} --> {name}" for one in earlier if one in asked and one not in rows]
    return drawing("LR", lines)


def way(steps: tuple[tuple[str, str, str], ...]) -> str:
    """Functions from top to bottom, each with what it takes and gives, as a drawing."""
    lines = []
    for number, (folder, name, does) in enumerate(steps):
        takes, gives = signature(folder, name)
        lines.append(f'n{number}["<b>{name}</b><br/>{does}<br/><i>{takes} → {gives}</i>"]')
    lines += [f"n{number} --> n{number + 1}" for number in range(len(steps) - 1)]
    return drawing("TB", lines)


def drawing(direction: str, lines: list[str]) -> str:
    """A Mermaid drawing."""
    body = "\n".join(f"  {line}" for line in lines)
    return f"```mermaid\nflowchart {direction}\n{body}\n```"


def signature(folder: str, name: str) -> tuple[str, str]:
    """Types that a function of a folder takes and gives, in signs that a drawing can hold."""
    owner, _, function = name.rpartition(".")
    for tree in _trees(folder):
        scope = [one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == owner]
        body = scope[0].body if scope else [] if owner else tree.body
        for one in body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name == function:
                arguments = [*one.args.args, *one.args.kwonlyargs]
                takes = [ast.unparse(a.annotation) for a in arguments if a.annotation is not None]
                gives = ast.unparse(one.returns) if one.returns else "None"
                return plain(", ".join(takes[:3]) + ", …" * (len(takes) > 3)), plain(gives)
    raise SystemExit(f"scripts/pages/architecture.py draws {folder}: {name}, which is not there")


def plain(text: str) -> str:
    """Text without signs that mean something in a drawing."""
    return text.replace("[", " of ").replace("]", "").replace("|", "or").replace('"', "")


@cache
def _trees(folder: str) -> list[ast.Module]:
    files = sorted((SOURCE / folder).rglob("*.py"))
    return [ast.parse(file.read_text(encoding="utf-8")) for file in files]


def layers() -> str:
    """The folders from top to bottom: what each is, and which of those below it imports."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    order = contract["tool"]["importlinter"]["contracts"][0]["layers"]
    names = [name for line in order for name in re.findall(r"\w+", line)]
    lines = ["| folder | is | imports |", "|---|---|---|"]
    for name in names:
        if (SOURCE / name / "__init__.py").is_file():
            below = [one for one in names if one in imported(name)]
            shown = " ".join(f"`{one}`" for one in below)
            lines.append(f"| `{name}` | {headline(name)} | {shown} |")
    return "\n".join(lines)


def headline(name: str) -> str:
    """The first sentence of a folder's header."""
    tree = ast.parse((SOURCE / name / "__init__.py").read_text(encoding="utf-8"))
    text = (ast.get_docstring(tree) or "").partition("\n")[0]
    return text.partition(": ")[2] or text


def imported(name: str) -> set[str]:
    """Other folders whose modules a folder imports, at any depth, type checkers' names too."""
    found = {part for tree in _trees(name) for part in _folders(tree)}
    return found - {name}


def _folders(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("stoker."):
                yield name.split(".")[1]
