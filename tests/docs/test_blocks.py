"""The blocks of the READMEs and tutorials run as they stand.

Each fenced block has a mark on the line before it: `<!-- test: fast -->` runs in `make check`,
`<!-- test: slow -->` in `make slow`, `<!-- test: none, WHY -->` nowhere.  A page's blocks run in
order in one folder, which holds what `stoker init example` writes unless the page itself says so.
A line that starts a server is started in the background, waited for, and stopped
at the end of the page.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from stoker.cli.example import write_example
from stoker.recipe.load import load_recipe

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    "README.md",
    "README.zh-CN.md",
    "docs/questions.md",
    "docs/tutorials/images.md",
    "docs/tutorials/table.md",
    "docs/tutorials/text.md",
    "docs/tutorials/tag.md",
    "docs/tutorials/tag.zh-CN.md",
    "docs/tutorials/python.md",
]
_BLOCK = re.compile(r"(?:<!-- test: (\w+)(, [^>]+)? -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
_TESTED = ("bash", "python", "yaml")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    mark: str | None
    reason: str | None
    language: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """All fenced blocks of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, *found.groups())
        for found in _BLOCK.finditer(text)
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_whether_it_runs(page: str) -> None:
    blocks = [block for block in blocks_of(page) if block.language in _TESTED]
    assert blocks
    for block in blocks:
        assert block.mark in ("fast", "slow", "none"), f"{page}:{block.line} has no mark"
        assert block.mark != "none" or block.reason, f"{page}:{block.line} does not say why"


@pytest.mark.parametrize("page", PAGES)
def test_fast_blocks_run(page: str, project: Path) -> None:
    run_page(page, project, ("fast",))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_all_blocks_run(page: str, project: Path) -> None:
    run_page(page, project, ("fast", "slow"))


def test_both_readmes_have_the_same_blocks() -> None:
    english, chinese = (
        [(block.mark, block.language, without_comments(block.text)) for block in blocks_of(page)]
        for page in PAGES[:2]
    )
    assert english == chinese


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 900


def without_comments(text: str) -> str:
    """The text without what stands behind a `#`."""
    return re.sub(r"\s*#.*", "", text).strip()


def run_page(page: str, project: Path, marks: tuple[Literal["fast", "slow"], ...]) -> None:
    """Run the blocks of a page in order."""
    with contextlib.ExitStack() as servers:
        for block in blocks_of(page):
            if block.mark in marks:
                run_block(block, project, servers)


def run_block(block: Block, project: Path, servers: contextlib.ExitStack) -> None:
    """Run one block; a recipe is read, the rest is executed."""
    if block.language == "yaml":
        recipe = load_recipe(block.text, project=project)
        assert recipe.name
        return
    command = [sys.executable, "-c", block.text]
    if block.language == "bash":
        lines = block.text.splitlines()
        served = [line for line in lines if line.startswith("stoker serve ")]
        before = "\n".join(line for line in lines if line not in served and "curl" not in line)
        command = ["bash", "-euo", "pipefail", "-c", before]
        run_command(command, block, project)
        for line in served:
            servers.enter_context(serving(line, project))
        command = ["bash", "-euo", "pipefail", "-c", "\n".join(x for x in lines if "curl" in x)]
    run_command(command, block, project)


def run_command(command: list[str], block: Block, project: Path) -> None:
    """One process, with the `stoker` of this environment first on the path."""
    done = subprocess.run(
        command, cwd=project, env=environment(), capture_output=True, text=True, check=False
    )
    said = f"{block.page}:{block.line}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, said


@contextlib.contextmanager
def serving(line: str, project: Path) -> Iterator[None]:
    """The server that a line starts, ready; stopped at the end."""
    with subprocess.Popen(["bash", "-c", f"exec {line}"], cwd=project, env=environment()) as server:
        try:
            deadline = time.monotonic() + 60
            while not is_ready():
                assert server.poll() is None, f"{line} ended with {server.returncode}"
                assert time.monotonic() < deadline, f"{line} was not ready within a minute"
                time.sleep(0.1)
            yield
        finally:
            server.send_signal(signal.SIGTERM)


def is_ready() -> bool:
    """Whether the server on the default port says so."""
    try:
        urllib.request.urlopen("http://127.0.0.1:8080/readyz", timeout=1).close()
    except OSError:  # also a refused or reset connection
        return False
    return True


def environment() -> dict[str, str]:
    """Ours, without a home of our own, on one thread."""
    inherited = {key: value for key, value in os.environ.items() if key != "STOKER_HOME"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{inherited['PATH']}"
    return inherited | {"PATH": path, "PYTHONUTF8": "1"}


@pytest.fixture
def project(tmp_path: Path, page: str) -> Path:
    """A folder with the data of the pages, which some of them write themselves."""
    if not any("stoker init example" in block.text for block in blocks_of(page)):
        write_example(tmp_path, tmp_path)
    return tmp_path
