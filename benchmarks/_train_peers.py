"""The peers of `bench_train.py`: each trains MNIST 784-500-10 for one epoch whenever it is asked.

Run as `python _train_peers.py NAME PIXELS LABELS THREADS`; the files hold uint8 pixels and labels.
It answers `ready`, then one line of JSON for each line on its standard input.  It imports nothing
of stoker, so that it runs in an environment of its own.

Every peer does the same arithmetic: batches of 64 in a new random order, pixels scaled to mean 0
and deviation 1, cross entropy, plain SGD at 0.01.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

BATCH, RATE, MEAN, STD = 64, 0.01, 0.1307, 0.3081
Epoch = Callable[[], float]
"""Trains one epoch more and gives a loss."""


def tutorial(pixel_NHW: np.ndarray, label_N: np.ndarray) -> Epoch:
    """What tutorials show: one PIL image transformed at a time, `.item()` at each step.

    The two transforms do, operation by operation, what torchvision's ToTensor and Normalize are
    documented to do for a grey image; torchvision itself is not needed.
    """
    import torch
    from PIL import Image
    from torch.nn import functional
    from torch.utils.data import DataLoader, Dataset

    pixel, label = torch.from_numpy(pixel_NHW), torch.from_numpy(label_N)

    def to_tensor(image: Any) -> Any:
        tensor = torch.from_numpy(np.array(image, np.uint8, copy=True))
        tensor = tensor.view(image.size[1], image.size[0], len(image.getbands()))
        return tensor.permute(2, 0, 1).contiguous().to(torch.get_default_dtype()).div(255)

    def normalise(tensor: Any) -> Any:
        tensor = tensor.clone()
        mean = torch.as_tensor([MEAN], dtype=tensor.dtype)
        std = torch.as_tensor([STD], dtype=tensor.dtype)
        if (std == 0).any():
            raise ValueError("a deviation is zero")
        return tensor.sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1))

    class Digits(Dataset):
        def __len__(self) -> int:
            return len(pixel)

        def __getitem__(self, index: int) -> tuple[Any, int]:
            image = Image.fromarray(pixel[index].numpy())
            for transform in (to_tensor, normalise):
                image = transform(image)
            return image, int(label[index])

    network = torch_network()
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    loader = DataLoader(Digits(), batch_size=BATCH, shuffle=True)

    def epoch() -> float:
        running = 0.0
        for image, label in loader:
            optimizer.zero_grad()
            loss = functional.cross_entropy(network(image), label)
            loss.backward()
            optimizer.step()
            running += loss.item()
        return running / len(loader)

    return epoch


def plain_loop(pixel_NHW: np.ndarray, label_N: np.ndarray) -> Epoch:
    """A plain loop over DataLoader(TensorDataset)."""
    import torch
    from torch.nn import functional
    from torch.utils.data import DataLoader, TensorDataset

    network = torch_network()
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    loader = DataLoader(
        TensorDataset(*torch_tensors(pixel_NHW, label_N)), batch_size=BATCH, shuffle=True
    )

    def epoch() -> float:
        running = 0.0
        for image, label in loader:
            optimizer.zero_grad()
            loss = functional.cross_entropy(network(image), label)
            loss.backward()
            optimizer.step()
            running += loss.item()
        return running / len(loader)

    return epoch


def lightning(pixel_NHW: np.ndarray, label_N: np.ndarray) -> Epoch:
    """Lightning's Trainer on an in-memory TensorDataset, everything optional switched off."""
    import logging
    import warnings

    import lightning as lit
    import torch
    from torch.nn import functional
    from torch.utils.data import DataLoader, TensorDataset

    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(lit.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = torch_network()
            self.last = 0.0

        def training_step(self, batch: Any, _: int) -> Any:
            image, label = batch
            return functional.cross_entropy(self.network(image), label)

        def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
            if batch_idx == 900:
                self.last = float(outputs["loss"])

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=RATE)

    module = Module()
    loader = DataLoader(
        TensorDataset(*torch_tensors(pixel_NHW, label_N)), batch_size=BATCH, shuffle=True
    )

    def epoch() -> float:
        trainer = lit.Trainer(
            max_epochs=1,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, loader)
        return module.last

    return epoch


def jax_scan(pixel_NHW: np.ndarray, label_N: np.ndarray) -> Epoch:
    """JAX, the whole epoch one compiled scan; the first call compiles and is not counted."""
    import jax
    import jax.numpy as jnp

    pixel, label = jnp.asarray(pixel_NHW.reshape(len(label_N), -1)), jnp.asarray(label_N)
    keys = jax.random.split(jax.random.key(0), 3)

    def layer(key: Any, before: int, after: int) -> tuple[Any, Any]:
        bound = before**-0.5
        return jax.random.uniform(key, (before, after), minval=-bound, maxval=bound), jnp.zeros(
            after
        )

    state = {"weights": (layer(keys[0], 784, 500), layer(keys[1], 500, 10)), "key": keys[2]}

    def loss_of(weights: Any, image: Any, code: Any) -> Any:
        (w1, b1), (w2, b2) = weights
        score = jax.nn.relu(image @ w1 + b1) @ w2 + b2
        return -jnp.take_along_axis(jax.nn.log_softmax(score), code[:, None], 1).mean()

    @jax.jit
    def run(weights: Any, key: Any) -> tuple[Any, Any]:
        steps = len(label_N) // BATCH
        order = jax.random.permutation(key, len(label_N))[: steps * BATCH].reshape(steps, BATCH)

        def step(weights: Any, index: Any) -> tuple[Any, Any]:
            image = (pixel[index].astype(jnp.float32) / 255 - MEAN) / STD
            loss, gradient = jax.value_and_grad(loss_of)(weights, image, label[index])
            return jax.tree.map(lambda w, g: w - RATE * g, weights, gradient), loss

        weights, losses = jax.lax.scan(step, weights, order)
        return weights, losses.mean()

    def epoch() -> float:
        state["key"], key = jax.random.split(state["key"])
        state["weights"], loss = run(state["weights"], key)
        return float(loss.block_until_ready())

    return epoch


def hand_written(pixel_NHW: np.ndarray, label_N: np.ndarray) -> Epoch:
    """Forward and backward by hand with torch's kernels: no autograd, no optimiser object.

    It is the limit, so its large products are the faster ones of the two that torch carries.
    """
    import torch

    pixel = torch.from_numpy(pixel_NHW.reshape(len(label_N), -1))
    label = torch.from_numpy(label_N.astype(np.int64))
    first, _, second = torch_network()[1:]
    w1, b1, w2, b2 = (p.detach() for p in (*first.parameters(), *second.parameters()))
    forward, gradient = fastest_products(torch.rand(BATCH, 784), w1, b1)

    @torch.no_grad()
    def epoch() -> float:
        order = torch.randperm(len(label))
        total = torch.zeros((), dtype=torch.float64)
        for chunk in order.split(16 * BATCH):
            image = pixel[chunk].float().mul_(1 / (255 * STD)).sub_(MEAN / STD)
            for x, code in zip(image.split(BATCH), label[chunk].split(BATCH), strict=True):
                hidden = forward(x, w1, b1)
                log_share = torch.addmm(b2, hidden, w2.t()).log_softmax(1)
                total -= log_share.gather(1, code[:, None]).mean()
                slope = log_share.exp_().scatter_add_(
                    1, code[:, None], torch.full((len(code), 1), -1.0)
                )
                slope.div_(len(code))
                back = torch.ops.aten.threshold_backward(slope @ w2, hidden, 0)
                w2.sub_(slope.t() @ hidden, alpha=RATE)
                b2.sub_(slope.sum(0), alpha=RATE)
                w1.sub_(gradient(back, x), alpha=RATE)
                b1.sub_(back.sum(0), alpha=RATE)
        return float(total) / -(-len(label) // BATCH)

    return epoch


def fastest_products(x: Any, w: Any, b: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A hidden layer and its weights' gradient, each by MKL or by oneDNN, as is faster here."""
    import torch

    onednn = torch.ops.mkldnn._linear_pointwise
    layers = (
        lambda x, w, b: torch.addmm(b, x, w.t()).relu_(),
        lambda x, w, b: onednn(x, w, b, "relu", [], ""),
    )
    gradients = (
        lambda slope, x: slope.t() @ x,
        lambda slope, x: onednn(slope.t(), x.t(), None, "none", [], ""),
    )
    return (
        min(layers, key=lambda run: seconds_of(lambda: run(x, w, b))),
        min(gradients, key=lambda run: seconds_of(lambda: run(x @ w.t(), x))),
    )


def seconds_of(run: Callable[[], Any]) -> float:
    """The shortest of 50 calls."""
    taken = []
    for _ in range(50):
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    return min(taken)


def torch_network() -> Any:
    import torch
    from torch import nn

    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 10))


def torch_tensors(pixel_NHW: np.ndarray, label_N: np.ndarray) -> tuple[Any, Any]:
    import torch

    image = torch.from_numpy((pixel_NHW.astype(np.float32) / 255 - MEAN) / STD)
    return image.view(-1, 1, 28, 28), torch.from_numpy(label_N.astype(np.int64))


def main() -> None:
    """Answer one line for each line asked."""
    name, pixels, labels, threads = sys.argv[1:]
    if name != "jax_scan":
        import torch

        torch.set_num_threads(int(threads))
    pixel_NHW = np.fromfile(pixels, np.uint8).reshape(-1, 28, 28)
    epoch = globals()[name](pixel_NHW, np.fromfile(labels, np.uint8).astype(np.int32))
    print("ready", flush=True)
    for _ in sys.stdin:
        begin, cpu = time.perf_counter(), os.times()
        loss = epoch()
        wall, after = time.perf_counter() - begin, os.times()
        cpu_s = after.user + after.system - cpu.user - cpu.system
        print(json.dumps({"wall_s": wall, "cpu_s": cpu_s, "loss": loss}), flush=True)


if __name__ == "__main__":
    main()
