"""What `make demo` shows: real customers, from a file to an answer of the running server.

The commands that a user types, one after the other: `stoker init example`, `stoker run`,
`stoker serve`, one POST of a customer.  That customer is taken out of the file before, so the model
never saw it.  The folder `demo/` stays, to look around in; a second demo finds its run there.

    python scripts/demo.py [FOLDER]
"""

from __future__ import annotations

import csv
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
STOKER = str(Path(sys.executable).with_name("stoker"))
TARGET = "churned"
QUICK = ("--set", "train.preset=fast", "--set", "train.threads=1")
START_S = 30.0


def main() -> None:
    """Write the example, run, serve, ask, stop."""
    began = time.monotonic()
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "demo"
    if not folder.exists():
        say("init", "example", str(folder))
        take_out_last(folder / "customers.csv", folder / "one_customer.csv")
    customer = read_one(folder / "one_customer.csv")
    result = run(folder)
    answer, waited_s = ask_server(folder, result["model"], customer)
    print("\n".join(f"  {name:20} {cell}" for name, cell in customer.items() if name != TARGET))
    print(
        f"churned? the server said {answer['prediction']!r}, {answer['confidence']:.0%} sure, in "
        f"{waited_s * 1000:.1f} ms; the truth is {customer[TARGET]!r}\n\n"
        f"{result['summary']['headline']}\n"
        f"report    {result['report']}\n"
        f"bundle    {result['bundle']}\n"
        f"\nThe whole demo took {time.monotonic() - began:.0f} s. Next, in the folder {folder}:\n"
        f"  . {Path(sys.executable).with_name('activate')}   # puts stoker on the path\n"
        "  stoker report                     # opens the page\n"
        "  stoker init images photos         # then stoker run: the same with pictures"
    )


def say(*arguments: str, cwd: Path = ROOT) -> None:
    """Show a command, and run it."""
    print("$ stoker", *arguments, flush=True)
    subprocess.run([STOKER, *arguments], cwd=cwd, check=True)


def take_out_last(table: Path, single: Path) -> None:
    """Move the last record of a CSV file into a file of its own."""
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    single.write_text(lines[0] + lines[-1], encoding="utf-8")
    table.write_text("".join(lines[:-1]), encoding="utf-8")


def read_one(table: Path) -> dict[str, str]:
    """The only record of a CSV file."""
    with table.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    return row


def run(folder: Path) -> dict[str, Any]:
    """`stoker run`; the object that it prints last."""
    command = ["run", "customers.yaml", *QUICK]
    print("$ stoker", *command, flush=True)
    done = subprocess.run(
        [STOKER, *command, "--json"], cwd=folder, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout.decode().strip().splitlines()[-1])


def ask_server(folder: Path, model: str, customer: dict[str, str]) -> tuple[dict[str, Any], float]:
    """The answer of a server started for one question, and how long it took in seconds."""
    port = free_port()
    command = ["serve", model, "--port", str(port), "--workers", "1"]
    print("$ stoker", *command, flush=True)
    with subprocess.Popen([STOKER, *command], cwd=folder, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until_ready(port, server)
            started = time.perf_counter()
            answer = post(f"http://127.0.0.1:{port}/predict", customer)
            return answer, time.perf_counter() - started
        finally:
            server.send_signal(signal.SIGTERM)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    """Ask `/readyz` until it says yes."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with code {server.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1).close()
            return
        except OSError:  # also a refused or reset connection
            time.sleep(0.05)
    raise SystemExit(f"the server was not ready within {START_S:.0f} s")


def post(url: str, customer: dict[str, str]) -> dict[str, Any]:
    """The answer to one row, sent as the CSV file that it came in."""
    lines = [",".join(customer), ",".join(customer.values())]
    request = urllib.request.Request(
        url, data="\n".join(lines).encode(), headers={"Content-Type": "text/csv"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        found = json.load(reply)
    return found["predictions"][0]


if __name__ == "__main__":
    main()
