"""Metrics of a server in the Prometheus text format.

With several workers each writes its numbers to memory-mapped files in the folder that the
environment variable PROMETHEUS_MULTIPROC_DIR names, and whichever worker is asked adds all files
up, so that counters and histograms are those of the whole server and survive a worker's crash.

Cost: about 2 µs for each number that is counted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from stoker.serve.messages import Answer

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_TIMES_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


CUT = "cut"
"""Code of an answer that began with 200 and stays half."""


class Metrics:
    """What a server counts, in a registry of its own."""

    def __init__(self) -> None:
        """Declare every metric."""
        self._registry = CollectorRegistry()
        self._requests = self._counter("requests", "Requests by route and code.", ["route", "code"])
        self._rejects = self._counter("rejects", "Requests refused, by reason.", ["reason"])
        self._batches = self._counter("batches", "Batches, by why they were let go.", ["reason"])
        self._closed = self._counter(
            "connections_closed", "Connections cut, by reason.", ["reason"]
        )
        self._unseen = self._counter(
            "unseen_cells", "Cells that hold what training never saw, by column.", ["column"]
        )
        self._seconds = self._histogram("request_seconds", "From headers to answer.", _TIMES_S)
        self._waits = self._histogram("queue_seconds", "Time in the queue.", _TIMES_S)
        self._sizes = self._histogram("batch_rows", "Rows of a batch.", _SIZES)
        self._open = Gauge(
            "stoker_connections",
            "Open connections.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._counted: dict[tuple[str, int | str], Counter] = {}

    def request(self, route: str, code: int | str, seconds: float) -> None:
        """A request was answered, or its answer `CUT`."""
        counter = self._counted.get((route, code))
        if counter is None:
            counter = self._counted[route, code] = self._requests.labels(route, str(code))
        counter.inc()
        self._seconds.observe(seconds)

    def reject(self, reason: str) -> None:
        """A request was refused, or given up."""
        self._rejects.labels(reason).inc()

    def waited(self, seconds: float) -> None:
        """A request left the queue."""
        self._waits.observe(seconds)

    def unseen(self, column: str, num_cells: int) -> None:
        """So many cells of an input of the model hold what training never saw."""
        self._unseen.labels(column).inc(num_cells)

    def batch(self, num_rows: int, reason: str) -> None:
        """A batch was let go because it was `full`, or because nobody else waited (`idle`)."""
        self._sizes.observe(num_rows)
        self._batches.labels(reason).inc()

    def closed(self, reason: str) -> None:
        """A connection was cut for breaking a limit."""
        self._closed.labels(reason).inc()

    def connections(self, number: int) -> None:
        """So many connections are open."""
        self._open.set(number)

    def page(self) -> Answer:
        """All numbers of all workers."""
        registry = self._registry
        if FOLDER_VARIABLE in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return Answer(generate_latest(registry), content_type=_CONTENT_TYPE)

    def _counter(self, name: str, text: str, labels: Sequence[str]) -> Counter:
        return Counter(f"stoker_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(f"stoker_{name}", text, buckets=buckets, registry=self._registry)
