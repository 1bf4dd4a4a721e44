"""What several tests of the store need."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stoker.core import events
from stoker.store.artifact import Artifact
from stoker.store.store import Store


class Heard:
    """A listener that keeps what it was told."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.warnings: list[str] = []

    def task(self, title: str, total: float | None, unit: str, done: float) -> events.TaskView:
        return events.Silent().task(title, total, unit, done)

    def message(self, text: str) -> None:
        self.messages.append(text)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def heard():
    listener = Heard()
    with events.listening(listener):
        yield listener


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


class Making:
    """Publishes small artifacts."""

    @staticmethod
    def mark(number: int) -> str:
        return f"{number:064x}"

    def found(self, store: Store, number: int) -> Artifact:
        artifact = store.find(self.mark(number))
        assert artifact is not None
        return artifact

    def __call__(
        self,
        store: Store,
        number: int,
        parents: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> Artifact:
        with store.draft("test", self.mark(number), parents) as draft:
            for name, data in (files or {"a.bin": b"a" * 1000}).items():
                path = draft.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            return draft.publish({"number": number})


@pytest.fixture(scope="session")
def make() -> Making:
    return Making()


class Other:
    """Another process that has done its first part and waits to be told to go on."""

    def __init__(self, code: str, *arguments: str) -> None:
        pause = "\ndef pause():\n    print('ready', flush=True); sys.stdin.readline()\n"
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"import sys{pause}{code}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def go_on(self) -> str:
        """Let it end well; what it printed after its pause."""
        printed, _ = self.process.communicate("\n")
        assert self.process.returncode == 0
        return printed

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start() -> type[Other]:
    """Start another process; its code calls `pause()` once."""
    return Other
