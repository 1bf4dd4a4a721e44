"""Whether a training on a device that is killed goes on from its checkpoint to equal bits.

The parts are those of `stoker.train`: batches, step, state, checkpoint.  The loop around them is
this one, because `train_network` trains on the processor only.  The network has every kind of layer
and is trained with an average, clipping and dropout, so that all of the state counts.

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

from accelerator.work import MIXED, TASK, Device, network_of, precise_as, to
from stoker.core.seeds import derive_seed
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.train.batches import Batches
from stoker.train.settings import Settings
from stoker.train.state import State, load_state, save_state
from stoker.train.step import Stepper

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
        return Settings(batch_size=self.batch_size, ema=0.98, gradient_clip=1.0, rate=0.01)


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
    steps = _position(straight)
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
    device, scratch = Device(torch.device(training.device)), Path(training.scratch)
    rows = PreparedSet.open(Path(training.rows), "train")
    network = network_of(FAMILY, MIXED, dropout=0.2).to(device.torch)
    stepper = Stepper(network.train(), TASK, training.settings, None)
    batches = Batches(
        rows, batch_size=training.batch_size, augment=(), num_outputs=TASK.output.width, seed=0
    )
    state = State(losses=torch.zeros(batches.per_epoch, device=device.torch))
    load_state(scratch, "resume", state, stepper)
    with precise_as("float32", device):
        while state.epoch < training.epochs:
            while state.chunk < batches.chunks_per_epoch:
                _chunk(stepper, batches, state, device)
                save_state(scratch, state, stepper, {"identity": "resume"})
            state.history.append({"loss": float(state.losses.double().mean())})
            state.epoch, state.chunk = state.epoch + 1, 0
    assert stepper.average is not None
    sha = hashlib.sha256()
    for kept in (network, stepper.average.finish()):
        for name, tensor in sorted(kept.state_dict().items()):
            sha.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
    losses = [record["loss"] for record in state.history]
    result = {"sha256": sha.hexdigest(), "losses": losses}
    (scratch / "result.json").write_text(json.dumps(result), encoding="utf-8")


def _chunk(stepper: Stepper, batches: Batches, state: State, device: Device) -> None:
    """Take the steps of a chunk of batches."""
    torch.manual_seed(derive_seed(0, "dropout", state.epoch, state.chunk))
    chunk = batches.load(state.epoch, state.chunk)
    inputs, target = stepper.scale(to(chunk.raw, device)), chunk.target.to(device.torch)
    first = batches.first_batch(state.chunk)
    for position, (start, stop) in enumerate(chunk.bounds, first):
        state.losses[position] = stepper.step(
            inputs.rows(start, stop), target[start:stop], rate=0.01, number=state.step
        )
        state.step += 1
    state.chunk += 1


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
