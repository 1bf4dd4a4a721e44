"""The command itself: start-up cost, the list of verbs, help, unknown verbs."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import stoker.cli
from stoker.cli.app import Verb, first_line, root

VERBS = Path(stoker.cli.__file__).parent / "verbs"
NAMES = sorted(path.stem for path in VERBS.glob("[!_]*.py"))
STOKER = [sys.executable, "-c", "from stoker.cli import main; main()"]


def heavy_modules(command: str) -> set[str]:
    """Top-level modules that a command line loads, seen from inside its process."""
    probe = (
        "import sys; from stoker.cli.app import root\n"
        f"try: root.main({command.split()!r}, 'stoker')\n"
        "except SystemExit: pass\n"
        "print('MODULES', *{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("MODULES"))
    return set(line.split()[1:])


@pytest.mark.parametrize("command", ["--help", "run --help", "serve --help", "--version"])
def test_help_loads_nothing_heavy(command: str) -> None:
    heavy = {"pydantic", "numpy", "pyarrow", "torch", "daft", "rich", "sqlalchemy", "yaml"}
    assert not heavy & heavy_modules(command)


def test_help_lists_every_verb_without_importing_any() -> None:
    probe = (
        "import sys; from stoker.cli.app import root\n"
        "try: root.main(['--help'], 'stoker')\n"
        "except SystemExit: pass\n"
        "print('LOADED', [m for m in sys.modules if m.startswith('stoker.cli.verbs')])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout
    assert all(f"  {name} " in done.stdout for name in NAMES)


def test_help_costs_at_most_a_fifth_of_a_second_of_cpu() -> None:
    best_s = min(cpu_seconds([*STOKER, "--help"]) for _ in range(3))
    assert best_s <= 0.2


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of one child."""
    before = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return (
        after.children_user - before.children_user + after.children_system - before.children_system
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_verb_is_its_file(name: str) -> None:
    module = importlib.import_module(f"stoker.cli.verbs.{name}")
    assert module.verb.name == name
    assert isinstance(module.verb, Verb | click.Group)
    header = ast.get_docstring(ast.parse((VERBS / f"{name}.py").read_text(encoding="utf-8")))
    assert header is not None
    assert first_line(VERBS / f"{name}.py") == header.splitlines()[0]
    assert len(header.splitlines()[0]) <= 66, "the overview would wrap"


@pytest.mark.parametrize("name", NAMES)
def test_help_of_a_verb_has_examples_that_name_it(name: str) -> None:
    result = CliRunner().invoke(root, [name, "--help"], prog_name="stoker")
    assert result.exit_code == 0
    assert "Examples:\n" in result.output
    assert f"stoker {name}" in result.output.partition("Examples:")[2]


def test_an_unknown_verb_gets_the_nearest_one() -> None:
    result = CliRunner().invoke(root, ["rnu"], prog_name="stoker")
    assert result.exit_code == 2
    assert "No verb 'rnu'. Did you mean 'run'?" in result.output


def test_an_option_before_the_verb_is_told_where_it_goes() -> None:
    result = CliRunner().invoke(root, ["--home", "/data", "runs"], prog_name="stoker")
    assert result.exit_code == 2
    assert "stoker runs --home ..." in result.output
    unknown = CliRunner().invoke(root, ["--nix"], prog_name="stoker")
    assert unknown.exit_code == 2
    assert "No such option '--nix'" in unknown.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_complete_verbs(shell: str) -> None:
    result = CliRunner().invoke(root, ["completion", shell], prog_name="stoker")
    assert result.exit_code == 0
    assert "_STOKER_COMPLETE" in result.output


def test_tab_completes_a_verb() -> None:
    environment = os.environ | {
        "_STOKER_COMPLETE": "bash_complete",
        "COMP_WORDS": "stoker des",
        "COMP_CWORD": "1",
    }
    code = "from stoker.cli.app import root; root.main(prog_name='stoker')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert done.stdout.split() == ["plain,describe"]


def test_a_verb_whose_reader_went_away_ends_in_silence() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "stoker", "schema"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
