"""Serve a bundle over HTTP.

Routes: /predict, the Open Inference Protocol V2, health, metrics and the OpenAPI document.

BUNDLE is a folder, or a model of the catalog: NAME (its champion, else its newest version),
NAME@ALIAS or NAME@VERSION. A model of the catalog is served as the `serve` section of its recipe
says; a folder is not, for it may come from elsewhere. Options win. SIGTERM stops taking requests,
answers those accepted, and exits.

The server binds 127.0.0.1; any other --host needs --key-file, a file that holds the key which
clients send as `Authorization: Bearer KEY`.

--protocol adds one of your own, as `serve: {protocols: [...]}` of a recipe does. What the catalog
keeps of a recipe imports nothing, so such a model is served with --import and their module.

Examples:
    stoker serve digits
    stoker serve digits@champion --port 9000 --workers 2 --set max_batch=64
    stoker serve digits --protocol lines:Lines
    stoker serve .stoker/bundles/digits --host 0.0.0.0 --key-file serve.key
    curl --data-binary @seven.png -H 'Content-Type: image/png' http://127.0.0.1:8080/predict
"""

from __future__ import annotations

from pathlib import Path

import click

from stoker.cli.app import Verb
from stoker.cli.options import HOME, IMPORT, make_settings


@click.command("serve", cls=Verb, help=__doc__)
@click.argument("bundle")
@click.option("--host", help="Address to bind.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to bind.  [default: 8080]")
@click.option("--workers", type=click.IntRange(1), help="Processes, each with its own session.")
@click.option(
    "--key-file",
    type=click.Path(dir_okay=False),
    help="File with the key that clients must send.",
)
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any other key of the recipe's serve section, such as max_batch=64; may be repeated.",
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    metavar="MODULE:CLASS",
    help="Protocol of your own beside those of stoker; may be repeated.",
)
@IMPORT
@HOME
def verb(
    bundle: str,
    pairs: tuple[str, ...],
    protocols: tuple[str, ...],
    modules: tuple[str, ...],
    home: Path | None,
    **options: object,
) -> None:
    """Find the bundle and serve it until a signal comes."""
    from stoker.bundle.find import find_bundle
    from stoker.cli.progress import make_listener
    from stoker.core.events import listening
    from stoker.core.own_code import require_imported
    from stoker.serve.serve_settings import ServeSettings
    from stoker.serve.server import serve

    found = find_bundle(bundle, home)
    recorded = found.serve.get("protocols", ())
    require_imported([{name: {}} for name in recorded])
    given = {key: value for key, value in options.items() if value is not None}
    given["protocols"] = tuple(dict.fromkeys((*recorded, *protocols)))
    settings = make_settings(ServeSettings, {**found.serve, **given}, pairs)
    with listening(make_listener()):
        serve(found.folder, settings, name=found.name, version=found.version, imports=modules)
