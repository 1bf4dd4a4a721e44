"""What a server may be told: where it listens, how it batches, and every limit it keeps.

The defaults suit a small model on a laptop and are safe against strangers: loopback only, and no
limit is "none".  A host that others can reach needs a key, which is not a setting: it is read from
`key_file` or the environment, so that it never stands in a recipe.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from stoker.core.errors import RecipeError
from stoker.core.own_code import OWN_STEP
from stoker.core.processors import available_cores
from stoker.core.value import Value

_MIB = 1024 * 1024
_MAX_PIXELS = 64_000_000


class ServeSettings(Value):
    """How a bundle is served; every field is a key of the recipe's `serve:` section."""

    host: str = "127.0.0.1"
    """Address to listen on; any but a loopback address demands a key."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """TCP port; 0 lets the system choose a free one."""
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Worker processes; 0 is one for each core this process may use, divided by `threads`."""
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """Math threads in each worker; 0 measures at the start if some cores have no worker."""
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Probability from which on the second of two classes is answered; absent: the bundle's own."""
    start_s: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """Seconds a worker may take to load the model and try it; then it is ended."""
    max_batch: Annotated[int, Field(ge=1, le=4096)] = 32
    """Most rows that the model sees at once."""
    queue: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    """Rows that may wait in a worker; a request beyond them is answered 429."""
    queue_s: Annotated[float, Field(gt=0, le=3600)] = 2.0
    """Seconds a request may spend behind and beside others, by the model's measured speed; one that
    would need longer is answered 429."""
    deadline_s: Annotated[float, Field(gt=0, le=3600)] = 10.0
    """Seconds a request may take from its last byte to its answer; then 504."""
    max_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 1024
    """Most rows in one request."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=1024 * _MIB)] = 11 * _MIB - 1
    """Most bytes in one request's body; 11 MiB is refused with 413."""
    max_pixels: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    """Most pixels of all pictures in one request, then 413, and of those decoded at a time; `auto`:
    64 million, or more where the model takes more in one row."""
    max_buffered_bytes: Annotated[int, Field(ge=_MIB)] = 256 * _MIB
    """Most bytes of bodies held at once in a worker; beyond them requests are answered 429."""
    max_header_bytes: Annotated[int, Field(ge=1024, le=_MIB)] = 32 * 1024
    """Most bytes of request line and headers; then 431."""
    header_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 5.0
    """Seconds a connection may take to send its headers, from its first byte or its start."""
    body_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Seconds a request may take to send its body, and an answer to be taken by the client."""
    keep_alive_s: Annotated[float, Field(gt=0, le=3600)] = 75.0
    """Seconds a connection may stay idle between two requests."""
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = 4096
    """Open connections a worker holds; one more closes the one that has been silent longest."""
    linger_s: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Seconds to go on accepting after SIGTERM, for load balancers that read `/readyz`."""
    grace_s: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Seconds that requests in flight have to finish after SIGTERM."""
    allowed_hosts: tuple[str, ...] = ()
    """Further host names by which clients may address this server."""
    key_file: str | None = None
    """File with access keys, one a line; the environment variable STOKER_SERVE_KEY also works."""
    protocols: tuple[Annotated[str, Field(pattern=OWN_STEP)], ...] = ()
    """Protocols of your own beside those of stoker, each as `module:Class`."""
    access_log: bool = False
    """Whether each request is logged as one line of JSON on the standard error."""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server.

        >>> ServeSettings().is_local, ServeSettings(host="0.0.0.0").is_local
        (True, False)
        """
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def num_workers(self) -> int:
        """Worker processes, with 0 resolved to the cores this process may use."""
        return self.workers or max(1, available_cores() // max(1, self.threads))

    @property
    def thread_choices(self) -> tuple[int, ...]:
        """Numbers of threads worth trying: the one asked for, or one and a worker's share of cores.

        >>> ServeSettings(threads=3).thread_choices, ServeSettings().thread_choices
        ((3,), (1,))
        """
        if self.threads:
            return (self.threads,)
        share = available_cores() // self.num_workers
        return (1, share) if share > 1 else (1,)

    def pixel_limit(self, row_pixels: int) -> int:
        """Most pixels of a request and of a batch, with `auto` resolved.

        Args:
            row_pixels: Most pixels that the model takes in all pictures of one row.

        >>> ServeSettings().pixel_limit(100_000_000), ServeSettings().pixel_limit(0)
        (100000000, 64000000)
        """
        if self.max_pixels == "auto":
            return max(_MAX_PIXELS, row_pixels)
        return self.max_pixels

    def key_path(self) -> Path | None:
        """The key file, or None.

        Raises:
            RecipeError: If it is not a file, because serving without the keys that were asked for
                would open the door.
        """
        if self.key_file is None:
            return None
        path = Path(self.key_file)
        if not path.is_file():
            raise RecipeError(f"no key file at {self.key_file}", expected="a text file of keys")
        return path
