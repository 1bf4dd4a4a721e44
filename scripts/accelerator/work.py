"""What is trained: real digits, a number with gaps and a category, and the four kinds of network.

The digits are those of `stoker init example`, enlarged to 28 x 28 pixels with noise over them, as
many rows as are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stoker.core.steps import make_step
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features import FittedFeature
from stoker.features.category import FittedCategory
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.models import Network
from stoker.networks.preparing import PreparingNetwork
from stoker.tasks.classify import FittedClassify
from stoker.train.settings import Settings
from stoker.train.step import SingleEngine
from stoker.train.strategies.single import Single

FAMILIES: dict[str, dict[str, Any]] = {
    "logistic": {},
    "mlp": {"periodic": 4},
    "cnn": {},
    "resnet": {},
}
"""Kinds of network, and what they are told beside their usual widths."""
PICTURE: dict[str, FittedFeature] = {
    "picture": FittedImage(
        height=28, width=28, channels=1, resize="stretch", mean=(0.3,), std=(0.35,)
    )
}
MIXED: dict[str, FittedFeature] = PICTURE | {
    "age": FittedNumber(mean=40, std=12, low=0, high=90, had_missing=True, raw=True),
    "pet": FittedCategory(vocabulary=("cat", "dog", "cow"), counts=(3, 2, 1), had_missing=True),
}
TASK = FittedClassify(classes=tuple("0123456789"), counts=(60,) * 10, kind="text")
PRECISIONS = ("float32", "tf32", "bfloat16")

_TEMPLATES = Path(__file__).parents[2] / "src/stoker/cli/templates"
_DIGIT, _IN_A_ROW, _SIDE = 8, 30, 28


@dataclass(frozen=True)
class Device:
    """Where is computed."""

    torch: torch.device

    @property
    def is_cuda(self) -> bool:
        """Whether it is a GPU of this torch."""
        return self.torch.type == "cuda"

    @property
    def precisions(self) -> tuple[str, ...]:
        """Those that it has; a processor has no TF32."""
        return PRECISIONS if self.is_cuda else ("float32", "bfloat16")

    def wait(self) -> None:
        """Until all that was asked for is done."""
        if self.is_cuda:
            torch.cuda.synchronize(self.torch)


CPU = Device(torch.device("cpu"))


def engine_of(
    network: PreparingNetwork, settings: Settings, device: Device, precision: str = "float32"
) -> SingleEngine:
    """The engine that a training on this device has."""
    told = {"device": device.torch.type, "precision": precision}
    strategy = Single.model_validate(told)
    engine = strategy.start(network.train(), settings.loss_for(TASK), settings)
    assert isinstance(engine, SingleEngine)
    return engine


@contextmanager
def precise_as(precision: str, device: Device) -> Iterator[None]:
    """Multiply in this precision: float32, its short form TF32, or bfloat16 where that is safe."""
    form = "tf32" if precision == "tf32" else "ieee"
    torch.backends.cuda.matmul.fp32_precision = form
    torch.backends.cudnn.conv.fp32_precision = form
    # Without its cache, which would keep weights of before a step as long as this lasts.
    with torch.autocast(
        device.torch.type,
        dtype=torch.bfloat16,
        enabled=precision == "bfloat16",
        cache_enabled=False,
    ):
        yield


def network_of(
    family: str, features: Mapping[str, FittedFeature], **fields: object
) -> PreparingNetwork:
    """A network of a family, equal each time; on the CPU."""
    torch.manual_seed(0)
    step = make_step("stoker.models", {family: {**FAMILIES[family], **fields}}, Network)
    built = step.build(features, TASK.output.width)
    assert isinstance(built, PreparingNetwork)
    return built


def write_rows(folder: Path, num_rows: int) -> PreparedSet:
    """A prepared set of so many rows, equal each time."""
    random = np.random.default_rng(0)
    digit_N, picture_N = _digits()
    row_N = random.integers(0, len(digit_N), num_rows)
    noise = random.integers(0, 32, (num_rows, 1, _SIDE, _SIDE), dtype=np.uint8)
    age = random.normal(40, 12, num_rows)
    age[::7] = np.nan
    columns = {
        "picture": np.maximum(picture_N[row_N], noise),
        "age": age,
        "pet": random.integers(0, 4, num_rows, dtype=np.int32),
    }
    forms = {name: Column(str(MIXED[name].dtype), MIXED[name].shape) for name in columns}
    with PreparedWriter(folder, "train", forms, Column("int64")) as writer:
        writer.append(columns, target=digit_N[row_N], row=np.arange(num_rows))
    return PreparedSet.open(folder, "train")


def some_rows(rows: PreparedSet, count: int, device: Device) -> tuple[dict[str, Tensor], Tensor]:
    """The first rows as tensors on a device: inputs by column, and the target."""
    raw = {name: torch.from_numpy(np.array(c[:count])) for name, c in rows.columns.items()}
    return to(raw, device), torch.from_numpy(np.array(rows.target[:count])).to(device.torch)


def to(raw: Mapping[str, Tensor], device: Device) -> dict[str, Tensor]:
    """Columns on a device."""
    return {name: column.to(device.torch) for name, column in raw.items()}


def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Labels, int64 (N,), and pictures, uint8 (N, 1, 28, 28)."""
    labels = (_TEMPLATES / "digits.txt").read_text(encoding="ascii").strip()
    pictures = np.empty((len(labels), 1, _SIDE, _SIDE), np.uint8)
    with Image.open(_TEMPLATES / "digits.png") as sheet:
        for number in range(len(labels)):
            top, left = (_DIGIT * place for place in divmod(number, _IN_A_ROW))
            tile = sheet.convert("L").crop((left, top, left + _DIGIT, top + _DIGIT))
            pictures[number, 0] = np.asarray(tile.resize((_SIDE, _SIDE)))
    return np.array([int(label) for label in labels]), pictures
