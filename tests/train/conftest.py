"""A tiny real training: pictures with a bright corner per class, a number, a category, a text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from stoker.cells.ragged import Ragged, Rows
from stoker.core import events
from stoker.core.steps import make_step
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features import FittedFeature
from stoker.features.category import FittedCategory
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.models import Network
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress
from stoker.train.hooks import Hook
from stoker.train.loop import Trained, train_network
from stoker.train.settings import Settings
from tests.networks.words import FittedWords

FEATURES: dict[str, FittedFeature] = {
    "图": FittedImage(height=8, width=8, channels=1, resize="stretch", mean=(0.5,), std=(0.3,)),
    "age": FittedNumber(mean=0, std=1, low=-3, high=3, had_missing=True, raw=True),
    "pet": FittedCategory(vocabulary=("cat", "dog"), counts=(2, 1), had_missing=True),
    "text": FittedWords(num_tokens=30),
}
COLUMNS = {
    "图": Column("uint8", (1, 8, 8)),
    "age": Column("float32"),
    "pet": Column("int32"),
    "text": Column("uint16", ragged=True),
}
SAID = ((1, 2), (2, 1), (3, 4), (4, 3))
"""What stands somewhere in the text of each class, whose order tells half of them apart."""


@dataclass
class Tiny:
    """A prepared set of 403 training and 60 validation rows, and how to train on it."""

    folder: Path
    names: tuple[str, ...] = ("图",)
    regress: bool = False
    values: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        for part, size, seed in (("train", 403, 1), ("validation", 60, 2)):
            self._write(part, size, np.random.default_rng(seed))

    @property
    def features(self) -> dict[str, FittedFeature]:
        return {name: FEATURES[name] for name in self.names}

    @property
    def task(self) -> FittedTask:
        if self.regress:
            return FittedRegress(mean=10, std=2, low=0, high=20)
        return FittedClassify(classes=("一", "二", "三", "四"), counts=(101,) * 4, kind="text")

    def part(self, name: str) -> PreparedSet:
        return PreparedSet.open(self.folder, name)

    def network(self, model: object, seed: int = 0) -> nn.Module:
        torch.manual_seed(seed)
        built = make_step("stoker.models", model, Network)
        return built.build(self.features, self.task.output.width)

    def train(
        self,
        settings: Settings,
        *,
        model: object = "mlp",
        scratch: str = "scratch",
        seed: int = 0,
        hooks: Sequence[Hook] = (),
    ) -> Trained:
        return train_network(
            self.network(model),
            self.part("train"),
            self.part("validation"),
            self.task,
            settings,
            seed=seed,
            scratch=self.folder / scratch,
            hooks=hooks,
        )

    def _write(self, part: str, size: int, random: np.random.Generator) -> None:
        code = np.arange(size) % 4
        image = random.integers(0, 150, (size, 1, 8, 8), dtype=np.uint8)
        for row, corner in enumerate(code):
            top, left = divmod(int(corner), 2)
            image[row, 0, 4 * top + 1 : 4 * top + 3, 4 * left + 1 : 4 * left + 3] += 60
        age = random.normal(size=size).astype(np.float32) + code.astype(np.float32)
        age[::7] = np.nan
        pet = (code % 3).astype(np.int32)
        made: dict[str, Rows] = {"图": image, "age": age, "pet": pet, "text": said(code)}
        if part == "train":
            made.update(self.values)
        target = (code - 1.5).astype(np.float32) if self.regress else code.astype(np.int64)
        columns = {name: COLUMNS[name] for name in self.names}
        with PreparedWriter(self.folder, part, columns, Column(str(target.dtype))) as writer:
            rows = np.arange(size) * 10
            writer.append({n: made[n] for n in self.names}, target=target, row=rows)


def said(code_N: np.ndarray) -> Ragged:
    """Words drawn at random, every 13th text empty, with those of its class among them."""
    random = np.random.default_rng(len(code_N))
    length_N = random.integers(2, 12, len(code_N))
    length_N[::13] = 0
    rows = Ragged(
        random.integers(5, 30, length_N.sum(), dtype=np.uint16), np.r_[0, length_N.cumsum()]
    )
    for row in np.flatnonzero(length_N).tolist():
        first = int(random.integers(length_N[row] - 1))
        rows[row][first : first + 2] = SAID[code_N[row]]
    return rows


def digest(network: nn.Module) -> str:
    """SHA-256 over all weights."""
    sha = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        sha.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return sha.hexdigest()


class Notes:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.advanced = 0.0

    def task(self, title: str, total: float | None, unit: str, done: float) -> Notes:
        self.lines.append(f"{title} {done:g}/{total:g} {unit}")
        self.advanced = done
        return self

    def advance(self, amount: float = 1) -> None:
        self.advanced += amount

    def note(self, text: str) -> None:
        self.lines.append(text)

    def close(self) -> None:
        pass

    def message(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.lines.append(f"warning: {text}")


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    return Tiny(tmp_path / "pictures")


@pytest.fixture
def mixed(tmp_path: Path) -> Tiny:
    return Tiny(tmp_path / "mixed", names=("图", "age", "pet"))


@pytest.fixture
def texts(tmp_path: Path) -> Tiny:
    return Tiny(tmp_path / "texts", names=("text", "age"))


@pytest.fixture
def table(tmp_path: Path) -> Tiny:
    return Tiny(tmp_path / "table", names=("age", "pet"), regress=True)


@pytest.fixture(scope="session")
def session_tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return Tiny(tmp_path_factory.mktemp("session") / "pictures")


@pytest.fixture(scope="session")
def make_tiny() -> type[Tiny]:
    return Tiny


@pytest.fixture(scope="session")
def weights_sha() -> Any:
    return digest


@pytest.fixture
def heard() -> Any:
    notes = Notes()
    with events.listening(notes):
        yield notes
