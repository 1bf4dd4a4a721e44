"""What several tests of the store need."""

from __future__ import annotations

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
