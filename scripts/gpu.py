"""What stoker's networks do on a GPU: parity, exact resume, speed, memory, as one file of JSON.

    make gpu                                      packs build/gpu.tar.gz, on any machine
    tar xzf gpu.tar.gz                            there: Python, torch and CUDA, no package index
    python3 gpu/scripts/gpu.py run                measures and writes gpu.json
    python scripts/gpu.py run --tiny              the same on a processor, in seconds

Exit code 1 says that a result differs by more than is allowed; the file tells which.  Nothing is
written beside the output and, in a pack, its unpacked wheels.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelerator.work import Device

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Pack or run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    pack = verbs.add_parser("pack", help="write build/gpu.tar.gz")
    pack.add_argument("--python", default="3.12", help="CPython there")
    pack.add_argument("--has", default="", help="packages that are there, with commas between")
    run = verbs.add_parser("run", help="measure here")
    run.add_argument("--tiny", action="store_true", help="small sizes, on a processor too")
    run.add_argument("--out", type=Path, default=Path("gpu.json"), help="file of the result")
    train = verbs.add_parser("train", help="a child of run, which kills it")
    train.add_argument("training", help="what is trained, as JSON")
    given = parser.parse_args()
    if given.verb == "pack":
        from accelerator import pack as packing

        packing.make(ROOT, python=given.python, has={n for n in given.has.split(",") if n})
        return 0
    if given.verb == "train":
        prepare_imports()
        from accelerator import resume

        resume.train(resume.Training(**json.loads(given.training)))
        return 0
    result = measure(tiny=given.tiny)
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{'ok' if result['ok'] else 'NOT OK'}: {given.out}")
    return 0 if result["ok"] else 1


def prepare_imports() -> list[str]:
    """Make this tree's source and the wheels of a pack importable; returns those wheels."""
    # Before torch: cuBLAS sums in an equal order only with a workspace of a fixed size.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    from accelerator import wheels

    used = wheels.use(ROOT)
    sys.path.insert(0, str(ROOT / "src"))
    return used


def measure(*, tiny: bool) -> dict[str, Any]:
    """All that is measured; see the head of this file."""
    used = prepare_imports()
    import torch
    from accelerator.work import Device

    is_there = torch.cuda.is_available()
    if not is_there and not tiny:
        raise SystemExit("torch finds no CUDA here; run --tiny works on the processor")
    device = Device(torch.device("cuda" if is_there else "cpu"))
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        parts = measure_parts(Path(folder), device, tiny=tiny)
    checks = [*parts["parity"], *parts["optimizers"], parts["resume"]]
    return {
        "ok": all(check["ok"] for check in checks),
        "tiny": tiny,
        "machine": machine(device),
        "wheels": used,
        **parts,
        "process_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "seconds": round(time.monotonic() - begin, 1),
    }


def measure_parts(folder: Path, device: Device, *, tiny: bool) -> dict[str, Any]:
    """Parity, resume and speed, each told when it is done."""
    from accelerator import parity, resume, speed
    from accelerator.work import write_rows

    if tiny:
        sizes = speed.Sizes(rows=320, batches=(2,), side=256, seconds=0.02, at_once=1)
        epochs, batch_size = 2, 16
    else:
        sizes = speed.Sizes(rows=65_536, batches=(128, 4096), side=8192, seconds=0.5, at_once=20)
        epochs, batch_size = 3, 512
    training = resume.Training(str(folder), str(folder), device.torch.type, epochs, batch_size)
    rows = write_rows(folder, sizes.rows)
    found: dict[str, Any] = {"parity": parity.networks(rows, device)}
    found["optimizers"] = parity.optimizers(device)
    tell("parity", found["parity"] + found["optimizers"])
    found["resume"] = resume.compare(training, kills=1 if tiny else 3)
    tell("resume", [found["resume"]])
    found["matrix_product_tflops"] = speed.matrix_products(device, sizes)
    found["speed"] = speed.training(rows, device, sizes, found["matrix_product_tflops"])
    tell("speed", [{"matrix_product_tflops": found["matrix_product_tflops"]}, *found["speed"]])
    return found


def tell(title: str, records: list[dict[str, Any]]) -> None:
    """Print records, one a line."""
    for record in records:
        print(title, json.dumps(record), flush=True)


def machine(device: Device) -> dict[str, Any]:
    """What was measured on, and which code."""
    import numpy as np
    import torch
    from accelerator.pack import commit

    from stoker.core.processors import available_cores

    facts = {
        "commit": commit(ROOT),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "system": platform.platform(),
        "cores": available_cores(),
        "device": device.torch.type,
    }
    if not device.is_cuda:
        return facts
    card = torch.cuda.get_device_properties(device.torch)
    return facts | {
        "card": card.name,
        "card_memory_bytes": card.total_memory,
        "compute_capability": f"{card.major}.{card.minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }


if __name__ == "__main__":
    sys.exit(main())
