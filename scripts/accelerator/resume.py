"""Whether a training on a device that is killed goes on from its checkpoint to equal bits.

The network has every kind of layer and is trained with an average, clipping and dropout, so that
all of the state counts.

Each training is a process of its own: `scripts/gpu.py train`.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from accelerator.work import MIXED, TASK, network_of
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.train.loop import train_network
from stoker.train.settings import Settings
from stoker.train.strategies.single import Single

FAMILY = "cnn"
_PROGRAM = Path(__file__).parents[1] / "gpu.py"
_LOOK_S, _GIVE_UP_S = 0.001, 300.0


@dataclass(frozen=True)
class Training:
    """What every child does."""

    rows: str
    """Folder of the prepared set."""
    scratch: str
    """Folder of checkpoints, and where the result goes."""
    device: str
    epochs: int
    batch_size: int

    @property
    def settings(self) -> Settings:
        """How is trained."""
        return Settings(
            batch_size=self.batch_size,
            epochs=self.epochs,
            ema=0.98,
            gradient_clip=1.0,
            rate=0.01,
            strategy=Single.model_validate({"device": self.device}),
            checkpoint_every_s=0,
        )


def compare(training: Training, kills: int) -> dict[str, Any]:
    """Train once straight and once with kills, and compare the results.

    Args:
        training: What is trained; its scratch is a folder for both.
        kills: How often the second one is killed, by SIGKILL.
    """
    straight, broken = (
        replace(training, scratch=str(Path(training.scratch, name)))
        for name in ("straight", "broken")
    )
    _finish(_start(straight))
    steps = _result(straight)["steps"]
    killed = 0
    for number in range(1, kills + 1):
        killed += _kill_at(_start(broken), broken, steps * number // (kills + 1))
    _finish(_start(broken))
    first, second = _result(straight), _result(broken)
    return {
        "family": FAMILY,
        "device": training.device,
        "steps": steps,
        "kills": killed,
        "first_loss": first["losses"][0],
        "last_loss": first["losses"][-1],
        "sha256_straight": first["sha256"],
        "sha256_killed": second["sha256"],
        "ok": killed == kills and first == second,
    }


def train(training: Training) -> None:
    """Train from the checkpoint, if there is one, to the end; the result is a file of JSON."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    scratch = Path(training.scratch)
    rows = PreparedSet.open(Path(training.rows), "train")
    network = network_of(FAMILY, MIXED, dropout=0.2)
    done = train_network(network, rows, rows, TASK, training.settings, seed=0, scratch=scratch)
    sha = hashlib.sha256()
    for name, tensor in sorted(done.network.state_dict().items()):
        sha.update(name.encode() + tensor.contiguous().numpy().tobytes())
    losses = [record["train_loss"] for record in done.history]
    result = {"sha256": sha.hexdigest(), "steps": done.steps, "losses": losses}
    (scratch / "result.json").write_text(json.dumps(result), encoding="utf-8")


def _start(training: Training) -> subprocess.Popen[bytes]:
    given = json.dumps(asdict(training))
    return subprocess.Popen([sys.executable, str(_PROGRAM), "train", given])


def _finish(child: subprocess.Popen[bytes]) -> None:
    if child.wait(_GIVE_UP_S):
        raise SystemExit(f"the training ended with exit code {child.returncode}")


def _kill_at(child: subprocess.Popen[bytes], training: Training, step: int) -> bool:
    """Kill a child once its checkpoint has this step; False if it was quicker."""
    begin = time.monotonic()
    while child.poll() is None and _position(training) < step:
        time.sleep(_LOOK_S)
        if time.monotonic() - begin > _GIVE_UP_S:
            child.kill()
            raise SystemExit(f"the training did not reach step {step} in {_GIVE_UP_S:.0f} s")
    child.kill()
    return child.wait() == -signal.SIGKILL


def _position(training: Training) -> int:
    """Steps in the checkpoint, 0 without one; it is replaced as a whole, so it can be read."""
    index = Path(training.scratch, "checkpoint.json")
    return json.loads(index.read_bytes())["step"] if index.is_file() else 0


def _result(training: Training) -> dict[str, Any]:
    return json.loads(Path(training.scratch, "result.json").read_bytes())
