"""The `stoker` command: a group whose verbs are the files of `cli/verbs/`.

A verb is found by its file name and imported when it is called, so a new file is a new verb and
the start-up cost does not grow with their number.  The overview reads one line of each file instead
of importing it.

Cost: Python, click and one short read per verb; measured in `benchmarks/bench_startup.py`.
"""

from __future__ import annotations

import importlib
import sys
from difflib import get_close_matches
from inspect import cleandoc
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from stoker.cli.guard import PIPE_CLOSED, Guard, end_with_engine, leave

_VERBS = Path(__file__).with_name("verbs")


class HeaderHelp(click.Command):
    """Help that is the header of the verb's file: prose is wrapped, indented lines are kept."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the header, paragraph by paragraph."""
        for paragraph in cleandoc(self.help or "").split("\n\n"):
            formatter.write_paragraph()
            with formatter.indentation():
                write_paragraph(formatter, paragraph)


class Verb(HeaderHelp):
    """A verb."""


class VerbWithParts(HeaderHelp, click.Group):
    """A verb that does something by itself and has verbs of its own."""


class VerbGroup(click.Group):
    """A group that imports a verb when it is asked for."""

    def invoke(self, ctx: click.Context) -> Any:
        """The verb; where the reader of its output went away it ends in silence.

        Here and not in `Guard`, as click makes an exit code 1 of it.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            leave(PIPE_CLOSED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the files, sorted."""
        return sorted(path.stem for path in _VERBS.glob("[!_]*.py"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of a file, imported now."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return importlib.import_module(f"stoker.cli.verbs.{cmd_name}").verb

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line a verb, from the first line of its file."""
        rows = [(name, first_line(_VERBS / f"{name}.py")) for name in self.list_commands(ctx)]
        with formatter.section("Verbs"):
            formatter.write_dl(rows)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options before the verb; one that belongs behind it is told where it goes."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            verb = next((word for word in args if word in self.list_commands(ctx)), None)
            if verb is None:
                raise
            ctx.fail(f"Options stand behind the verb: stoker {verb} {error.option_name} ...")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb and its arguments; an unknown verb is answered with the nearest one."""
        asked, known = args[0], self.list_commands(ctx)
        if asked not in known:
            near = get_close_matches(asked, known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else " 'stoker --help' lists them."
            ctx.fail(f"No verb '{asked}'.{hint}")
        return super().resolve_command(ctx, args)


def write_paragraph(formatter: click.HelpFormatter, paragraph: str) -> None:
    """Wrap prose to the terminal; keep indented lines as they stand."""
    for kept, lines in groupby(paragraph.splitlines(), lambda line: line.startswith("    ")):
        if kept:
            margin = " " * formatter.current_indent
            formatter.write("".join(f"{margin}  {line.strip()}\n" for line in lines))
        else:
            formatter.write_text(" ".join(line.strip() for line in lines))


def first_line(path: Path) -> str:
    """The first line of a file's docstring.

    >>> first_line(Path(__file__))
    'The `stoker` command: a group whose verbs are the files of `cli/verbs/`.'
    """
    with path.open(encoding="utf-8") as file:
        return file.readline().strip().strip('"')


def print_version(ctx: click.Context, _parameter: click.Parameter, value: Any) -> None:
    """Print the version and leave; importing the package's metadata only now."""
    if value and not ctx.resilient_parsing:
        from stoker import __version__

        click.echo(f"stoker {__version__}")
        ctx.exit()


@click.group(
    cls=VerbGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="First steps: init, check, run, report, serve. Each verb has its own --help.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Show the version and exit.",
)
def root() -> None:
    """Raw data to a checked, compressed, served model: one recipe, one command."""


def main() -> None:
    """The console entry: run a verb and leave with its exit code."""
    try:
        with Guard(sys.argv[1:]):
            sys.exit(root.main(prog_name="stoker", standalone_mode=False))
    except SystemExit as left:
        end_with_engine(left.code)
        raise
