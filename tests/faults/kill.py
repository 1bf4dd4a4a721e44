"""Kill a busy process at random moments and look at what is left.

    python kill.py FOLDER SEED NUMBER

A forked child publishes artifacts, replaces a checkpoint and writes to the catalog as fast as it
can, and says after each that it is done.  After a random time, up to that of four rounds, it is
killed (-9).  Then everything it said was done must be there, whole, and the next child must be
able to go on in the same home.  Prints one JSON object with the number of cases and every broken
promise.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from stoker.store.catalog import Catalog
from stoker.store.durable import write_file
from stoker.store.store import Store


def payload(number: int) -> bytes:
    return f"{number:08d}".encode() * 4000


def work(home: Path, start: int, say: int, rounds: int) -> None:
    """Publish, checkpoint, record, and again; each is announced when it is durable."""
    store, catalog = Store(home), Catalog(home)
    for number in range(start, start + rounds):
        fingerprint = f"{number:064x}"
        with store.lock(fingerprint), store.draft("test", fingerprint) as draft:
            for name in ("a", "b"):
                (draft.folder / name).write_bytes(payload(number))
            artifact = draft.publish({"number": number})
        os.write(say, f"published {number}\n".encode())
        write_file(home / "checkpoint", payload(number))
        os.write(say, f"checkpoint {number}\n".encode())
        run = catalog.start_run("killed", "version: 1", stoker="0")
        catalog.record_stage(run, "one", fingerprint, "done", 1.0, manifest=artifact.manifest)
        catalog.add_model("killed", fingerprint, {"number": number}, run=run)
        catalog.finish_run(run, "done", {"number": number})
        os.write(say, f"recorded {number}\n".encode())


def judge(home: Path, said: dict[str, list[int]]) -> None:
    store, catalog = Store(home), Catalog(home)
    catalog.check()
    for manifest in store.manifests():
        artifact = store.find(manifest.fingerprint)
        assert artifact is not None, "an artifact is damaged"
        artifact.verify()
    found = {manifest.summary["number"] for manifest in store.manifests()}
    assert found >= set(said["published"]), f"lost: {set(said['published']) - found}"
    damaged = home / "damaged"
    assert not damaged.exists() or not any(damaged.iterdir()), "something half was visible"
    if (home / "checkpoint").exists():
        data = (home / "checkpoint").read_bytes()
        number = int(data[:8])
        assert data == payload(number), "the checkpoint is a mixture"
        assert number >= max(said["checkpoint"], default=0), "an older checkpoint came back"
    runs = catalog.runs(limit=100_000)
    recorded = {run.result["number"] for run in runs if run.status == "done"}
    assert recorded >= set(said["recorded"]), "a finished run is lost"
    assert all(run.status in ("done", "interrupted") for run in runs), "a dead run is at work"
    versions = [model.version for model in catalog.models("killed")]
    assert sorted(versions) == list(range(1, len(versions) + 1)), "versions have gaps"


def one_case(home: Path, said: dict[str, list[int]], delay_s: float) -> str | None:
    reading, writing = os.pipe()
    start = max([0, *said["published"], *said["checkpoint"]]) + 2
    child = os.fork()
    if child == 0:
        os.close(reading)
        work(home, start, writing, rounds=10**6)
    os.close(writing)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as lines:
        for line in lines:
            what, number = line.split()
            said[what].append(int(number))
    try:
        judge(home, said)
    except Exception as error:  # whatever it is, it is a finding
        return f"{type(error).__name__}: {error}"
    return None


def main() -> None:
    folder, seed, number = sys.argv[1:]
    rng = random.Random(int(seed))
    said: dict[str, list[int]] = {"published": [], "checkpoint": [], "recorded": []}
    home = Path(folder) / "home"
    round_s = measure(Path(folder) / "measured")
    found = [one_case(home, said, rng.uniform(0, 4 * round_s)) for _ in range(int(number))]
    broken = [{"case": case, "why": why} for case, why in enumerate(found) if why]
    done = {what: len(numbers) for what, numbers in said.items()}
    sys.stdout.write(json.dumps({"cases": int(number), "done": done, "broken": broken}))


def measure(home: Path) -> float:
    """Seconds that one round takes here and now."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    work(home, 0, nowhere, rounds=1)
    started = time.perf_counter()
    work(home, 1, nowhere, rounds=4)
    os.close(nowhere)
    return (time.perf_counter() - started) / 4


if __name__ == "__main__":
    main()
