"""A worker: one process that loads the bundle, serves, and drains when it is told to end.

It is started by `server` with `python -m stoker.serve.worker` and a listening socket, reads one
line of JSON from its standard input, and writes one line to its standard output when it is ready or
why it cannot be.  It is a fresh process rather than a fork, so that nothing the parent has loaded
(torch, say) is in it.

It ends by draining: on SIGTERM and SIGINT, on SIGHUP (which replaces this worker only, the others
go on accepting), and when its standard input closes, because then the parent is dead.  Draining is:
readiness off; every answer says `Connection: close`; connections that wait in the kernel are
accepted and answered; idle ones are closed after a second; what is in flight has `grace_s`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from stoker.core.errors import MissingExtraError, RecipeError, StokerError
from stoker.core.own_code import import_own
from stoker.serve.keys import Keys
from stoker.serve.listener import refuse_new
from stoker.serve.serve_settings import ServeSettings

if TYPE_CHECKING:
    from stoker.serve.asgi import App
    from stoker.serve.connection import Connection, ConnectionBook

_ACCEPT_S = 0.25
_IDLE_S = 1.0
_POLL_S = 0.02
_SPARE_FILES = 64
_SWITCH_S = 0.0005
"""How long the event loop may keep the model's thread from running Python: a picture is decoded in
pieces, and with Python's 5 ms before each a flood of refusals nearly halved the answers."""
_NEVER = ("torch", "daft", "pandas", "polars", "sklearn", "lightgbm")


@dataclass(frozen=True)
class WorkerOrder:
    """What the parent tells a worker, as one line of JSON."""

    bundle: str
    name: str | None
    version: str | None
    socket: int
    settings: dict[str, Any]
    key_digests: list[str]
    imports: list[str]
    """Modules of the user's own code, which only the user names."""

    def to_line(self) -> bytes:
        """The line."""
        return json.dumps(vars(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> WorkerOrder:
        """The order that a line holds."""
        return cls(**json.loads(line))


def main() -> int:
    """Do what the order on the standard input says; 0 after a clean end."""
    sys.excepthook = _tell_own_code
    refuse_training_libraries()
    order = WorkerOrder.from_line(sys.stdin.buffer.readline())
    settings = ServeSettings.model_validate(order.settings)
    keys = Keys(bytes.fromhex(digest) for digest in order.key_digests)
    try:
        # Heavy imports come after the order, so that the parent's error handling covers them.
        from uvicorn.loops.auto import auto_loop_factory

        from stoker.serve.asgi import make_app
        from stoker.serve.connection import Connection, ConnectionBook
        from stoker.serve.load_model import load_model

        import_own(order.imports)
        model = load_model(Path(order.bundle), settings, order.name, order.version)
        app = make_app(model, settings, keys)
    except StokerError as error:
        return _refuse(error)
    except ModuleNotFoundError as error:
        if error.name is None:
            raise
        if error.name in _NEVER:
            return _refuse(_not_here(error.name))
        return _refuse(MissingExtraError(error.name, extra="serve", needed_for="a server"))

    book = ConnectionBook(settings, app.metrics, _max_connections(settings), app.refuse)
    sys.setswitchinterval(_SWITCH_S)
    # What is loaded now lives as long as the process: keep the garbage collector from walking it.
    gc.collect()
    gc.freeze()
    listening = socket.socket(fileno=order.socket)
    trial = list(model.trial_s.items())
    ready = {
        "ready": os.getpid(),
        "name": model.name,
        "version": model.version,
        "trial_s": trial,
        "threshold": model.predictor.decision.threshold_in_words(model.predictor.classes),
    }
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(_serve(app, book, Connection, listening, lambda: _report(ready)))
    return 0


def _tell_own_code(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Tell the parent of a bug in the user's own code; its place is all that one needs to see."""
    from stoker.core.blame import own_code_error

    own = own_code_error(error)
    if own is None:
        sys.__excepthook__(kind, error, trace)
    else:
        _refuse(own)


def _refuse(error: StokerError) -> int:
    """Tell the parent why there is no server here; the exit code."""
    _report({"error": {"kind": type(error).__name__, **_parts(error)}})
    return 1


def _not_here(library: str) -> RecipeError:
    return RecipeError(
        f"your own code needs {library}, which a server does not load",
        expected="modules that answer without libraries of training",
        fix=f"import {library} inside the functions that train, or keep them in another module",
    )


class _NotHere:
    """Answers the import of a training library as if it were not installed."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Nothing, or the error for the names that are refused."""
        if name in _NEVER:
            raise ModuleNotFoundError(f"a server does not load {name}", name=name)


def refuse_training_libraries() -> None:
    """Make them look as if they were not installed.

    Nothing here asks for them, but pyarrow imports pandas on its own when it sees a Python list,
    which costs 50 MB and most of a second.
    """
    sys.meta_path.insert(0, _NotHere())


async def _serve(
    app: App,
    book: ConnectionBook,
    protocol: type[Connection],
    listening: socket.socket,
    on_ready: Callable[[], None],
) -> None:
    from uvicorn import Config

    settings = book.settings
    config = Config(
        app, lifespan="off", ws="none", log_config=None, interface="asgi3", proxy_headers=False
    )
    config.load()
    loop = asyncio.get_running_loop()
    ending = _Ending(loop)
    watching = loop.create_task(book.watch())
    server = await loop.create_server(lambda: protocol(config, book), sock=listening)
    on_ready()
    await ending.told.wait()
    app.drain()
    book.draining = True
    for connection in list(book.connections):
        connection.drain()
    await _stop_accepting(server, listening, settings, alone=ending.alone)
    await _finish(book, settings.grace_s, ending)
    watching.cancel()
    await app.close()


class _Ending:
    """Whether and how the worker was told to end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.told = asyncio.Event()
        self.alone = False
        self.at_once = False
        loop.add_signal_handler(signal.SIGTERM, self._all)
        loop.add_signal_handler(signal.SIGINT, self._all)
        loop.add_signal_handler(signal.SIGHUP, self._one)
        loop.add_reader(0, self._parent_died, loop)

    def _all(self) -> None:
        self.told.set()

    def _one(self) -> None:
        self.alone = True
        self.told.set()

    def _parent_died(self, loop: asyncio.AbstractEventLoop) -> None:
        if not os.read(0, 1024):
            loop.remove_reader(0)
            self.told.set()


async def _stop_accepting(
    server: asyncio.Server, listening: socket.socket, settings: ServeSettings, *, alone: bool
) -> None:
    """Stop taking new connections, without losing one that waits in the kernel."""
    if not alone:
        await asyncio.sleep(settings.linger_s)
        refuse_new(listening)
        await asyncio.sleep(_ACCEPT_S)
    server.close()


async def _finish(book: ConnectionBook, grace_s: float, ending: _Ending) -> None:
    """Wait for what is in flight, close what is idle, and cut the rest when time is up."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while book.connections and loop.time() < began + grace_s:
        if loop.time() > began + _IDLE_S:
            for connection in list(book.connections):
                if connection.is_idle:
                    connection.transport.close()
        await asyncio.sleep(_POLL_S)
    for connection in list(book.connections):
        connection.cut("drain_too_long")
    await asyncio.sleep(_POLL_S)


def _max_connections(settings: ServeSettings) -> int:
    """The connections the worker may hold, with as many open files as the system lets it have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + _SPARE_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, min(settings.max_connections, max(soft, allowed) - _SPARE_FILES))


def _report(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _parts(error: StokerError) -> dict[str, str | None]:
    place = str(error.place) if error.place else None
    return {"what": error.what, "expected": error.expected, "fix": error.fix, "place": place}


if __name__ == "__main__":
    sys.exit(main())
