"""Print the completion script of a shell.

Verbs, options and file names then complete with Tab.

Examples:
    eval "$(stoker completion bash)"                                # ~/.bashrc
    eval "$(stoker completion zsh)"                                 # ~/.zshrc
    stoker completion fish > ~/.config/fish/completions/stoker.fish
"""

from __future__ import annotations

import click

from stoker.cli.app import Verb, root


@click.command("completion", cls=Verb, help=__doc__)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def verb(shell: str) -> None:
    """Print the script that click makes for the shell."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, f"click completes {shell}"
    click.echo(kind(root, {}, "stoker", "_STOKER_COMPLETE").source())
