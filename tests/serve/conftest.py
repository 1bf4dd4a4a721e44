"""Real bundles (made with onnx, without torch) and real servers on free ports."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from stoker.bundle.interface import Interface
from stoker.bundle.write import write_bundle
from stoker.features import FittedFeature
from stoker.features.category import FittedCategory
from stoker.features.image import FittedImage
from stoker.features.number import FittedNumber
from stoker.networks.graph_names import OUTPUT, ROWS, graph_input
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

LABELS = ("<b>two</b>", "one", "零")

_RUN = """
import json, sys
from pathlib import Path
from stoker.core import events
from stoker.core.errors import StokerError
from stoker.serve.server import serve
from stoker.serve.serve_settings import ServeSettings

class Lines(events.Silent):
    def message(self, text): print("message", text, flush=True)
    def warning(self, text): print("warning", text, flush=True)

settings = ServeSettings.model_validate_json(sys.argv[2])
with events.listening(Lines()):
    try:
        serve(Path(sys.argv[1]), settings, version="7")
    except StokerError as error:
        print("error", type(error).__name__, error, flush=True)
        sys.exit(error.exit_code)
"""


def png(seed: int, size: int = 8) -> bytes:
    """A grey picture of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def graph(
    inputs: dict[str, tuple[int, list[Any]]],
    nodes: list[Any],
    constants: dict[str, Any],
    width: int,
) -> bytes:
    """A serialised ONNX model with the names that a bundle wants."""
    made = helper.make_graph(
        nodes,
        "g",
        [
            helper.make_tensor_value_info(graph_input(n), kind, [ROWS, *shape])
            for n, (kind, shape) in inputs.items()
        ],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [ROWS, width])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def image_bundle(folder: Path, size: int = 8, hidden: int = 4) -> Path:
    """A two-layer net over grey pictures, three classes."""
    random = np.random.default_rng(0)
    constants = {
        "w1": (random.normal(size=(size * size, hidden)) / size / 60).astype(np.float32),
        "w2": random.normal(size=(hidden, 3)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Cast", [graph_input("image")], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["f"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w1"], ["h"]),
        helper.make_node("Tanh", ["h"], ["t"]),
        helper.make_node("MatMul", ["t", "w2"], [OUTPUT]),
    ]
    feature = FittedImage(
        height=size, width=size, channels=1, resize="stretch", mean=(0.5,), std=(0.5,)
    )
    write_bundle(
        folder,
        name="digits",
        interface=Interface(
            {"image": feature},
            (),
            "label",
            FittedClassify(classes=LABELS, counts=(1, 1, 1), kind="text"),
        ),
        graph=graph({"image": (TensorProto.UINT8, [1, size, size])}, nodes, constants, 3),
        weights=constants,
        model={},
    )
    return folder


AGE = FittedNumber(mean=40, std=12, low=0, high=90, had_missing=True)


def table_bundle(folder: Path, *, regress: bool = False, age: FittedNumber = AGE) -> Path:
    """A linear model over a number and a category with a Chinese name."""
    width = 1 if regress else 2
    random = np.random.default_rng(1)
    constants = {
        "zero": np.zeros(1, np.float32),
        "axis": np.array([1], np.int64),
        "w": random.normal(size=(1, width)).astype(np.float32),
        "table": random.normal(size=(4, width)).astype(np.float32),
    }
    nodes = [
        helper.make_node("IsNaN", [graph_input("age")], ["gone"]),
        helper.make_node("Where", ["gone", "zero", graph_input("age")], ["filled"]),
        helper.make_node("Unsqueeze", ["filled", "axis"], ["column"]),
        helper.make_node("MatMul", ["column", "w"], ["a"]),
        helper.make_node("Gather", ["table", graph_input("职业")], ["b"]),
        helper.make_node("Add", ["a", "b"], [OUTPUT]),
    ]
    inputs: dict[str, FittedFeature] = {
        "age": age,
        "职业": FittedCategory(
            vocabulary=("农民", "nurse", "3"), counts=(3, 2, 1), had_missing=False
        ),
    }
    task = (
        FittedRegress(mean=10, std=3, low=0, high=30)
        if regress
        else FittedClassify(classes=("false", "true"), counts=(1, 1), kind="bool")
    )
    write_bundle(
        folder,
        name="census",
        interface=Interface(inputs, (), "wage", task),
        graph=graph(
            {"age": (TensorProto.FLOAT, []), "职业": (TensorProto.INT32, [])},
            nodes,
            constants,
            width,
        ),
        weights=constants,
        model={},
    )
    return folder


class Running:
    """A server in processes of its own."""

    def __init__(self, process: subprocess.Popen[str], line: str) -> None:
        self.process, self.greeting = process, line
        self.url = line.split(" at ")[1].split(" ")[0]
        self.port = int(self.url.rpartition(":")[2])

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20, **options)

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        task = Path(f"/proc/{self.process.pid}/task")
        children = " ".join((t / "children").read_text() for t in task.iterdir())
        return [int(pid) for pid in children.split()]

    def stop(self) -> str:
        """End it; what it printed."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=60)
        return out


def launch(
    bundle: Path,
    environment: dict[str, str] | None = None,
    stderr: Any = None,
    **settings: Any,
) -> subprocess.Popen[str]:
    """Start a server without waiting for it."""
    settings = {"port": 0, "workers": 1} | settings
    return subprocess.Popen(
        [sys.executable, "-P", "-W", "error", "-c", _RUN, str(bundle), json.dumps(settings)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        env=os.environ | (environment or {}),
    )


@contextlib.contextmanager
def running(
    bundle: Path, environment: dict[str, str] | None = None, **settings: Any
) -> Iterator[Running]:
    """A server that is ready; it is ended with the block."""
    process = launch(bundle, environment, **settings)
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 60)
        assert ready, "the server said nothing for a minute"
        line = process.stdout.readline()
        assert line.startswith("message serving"), line + process.stdout.read()
        yield Running(process, line)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(45)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return image_bundle(tmp_path_factory.mktemp("bundles") / "digits")


@pytest.fixture(scope="session")
def census(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table_bundle(tmp_path_factory.mktemp("bundles") / "census")


@pytest.fixture(scope="session")
def wages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table_bundle(tmp_path_factory.mktemp("bundles") / "wages", regress=True)


@pytest.fixture(scope="session")
def start() -> Callable[..., contextlib.AbstractContextManager[Running]]:
    return running


@pytest.fixture(scope="session")
def start_raw() -> Callable[..., subprocess.Popen[str]]:
    return launch


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    return png


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="session")
def eventually() -> Callable[..., bool]:
    return wait_until
