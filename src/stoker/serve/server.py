"""The server: binds the port, starts the workers and keeps them alive.

This process serves nothing itself and loads no model.  It holds the listening socket, so that a
worker that crashes takes no waiting connection with it, and starts another in its place, more and
more slowly if they keep dying.  SIGTERM and SIGINT let the workers drain; SIGHUP replaces them one
by one by fresh ones, each new one ready before the old one drains, without refusing a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stoker.core import errors
from stoker.core.errors import MachineError, Place, StokerError
from stoker.core.events import counted, message, warning
from stoker.core.own_code import import_own
from stoker.serve.keys import VARIABLE, Keys, read_keys
from stoker.serve.listener import listen, url_of
from stoker.serve.serve_settings import ServeSettings
from stoker.serve.thread_trial import choose
from stoker.serve.worker import WorkerOrder
from stoker.store.scratch import Scratch, scratch_folder

_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_LONG_LIFE_S = 10.0
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 10.0
_KILL_AFTER_S = 5.0


def serve(
    bundle: Path,
    settings: ServeSettings | None = None,
    *,
    name: str | None = None,
    version: str | None = None,
    imports: Sequence[str] = (),
) -> None:
    """Serve a bundle until SIGTERM or SIGINT; call it from the main thread.

    Args:
        bundle: Folder of the bundle.
        settings: How; the defaults if absent.
        name: What to call the model; the bundle's own name if absent.
        version: Its version, such as the catalog's; a hash of the bundle if absent.

        imports: Modules of your own code that the bundle needs; workers import them too.

    Raises:
        RecipeError: If there is no such module; if the host can be reached by others and there is
            no key, or a key is weak.
        MachineError: If the port is in use.
        ArtifactError: If the bundle is missing, damaged or of a newer format.
        MissingExtraError: If a library of the extra `serve` is not installed.
    """
    settings = settings or ServeSettings()
    import_own(imports)
    check_protocols(settings)
    keys = read_keys(settings)
    with contextlib.closing(listen(settings.host, settings.port)) as listening:
        order = WorkerOrder(
            str(Path(bundle).resolve()),
            name,
            version,
            listening.fileno(),
            settings.model_dump(mode="json"),
            [digest.hex() for digest in keys.digests],
            list(imports),
        )
        with scratch_folder("metrics") as metrics:
            asyncio.run(_Supervisor(order, settings, keys, metrics).run(listening))


def check_protocols(settings: ServeSettings) -> None:
    """Refuse protocols of the user's own that will not do, before a worker is started.

    Raises:
        RecipeError: If there is none of that name, it needs fields, or its prefix is taken.
    """
    if settings.protocols:
        # Only then, as this process needs nothing of what protocols load.
        from stoker.serve.protocols import find_protocols

        find_protocols(settings.protocols)


class _Supervisor:
    """Starts workers, replaces dead ones, and ends them all."""

    def __init__(
        self, order: WorkerOrder, settings: ServeSettings, keys: Keys, metrics: Scratch
    ) -> None:
        self._order, self._settings, self._keys, self._metrics = order, settings, keys, metrics
        self._stopping = asyncio.Event()
        self._workers: set[Process] = set()
        self._keepers: list[asyncio.Task[None]] = []
        self._rolling: asyncio.Task[None] | None = None

    async def run(self, listening: socket.socket) -> None:
        """Serve until told to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._roll)
        try:
            first = await self._until_stopped(asyncio.ensure_future(self._start_all()))
            if first is not None:
                message(self._greeting(listening, first[0][1]))
                self._keepers = [loop.create_task(self._keep(process)) for process, _ in first]
                await self._stopping.wait()
        finally:
            await self._stop()

    async def _start_all(self) -> list[tuple[Process, dict[str, Any]]]:
        """Start all workers; if threads are to be chosen, the first one does it for all.

        Raises:
            StokerError: Why one cannot be started.
        """
        first = []
        if len(self._settings.thread_choices) > 1:
            first.append(await self._start())
        trial_s = dict(first[0][1]["trial_s"]) if first else {}
        threads = choose(trial_s) if trial_s else self._settings.thread_choices[0]
        self._settings = self._settings.model_copy(update={"threads": threads})
        self._order = replace(self._order, settings=self._settings.model_dump(mode="json"))
        others = range(self._settings.num_workers - len(first))
        return first + await asyncio.gather(*(self._start() for _ in others))

    async def _until_stopped(self, starting: asyncio.Future[Any]) -> Any:
        """The result of starting, or None if a signal came first."""
        stopped = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not starting.done():
            starting.cancel()
            return None
        return starting.result()

    def _greeting(self, listening: socket.socket, ready: dict[str, Any]) -> str:
        settings = self._settings
        access = "key needed" if self._keys else "this machine only"
        trial = _trial_of(ready["trial_s"]) if len(ready["trial_s"]) > 1 else ""
        workers = counted(settings.num_workers, "workers")
        answers = f"; it answers {ready['threshold']}" if ready["threshold"] else ""
        return (
            f"serving {ready['name']} {ready['version']} at {url_of(listening)} "
            f"({workers} x {counted(settings.threads, 'threads')}, {access}{trial}){answers}"
        )

    async def _start(self) -> tuple[Process, dict[str, Any]]:
        """Start a worker and wait until it is ready.

        Raises:
            StokerError: Why it cannot be.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "stoker.serve.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # The lock: workers drain when this process was killed, and count until then.
            pass_fds=(self._order.socket, self._metrics.lock),
            env=self._environment(),
        )
        self._workers.add(process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(self._order.to_line())
        try:
            async with asyncio.timeout(self._settings.start_s):
                line = await process.stdout.readline()
        except TimeoutError:
            await self._give_up(process)
            raise _too_slow(self._settings.start_s) from None
        reply = json.loads(line) if line else {}
        if "ready" in reply:
            return process, reply
        code = await process.wait()
        self._workers.discard(process)
        raise _error_of(reply.get("error"), code)

    async def _give_up(self, process: Process) -> None:
        """End a worker that serves nobody yet."""
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        self._workers.discard(process)

    def _environment(self) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if k != VARIABLE}
        threads = str(max(self._settings.thread_choices))
        return environment | {"OMP_NUM_THREADS": threads, _METRICS_FOLDER: str(self._metrics.path)}

    async def _keep(self, process: Process) -> None:
        """Wait for a worker's end and start another, until the server stops."""
        loop = asyncio.get_running_loop()
        pause_s = _SHORTEST_PAUSE_S
        while True:
            began = loop.time()
            code = await process.wait()
            self._forget(process)
            if self._stopping.is_set() or process not in self._workers:
                return
            self._workers.discard(process)
            warning(f"worker {process.pid} ended with code {code}; starting another")
            if loop.time() - began > _LONG_LIFE_S:
                pause_s = _SHORTEST_PAUSE_S
            process, pause_s = await self._start_again(pause_s)

    async def _start_again(self, pause_s: float) -> tuple[Process, float]:
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                process, _ = await self._start()
            except StokerError as error:
                warning(f"no worker could be started: {error}")
            else:
                return process, pause_s

    def _forget(self, process: Process) -> None:
        """Remove the dead worker's gauges; its counters stay, they are part of the totals."""
        for file in self._metrics.path.glob(f"gauge_live*_{process.pid}.db"):
            file.unlink(missing_ok=True)

    def _roll(self) -> None:
        if self._rolling is None or self._rolling.done():
            self._rolling = asyncio.get_running_loop().create_task(self._replace_all())

    async def _replace_all(self) -> None:
        """Replace each worker by a fresh one; stop at the first that does not start."""
        loop = asyncio.get_running_loop()
        for old in list(self._workers):
            try:
                process, _ = await self._start()
            except StokerError as error:
                warning(f"the workers are not replaced: {error}")
                return
            self._keepers.append(loop.create_task(self._keep(process)))
            self._workers.discard(old)
            old.send_signal(signal.SIGHUP)
            await old.wait()
        message("all workers were replaced")

    async def _stop(self) -> None:
        """Let the workers drain, and kill those that do not end in time."""
        self._stopping.set()
        tasks = [*self._keepers, *([self._rolling] if self._rolling else [])]
        for task in tasks:
            task.cancel()
        _send_all(self._workers, signal.SIGTERM)
        settings = self._settings
        patience_s = settings.linger_s + settings.grace_s + _KILL_AFTER_S
        ending = [asyncio.ensure_future(process.wait()) for process in self._workers]
        if ending:
            _, late = await asyncio.wait(ending, timeout=patience_s)
            if late:
                _send_all(self._workers, signal.SIGKILL)
                await asyncio.wait(late)


def _trial_of(trial_s: list[tuple[int, float]]) -> str:
    times = ", ".join(f"{1000 * seconds:.3g} ms on {count}" for count, seconds in trial_s)
    return f"; threads measured: a batch takes {times}"


def _send_all(workers: set[Process], number: signal.Signals) -> None:
    for process in workers:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


def _too_slow(start_s: float) -> MachineError:
    return MachineError(
        f"a worker was not ready within {start_s:g} s",
        expected="a model that loads and answers a first row in that time",
        fix="serve fewer workers, or allow more with serve.start_s",
    )


def _error_of(parts: dict[str, Any] | None, code: int) -> StokerError:
    if parts is None:
        return MachineError(
            f"a worker ended with code {code} before it was ready",
            fix="it was killed, often for too little memory: serve fewer workers"
            if code == -signal.SIGKILL
            else "look at its messages above",
        )
    kind = getattr(errors, parts["kind"], StokerError)
    place = Place(parts["place"]) if parts["place"] else None
    error = StokerError(parts["what"], expected=parts["expected"], fix=parts["fix"], place=place)
    error.__class__ = kind
    return error
