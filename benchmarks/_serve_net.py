"""The network of the serving benchmark, and what every server of it needs from disk.

`prepare` makes one folder: the bundle that stoker serves, the same ONNX graph for LitServe, the
same weights for torch, and the pictures that clients send.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

SIDE = 28
CLASSES = tuple("0123456789")
NUM_PICTURES = 64


class Net(nn.Module):
    """Four convolutions and two linear layers, about 304,000 parameters, 26 M multiplications."""

    def __init__(self) -> None:
        """Random weights from torch's generator."""
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(1152, 150), nn.ReLU(), nn.Linear(150, 10)),
        )

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Logits of pictures in [0, 1]."""
        return self.layers(image_NCHW)


class OfColumns(nn.Module):
    """The net as stoker exports one: raw uint8 pixels by column, scaling inside."""

    def __init__(self, net: Net) -> None:
        """Wrap `net`."""
        super().__init__()
        self.net = net

    def forward(self, columns: dict[str, Tensor]) -> Tensor:
        """Logits of raw pixels."""
        return self.net(columns["image"].float() / 255)


def prepare(folder: Path) -> None:
    """Write bundle, graph, weights and pictures."""
    from safetensors.torch import save_file

    from stoker.bundle.interface import Interface
    from stoker.bundle.write import write_bundle
    from stoker.features.image import FittedImage
    from stoker.networks.export import export, weights_of
    from stoker.tasks.classify import FittedClassify

    torch.manual_seed(0)
    net = Net().eval()
    feature = FittedImage(
        height=SIDE, width=SIDE, channels=1, resize="stretch", mean=(0.5,), std=(0.5,)
    )
    task = FittedClassify(classes=CLASSES, counts=(1,) * len(CLASSES), kind="text")
    interface = Interface({"image": feature}, (), "label", task)
    graph = export(OfColumns(net), {"image": feature.form})
    write_bundle(
        folder / "bundle",
        name="digits",
        interface=interface,
        graph=graph,
        weights=weights_of(net),
        model={"net": "benchmark"},
    )
    (folder / "model.onnx").write_bytes(graph)
    save_file(net.state_dict(), folder / "net.safetensors")
    for number in range(NUM_PICTURES):
        (folder / f"{number}.png").write_bytes(_picture(number))


def _picture(seed: int) -> bytes:
    """A PNG of some strokes, about as large as one of MNIST."""
    random = np.random.default_rng(seed)
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(4):
        row, column = random.integers(4, 20, 2)
        pixels[row : row + 3, column : column + 8] = random.integers(100, 256, (3, 8))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
