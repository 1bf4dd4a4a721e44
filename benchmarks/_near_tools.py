"""Near-duplicates with one tool: `python _near_tools.py TOOL TEXTS.parquet SETS.npy`.

Runs in the environment of that tool.  Every tool goes from the file of texts to the set of each
row, with runs of three words, the similarity 0.8 and one thread; what it prints is JSON of its own
CPU seconds without loading its libraries, which a short text would pay as much.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

SIMILARITY, SHINGLE, PERMUTATIONS = 0.8, 3, 128
_WORD = re.compile(r"[^\W_]+")
_TRUE_WORD = re.compile(
    r"[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3005-\u9fff]+"
)


def shingles_of(text: str) -> set[bytes]:
    """Runs of three words, as the documentation of the peers writes them."""
    words = _WORD.findall(text.lower())
    runs = range(max(len(words) - SHINGLE + 1, min(1, len(words))))
    return {" ".join(words[i : i + SHINGLE]).encode() for i in runs}


def true_shingles_of(text: str) -> set[tuple[str, ...]]:
    """Runs of three words, a sign of Chinese or kana being one, in one width."""
    words = _TRUE_WORD.findall(unicodedata.normalize("NFKC", text).lower())
    runs = range(max(len(words) - SHINGLE + 1, min(1, len(words))))
    return {tuple(words[i : i + SHINGLE]) for i in runs}


def sets_from(size: int, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """The set of each row: the least row that it hangs together with."""
    head = list(range(size))

    def find(row: int) -> int:
        while head[row] != row:
            head[row] = head[head[row]]
            row = head[row]
        return row

    for one, other in pairs:
        first, second = sorted((find(one), find(other)))
        head[second] = first
    return np.array([find(row) for row in range(size)])


def stoker() -> Callable[[Path], np.ndarray]:
    """The cleaner as the clean stage calls it; sets as it finds them."""
    from types import SimpleNamespace

    from stoker import engine
    from stoker.data.clean.near_duplicates import NearDuplicates

    engine.load_daft()
    step = NearDuplicates(similarity=SIMILARITY, shingle=SHINGLE)

    def run(path: Path) -> np.ndarray:
        return step.find_sets(engine.read(path), SimpleNamespace(media_columns=())).set_N

    return run


def datasketch() -> Callable[[Path], np.ndarray]:
    """MinHash in its fastest way (`update_batch`), its LSH with the bands that it chooses."""
    from datasketch import MinHash, MinHashLSH

    def run(path: Path) -> np.ndarray:
        texts = pq.read_table(path, columns=["text"])["text"].to_pylist()
        lsh = MinHashLSH(threshold=SIMILARITY, num_perm=PERMUTATIONS)
        pairs = []
        for row, text in enumerate(texts):
            sketch = MinHash(num_perm=PERMUTATIONS)
            shingles = shingles_of(text)
            if not shingles:
                continue
            sketch.update_batch(list(shingles))
            pairs += [(row, other) for other in lsh.query(sketch)]
            lsh.insert(row, sketch)
        return sets_from(len(texts), pairs)

    return run


def datatrove() -> Callable[[Path], np.ndarray]:
    """Its four steps with its own bands (14 of 8) and its English words."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.utils.hashing import HashConfig
    from datatrove.utils.logging import logger

    logger.remove()
    config = MinhashConfig(n_grams=SHINGLE, hash_config=HashConfig(precision=64))

    def run(path: Path) -> np.ndarray:
        texts = pq.read_table(path, columns=["text"])["text"].to_pylist()
        documents = (Document(text=text, id=str(row)) for row, text in enumerate(texts))
        with tempfile.TemporaryDirectory() as scratch:
            signed, paired = f"{scratch}/signatures", Path(scratch) / "pairs"
            MinhashDedupSignature(signed, config=config).run(documents)
            for rank in range(config.num_buckets):
                step = MinhashDedupBuckets(signed, str(paired), config=config)
                step.run(None, rank, config.num_buckets)
            found = b"".join(file.read_bytes() for file in paired.rglob("*.dups"))
        rows = np.frombuffer(found, "<u4").reshape(-1, 4)
        return sets_from(len(texts), rows[:, [1, 3]].tolist())

    return run


def main() -> None:
    """Run one tool once."""
    tool, texts, answer = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    run = {"stoker": stoker, "datasketch": datasketch, "datatrove": datatrove}[tool]()
    began, began_cpu = time.perf_counter(), time.process_time()
    set_N = run(texts)
    cpu_s, wall_s = time.process_time() - began_cpu, time.perf_counter() - began
    np.save(answer, set_N)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"cpu_s": cpu_s, "wall_s": wall_s, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
