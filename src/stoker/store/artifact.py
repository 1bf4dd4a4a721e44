"""One published folder, held so that nobody can collect it while it is in use.

Holding is a shared lock on the artifact's manifest, which needs no right to write; it ends when the
value is garbage or the process dies.

Cost: `verify` reads every byte the first time in a process and again only if a file's inode, size
or time changed.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import final

from stoker.core.errors import ArtifactError
from stoker.store.manifest import Manifest, signature, verify_folder

_verified: dict[Path, tuple[object, ...]] = {}


@final
class Artifact:
    """An artifact whose manifest is whole; its files are checked before anyone gets at them."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        descriptor: int,
        put_aside: Callable[[Artifact, ArtifactError], None],
    ) -> None:
        """Take over `descriptor`, an open file that holds the shared lock.

        Args:
            folder: Where it is.
            manifest: What it says of itself.
            descriptor: Closed when this value is garbage.
            put_aside: Called when it turns out damaged.
        """
        self.location, self.manifest = folder, manifest
        self._descriptor, self._put_aside = descriptor, put_aside
        weakref.finalize(self, os.close, descriptor)

    @property
    def folder(self) -> Path:
        """Where its files are, every byte of them checked; see `verify`.

        There is no other way to them: whoever parses a file of an artifact came through here.

        Raises:
            ArtifactError: If anything differs from the manifest.
            MachineError: If a file cannot be read.
        """
        self.verify()
        return self.location

    @property
    def kind(self) -> str:
        """What it is: `dataset`, `prepared`, `bundle`..."""
        return self.manifest.kind

    @property
    def fingerprint(self) -> str:
        """What it was made from; its name in the store."""
        return self.manifest.fingerprint

    @property
    def digest(self) -> str:
        """SHA-256 of its contents: equal for equal bytes, however they were made."""
        return self.manifest.content

    @property
    def descriptor(self) -> int:
        """The open manifest file, for the store."""
        return self._descriptor

    def verify(self) -> None:
        """Check every byte, once per process as long as no file changes.

        Raises:
            ArtifactError: If anything differs from the manifest.  The folder was then moved to the
                home's `damaged/`, so that the next run makes the artifact again.
            MachineError: If a file cannot be read.
        """
        try:
            found = signature(self.location)
            if _verified.get(self.location) == found:
                return
            if verify_folder(self.location) != self.manifest:
                raise ArtifactError(f"{self.location} was replaced while it was in use")
        except ArtifactError as damage:
            self._put_aside(self, damage)
            raise
        _verified[self.location] = found

    def trust(self) -> None:
        """Skip the next `verify`: this process wrote and hashed the files itself just now."""
        _verified[self.location] = signature(self.location)

    def __repr__(self) -> str:
        """Kind and the beginning of the fingerprint."""
        return f"Artifact({self.kind} {self.fingerprint[:12]})"
