"""Exact resume: killed anywhere, any number of times, training ends as if nothing had happened."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from stoker.train.checkpoint import read_checkpoint, write_checkpoint
from stoker.train.schedules import Schedule
from stoker.train.settings import Settings

PER_EPOCH = 51
EPOCHS = 3


class Interrupted(Exception):
    """The kill."""


class Bomb(Schedule):
    """A rate that spoils the weights after two epochs, and may interrupt training."""

    explodes_at: ClassVar[int | None] = None

    def factor(self, step: int, total: int) -> float:
        if step == self.explodes_at:
            raise Interrupted
        return 0.1 if step < 2 * PER_EPOCH else 1.0


SETTINGS = Settings(
    epochs=EPOCHS,
    batch_size=8,
    rate=0.3,
    schedule=Bomb(),
    augment=("shift", "mixup"),  # pyrefly: ignore[bad-argument-type] - as a recipe says it
    ema=0.98,
    gradient_clip=1.0,
    threads=1,
    checkpoint_every_s=0,
)
MODEL = {"cnn": {"width": 4, "dropout": 0.3, "hidden": [8]}}
FRAGILE = {"cnn": {"width": 4, "hidden": []}}
"""Without a hidden layer nothing can die, so that every small difference reaches the end."""


def result(trained: Any, sha: Callable[[Any], str]) -> tuple[object, ...]:
    return sha(trained.network), json.dumps(trained.history), trained.steps, trained.stopped


def run(
    tiny: Any, sha: Callable[[Any], str], scratch: str, model: object = MODEL
) -> tuple[object, ...]:
    return result(tiny.train(SETTINGS, model=model, scratch=scratch), sha)


def interrupt(
    tiny: Any, monkeypatch: pytest.MonkeyPatch, step: int, scratch: str, model: object = MODEL
) -> None:
    monkeypatch.setattr(Bomb, "explodes_at", step)
    with pytest.raises(Interrupted):
        tiny.train(SETTINGS, model=model, scratch=scratch)
    monkeypatch.setattr(Bomb, "explodes_at", None)


@pytest.fixture(scope="module")
def straight(
    tmp_path_factory: pytest.TempPathFactory, make_tiny: Any, weights_sha: Any
) -> tuple[object, ...]:
    """What the uninterrupted training ends with."""
    return run(make_tiny(tmp_path_factory.mktemp("straight")), weights_sha, "scratch")


@pytest.mark.parametrize("chain", range(4))
def test_interrupted_chains_end_equal(
    tiny: Any, weights_sha: Any, monkeypatch: pytest.MonkeyPatch, straight: object, chain: int
) -> None:
    moments = sorted(random.Random(chain).sample(range(PER_EPOCH * EPOCHS), 3))
    for step in moments:
        interrupt(tiny, monkeypatch, step, "chain")
    assert run(tiny, weights_sha, "chain") == straight


READERS: dict[str, object] = {
    "gru": {"rnn": {"cell": "gru", "width": 6, "depth": 2}},
    "lstm": {"rnn": {"cell": "lstm", "width": 6, "bidirectional": False}},
    "transformer": {"transformer": {"width": 8, "heads": 2, "depth": 1}},
}


@pytest.mark.parametrize("reader", READERS)
def test_a_network_that_learns_to_read_ends_equal(
    texts: Any, weights_sha: Any, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    given = {**SETTINGS.model_dump(), "schedule": Bomb(), "augment": (), "sampler": "bucketed"}
    settings = Settings.model_validate({**given, "rate": 0.02, "epochs": 2})
    model = READERS[reader]
    straight = result(texts.train(settings, model=model, scratch="straight"), weights_sha)
    monkeypatch.setattr(Bomb, "explodes_at", PER_EPOCH + 29)
    with pytest.raises(Interrupted):
        texts.train(settings, model=model, scratch="chain")
    monkeypatch.setattr(Bomb, "explodes_at", None)
    assert result(texts.train(settings, model=model, scratch="chain"), weights_sha) == straight


def test_a_finished_training_is_not_done_again(
    tiny: Any, weights_sha: Any, monkeypatch: pytest.MonkeyPatch, straight: object
) -> None:
    assert run(tiny, weights_sha, "once") == straight
    monkeypatch.setattr(Bomb, "explodes_at", 0)
    assert run(tiny, weights_sha, "once") == straight


def test_resume_says_where_it_goes_on(
    tiny: Any, weights_sha: Any, monkeypatch: pytest.MonkeyPatch, heard: Any
) -> None:
    interrupt(tiny, monkeypatch, 50, "chain")
    run(tiny, weights_sha, "chain")
    assert "training goes on from step 48" in heard.lines
    assert heard.advanced == PER_EPOCH * EPOCHS


def test_checkpoints_of_other_trainings_are_ignored(
    tiny: Any, weights_sha: Any, monkeypatch: pytest.MonkeyPatch, heard: Any, straight: object
) -> None:
    monkeypatch.setattr(Bomb, "explodes_at", 60)
    with pytest.raises(Interrupted):
        tiny.train(SETTINGS.model_copy(update={"ema": 0.5}), model=MODEL, scratch="other")
    monkeypatch.setattr(Bomb, "explodes_at", None)
    assert run(tiny, weights_sha, "other") == straight
    assert any("belongs to other settings" in line for line in heard.lines)


@pytest.mark.parametrize("place", ["tensors", "index"])
def test_a_damaged_checkpoint_costs_time_and_not_truth(
    tiny: Any,
    weights_sha: Any,
    monkeypatch: pytest.MonkeyPatch,
    heard: Any,
    straight: object,
    place: str,
) -> None:
    interrupt(tiny, monkeypatch, 90, "bad")
    folder: Path = tiny.folder / "bad"
    file = next(folder.glob("state-*")) if place == "tensors" else folder / "checkpoint.json"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 16
    file.write_bytes(data)
    assert run(tiny, weights_sha, "bad") == straight
    assert any("starts from the beginning" in line for line in heard.lines) or place == "index"


def test_only_the_newest_state_is_kept(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(tiny, monkeypatch, 75, "chain")
    assert len(list((tiny.folder / "chain").iterdir())) == 2


def zeros(prefix: str) -> Callable[[dict[str, Tensor], dict[str, Any]], None]:
    def lose(tensors: dict[str, Tensor], _: dict[str, Any]) -> None:
        lost = [name for name in tensors if name.startswith(prefix)]
        assert lost, f"the checkpoint holds {prefix}"
        tensors.update({name: torch.zeros_like(tensors[name]) for name in lost})

    return lose


def number(name: str, value: object) -> Callable[[dict[str, Tensor], dict[str, Any]], None]:
    def lose(_: dict[str, Tensor], numbers: dict[str, Any]) -> None:
        assert numbers[name] != value, f"the checkpoint holds {name}"
        numbers[name] = value

    return lose


LOSSES = {
    "weights": zeros("network."),
    "running statistics": zeros("network.towers.0.layers.2.running"),
    "average": zeros("average."),
    "best weights": zeros("best."),
    "optimiser": zeros("optimizer."),
    "optimiser's step": zeros("optimizer.0.step"),
    "losses of the epoch": zeros("losses"),
    "history": number("history", []),
    "epoch": number("epoch", 0),
    "chunk": number("chunk", 0),
    "step": number("step", 0),
    "plan": number("plan", {"threads": 1, "total_steps": 140, "score_s": 0.0}),
}


@pytest.fixture(scope="module")
def fragile(
    tmp_path_factory: pytest.TempPathFactory, make_tiny: Any, weights_sha: Any
) -> tuple[object, ...]:
    """What the uninterrupted training of the fragile model ends with."""
    return run(make_tiny(tmp_path_factory.mktemp("fragile")), weights_sha, "scratch", FRAGILE)


@pytest.mark.parametrize("part", LOSSES)
def test_every_part_of_the_state_is_needed(
    tiny: Any, weights_sha: Any, monkeypatch: pytest.MonkeyPatch, fragile: object, part: str
) -> None:
    """The mutation test: a checkpoint without one part must not go unnoticed."""
    interrupt(tiny, monkeypatch, 125, "mutant", FRAGILE)
    folder = tiny.folder / "mutant"
    identity = json.loads((folder / "checkpoint.json").read_bytes())["identity"]
    found = read_checkpoint(folder, identity)
    assert found
    tensors, numbers = found
    LOSSES[part](tensors, numbers)
    kept = {k: v for k, v in numbers.items() if k not in ("format", "file", "sha256")}
    write_checkpoint(folder, tensors, kept)
    try:
        ended = run(tiny, weights_sha, "mutant", FRAGILE)
    except (IndexError, ValueError, ZeroDivisionError):
        return
    assert ended != fragile


_VICTIM = r"""
import hashlib, json, os, random, signal, sys, time
from pathlib import Path
import torch
from stoker.core.steps import make_step
from stoker.data.prepare.prepared_set import PreparedSet
from stoker.features.image import FittedImage
from stoker.models import Network
from stoker.tasks.classify import FittedClassify
from stoker.train.loop import train_network
from stoker.train.settings import Settings

folder, scratch = Path(sys.argv[1]), Path(sys.argv[2])
settings = Settings(epochs=6, batch_size=4, rate=0.02, augment=["shift"], ema=0.98, threads=1,
                    checkpoint_every_s=0)
image = FittedImage(height=8, width=8, channels=1, resize="stretch", mean=(0.5,), std=(0.3,))
task = FittedClassify(classes=tuple("abcd"), counts=(1,) * 4, kind="text")

def train(name):
    torch.manual_seed(0)
    network = make_step("stoker.models", {"cnn": {"width": 4, "dropout": 0.2}}, Network)
    trained = train_network(
        network.build({"图": image}, 4), PreparedSet.open(folder, "train"),
        PreparedSet.open(folder, "validation"), task, settings, seed=0, scratch=scratch / name)
    sha = hashlib.sha256(json.dumps(trained.history).encode())
    for key, value in sorted(trained.network.state_dict().items()):
        sha.update(key.encode() + value.contiguous().numpy().tobytes())
    return sha.hexdigest()

begin = time.perf_counter()
expected = train("straight")
length_s = time.perf_counter() - begin
torch.set_num_threads(1)
kills = 0
for chain in range(20):
    chance = random.Random(chain)
    wanted = chance.randint(1, 10)
    while True:
        child = os.fork()
        if not child:
            (scratch / f"{chain}.txt").write_text(train(f"chain {chain}"))
            os._exit(0)
        if wanted:
            time.sleep(chance.uniform(0, length_s / 4))
            os.kill(child, signal.SIGKILL)
            wanted -= 1
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, f"chain {chain} failed"
            break
        kills += 1
    assert (scratch / f"{chain}.txt").read_text() == expected, f"chain {chain} ended otherwise"
print(kills)
"""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_twenty_chains_of_real_kills_end_equal(tiny: Any, tmp_path: Path) -> None:
    scratch = tmp_path / "kills"
    scratch.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _VICTIM, str(tiny.folder), str(scratch)],
        capture_output=True,
        text=True,
        check=False,
        env={"OMP_NUM_THREADS": "1", "PATH": "", "PYTHONWARNINGS": "ignore::DeprecationWarning"},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


@pytest.mark.slow
def test_training_does_not_import_the_compiler(tiny: Any, tmp_path: Path) -> None:
    """`torch._dynamo` costs 1.5 s of start-up and is of no use here."""
    code = _VICTIM.partition("kills = 0")[0] + "print('torch._dynamo' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny.folder), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"OMP_NUM_THREADS": "1", "PATH": ""},
    )
    assert done.stdout.strip() == "False"
