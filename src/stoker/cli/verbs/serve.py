"""Serve a bundle over HTTP.

Routes: /predict, the Open Inference Protocol V2, health, metrics and the OpenAPI document.

BUNDLE is a folder, or a model of the catalog: NAME (its champion, else its newest version),
NAME@ALIAS or NAME@VERSION. SIGTERM stops taking requests, answers those accepted, and exits.

The server binds 127.0.0.1; any other --host needs --key-file, a file that holds the key which
clients send as `Authorization: Bearer KEY`.

Examples:
    stoker serve digits
    stoker serve digits@champion --port 9000 --workers 2
    stoker serve .stoker/bundles/digits --host 0.0.0.0 --key-file serve.key
    curl --data-binary @seven.png -H 'Content-Type: image/png' http://127.0.0.1:8080/predict
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME


@click.command("serve", cls=Verb, help=__doc__)
@click.argument("bundle")
@click.option("--host", help="Address to bind.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to bind.  [default: 8080]")
@click.option("--workers", type=click.IntRange(1), help="Processes, each with its own session.")
@click.option("--max-batch", type=click.IntRange(1), help="Most rows the model sees at once.")
@click.option("--queue", type=click.IntRange(1), help="Most requests that wait; more get 429.")
@click.option("--deadline-s", type=click.FloatRange(min=0.001), help="Longest wait for an answer.")
@click.option("--max-body-bytes", type=click.IntRange(1), help="Largest request body.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File with the key that clients must send.",
)
@HOME
def verb(bundle: str, home: Path | None, **options: object) -> None:
    """Find the bundle and serve it until a signal comes."""
    from stoker.cli.bundles import find_bundle
    from stoker.serve.server import serve
    from stoker.serve.settings import ServeSettings

    folder = find_bundle(bundle, home)
    given = {name: value for name, value in options.items() if value is not None}
    serve(folder, ServeSettings.model_validate(given))
