"""The store: artifacts that are whole or absent, in one folder, for any number of processes.

    home/
    ├── artifacts/<fingerprint>/   published, never changed again
    ├── tmp/                       drafts being written; strays of dead processes are swept
    ├── work/<fingerprint>/        scratch that survives a kill (checkpoints)
    ├── damaged/                   what did not match its manifest, put aside and reported
    └── locks/                     one file per fingerprint being made

A draft is written in `tmp/`, hashed, flushed, and renamed to its fingerprint.  The rename is the
only moment at which an artifact begins to exist.  If two processes make the same one, the first
wins and both get the winner's.

Cost: one flush a file; finding an artifact reads its manifest and the status of its files.

Source: the layout follows the idea of content-addressed stores such as Nix, Dolstra 2006, "The
Purely Functional Software Deployment Model".
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, final

from stoker.core import events
from stoker.core.errors import ArtifactError, MachineError
from stoker.core.names import check_fingerprint
from stoker.store import durable, locks
from stoker.store.artifact import Artifact
from stoker.store.durable import machine_errors
from stoker.store.garbage import Garbage, Removed
from stoker.store.home import check_home, make_home
from stoker.store.kept_tables import delete_tables, unneeded_tables
from stoker.store.manifest import NAME, Manifest, check_listing, read_manifest, write_manifest

_GATE = "collect"
_FOLDERS = ("artifacts", "tmp", "work", "damaged", "locks")


@final
class Draft:
    """A folder that becomes an artifact when it is published, and nothing otherwise."""

    def __init__(self, folder: Path, publish: Callable[[Mapping[str, Any]], Artifact]) -> None:
        """Used by `Store.draft`.

        Args:
            folder: Write here: plain files and folders, no links.
            publish: Does the publishing.
        """
        self.folder = folder
        self._publish = publish

    def publish(self, summary: Mapping[str, Any] | None = None) -> Artifact:
        """Hash, flush and publish the folder; when this returns, the artifact is on the disk.

        Args:
            summary: What a user may want to know without opening it: JSON values, no times.

        Raises:
            ArtifactError: If the folder holds a link or an impossible name.
            MachineError: If the machine refuses; nothing is published then.
        """
        return self._publish(summary or {})


@final
class Store:
    """Artifacts by fingerprint.  Looking writes nothing, so a read-only home can be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     store = Store(Path(home))
    ...     with store.draft("numbers", "0" * 64) as draft:
    ...         _ = (draft.folder / "one.txt").write_text("1")
    ...         made = draft.publish({"rows": 1})
    ...     found = store.find("0" * 64)
    ...     found.verify()
    ...     found.manifest.summary, found.digest == made.digest
    ({'rows': 1}, True)
    """

    def __init__(self, home: Path) -> None:
        """Look at a home; it need not exist yet.

        Raises:
            ArtifactError: If a newer stoker made it.
        """
        self.home = home.absolute()
        self._ready = False
        check_home(self.home)

    def folder(self, fingerprint: str) -> Path:
        """Where an artifact is once it is published.

        Raises:
            ArtifactError: If that is no fingerprint.
        """
        return self.home / "artifacts" / check_fingerprint(fingerprint)

    def find(self, fingerprint: str) -> Artifact | None:
        """The artifact, if it is there with all its files in the right sizes.

        One that is damaged is moved to `damaged/`, reported as a warning, and counts as absent.
        Contents are checked by `Artifact.verify`.

        Raises:
            ArtifactError: If it is damaged and cannot be moved (a read-only home).
        """
        folder = self.folder(fingerprint)
        descriptor = self._hold(folder)
        if descriptor is None:
            return None
        try:
            manifest = read_manifest(folder)
            check_listing(folder, manifest)
            if manifest.fingerprint != fingerprint:
                raise ArtifactError(f"{folder} holds the artifact {manifest.fingerprint}")
        except ArtifactError as damage:
            self._put_aside(folder, damage)
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return Artifact(folder, manifest, descriptor=descriptor, put_aside=self._set_aside)

    @contextmanager
    def draft(
        self, kind: str, fingerprint: str, parents: Mapping[str, str] | None = None
    ) -> Iterator[Draft]:
        """A new folder to fill; it is deleted at the end of the block unless it was published.

        Args:
            kind: What it will be: `dataset`, `prepared`, `bundle`...
            fingerprint: What it is made from; its name.
            parents: Fingerprints of the artifacts it is made from, by role; they cannot be
                collected before the block ends.

        Raises:
            MachineError: If the machine refuses, also when that happens inside the block (disk
                full, I/O error); nothing is published then.
        """
        check_fingerprint(fingerprint)
        held = [self._hold(self.folder(parent)) for parent in (parents or {}).values()]
        try:
            with (
                self.temporary_folder() as folder,
                machine_errors(f"make the {kind}", only=durable.DISK_ERRORS),
            ):

                def publish(summary: Mapping[str, Any]) -> Artifact:
                    return self._publish(folder, kind, fingerprint, parents or {}, summary)

                yield Draft(folder, publish)
        finally:
            for number in held:
                if number is not None:
                    os.close(number)

    @contextmanager
    def temporary_folder(self) -> Iterator[Path]:
        """A new folder in the home that is gone at the end of the block, unless it was renamed.

        If this process is killed, the next one that writes into the home sweeps it.

        Raises:
            MachineError: If it cannot be created.
        """
        self._prepare()
        folder, descriptor = self._new_folder()
        try:
            yield folder
        finally:
            with suppress(MachineError):
                durable.remove_tree(folder)
            os.close(descriptor)

    def lock(self, fingerprint: str) -> AbstractContextManager[None]:
        """Be the only process that makes this artifact; a second one waits.

        Raises:
            MachineError: If the lock file cannot be created.
        """
        return self._lock(check_fingerprint(fingerprint))

    def work_folder(self, fingerprint: str) -> Path:
        """Scratch for making this artifact: survives a kill, removed when it is published.

        Raises:
            MachineError: If it cannot be created.
        """
        self._prepare()
        folder = self.home / "work" / check_fingerprint(fingerprint)
        durable.make_folder(folder)
        return folder

    def manifests(self) -> Iterator[Manifest]:
        """What every artifact says of itself, in the order of fingerprints; skips damaged ones."""
        for fingerprint in self._listing("artifacts"):
            with suppress(ArtifactError):
                yield read_manifest(self.home / "artifacts" / fingerprint)

    def sweep(self) -> list[Path]:
        """Delete what dead processes left: drafts, temporary files, locks, scratch no longer used.

        What a live process holds stays.  Runs by itself before the first write.

        Returns:
            What was deleted.

        Raises:
            MachineError: If something cannot be deleted.
        """
        with machine_errors(f"sweep {self.home}"):
            strays = [self.home / "tmp" / name for name in self._listing("tmp")]
            strays += [
                self.home / "locks" / name for name in self._listing("locks") if name != _GATE
            ]
            strays += [path for path in self.home.iterdir() if durable.is_temporary(path)]
            swept = [path for path in strays if durable.remove_stray(path)]
        for name in set(self._listing("work")) - set(self._listing("locks")):
            if (self.home / "artifacts" / name).exists():
                durable.remove_tree(self.home / "work" / name)
                swept.append(self.home / "work" / name)
        return swept + durable.sweep(self.home / "work")

    def collect(
        self,
        roots: Iterable[str] | Callable[[], Iterable[str]],
        *,
        dry_run: bool = False,
    ) -> list[Removed]:
        """Delete every artifact that no root was made from and no live process holds.

        Tables that were handed over in memory go with the last artifact that was made from them.

        Args:
            roots: Fingerprints to keep together with everything they were made from; or a
                function that says them, called when nothing new can be published (pass
                `catalog.roots`).
            dry_run: Only say what would go; nothing is written then, not even a lock.

        Returns:
            What went, or would go.

        Raises:
            MachineError: If something cannot be deleted; what is kept is whole in any case.
        """
        if not self.home.is_dir():
            return []
        with nullcontext() if dry_run else self._gate(shared=False):
            manifests = {m.fingerprint: m for m in self.manifests()}
            garbage = Garbage(
                {name: m.parents.values() for name, m in manifests.items()},
                roots() if callable(roots) else roots,
            )
            removed = [manifests[name] for name in garbage if self._discard(name, garbage, dry_run)]
            gone = {m.fingerprint for m in removed}
            stay = [m for m in manifests.values() if m.fingerprint not in gone]
            tables = unneeded_tables(self.home, stay)
        if not dry_run:
            with machine_errors(f"delete tables of {self.home}"):
                delete_tables(self.home, tables)
            self.sweep()
            for name in self._listing("damaged"):
                durable.remove_tree(self.home / "damaged" / name)
        return [*(Removed.of(m) for m in removed), *tables]

    def _publish(
        self,
        folder: Path,
        kind: str,
        fingerprint: str,
        parents: Mapping[str, str],
        summary: Mapping[str, Any],
    ) -> Artifact:
        write_manifest(folder, kind=kind, fingerprint=fingerprint, parents=parents, summary=summary)
        while True:
            with self._gate(shared=True):
                ours = durable.publish_folder(folder, self.folder(fingerprint))
                artifact = self.find(fingerprint)
            if artifact is not None:
                break
            assert not ours, "what was just published is not whole"
        if ours:
            artifact.trust()
        durable.remove_tree(self.home / "work" / fingerprint)
        return artifact

    def _hold(self, folder: Path) -> int | None:
        """A descriptor with a shared lock on the manifest, or None if there is no artifact."""
        with machine_errors(f"read {folder}"):
            before = _inode(folder)
            descriptor = None if before is None else locks.share(folder / NAME)
        if before is not None and descriptor is None and _inode(folder) == before:
            # Artifacts appear and disappear with their manifest, so this one is damaged.
            self._put_aside(folder, ArtifactError(f"{folder} has no {NAME}"))
        return descriptor

    def _set_aside(self, artifact: Artifact, damage: ArtifactError) -> None:
        # Another process may have put it aside and made it again since.
        if locks.same_file(artifact.descriptor, artifact.location / NAME):
            self._put_aside(artifact.location, damage)

    def _put_aside(self, folder: Path, damage: ArtifactError) -> None:
        try:
            durable.make_folder(self.home / "damaged")
            folder.rename(self.home / "damaged" / f"{folder.name}-{secrets.token_hex(4)}")
        except FileNotFoundError:
            return
        except (OSError, MachineError) as error:
            raise ArtifactError(
                f"{damage.what}, and it cannot be put aside: {error}",
                fix="make the home writable and run again",
            ) from error
        events.warning(f"{damage.what}; it was put aside and will be made again", passing=True)

    def _discard(self, fingerprint: str, garbage: Garbage, dry_run: bool) -> bool:
        """Move an artifact out of sight, or keep it and its ancestors if somebody holds it."""
        folder = self.folder(fingerprint)
        with machine_errors(f"delete {folder}"):
            descriptor = locks.try_lock(folder / NAME)
            if descriptor is None:
                garbage.keep(fingerprint)
                return False
            try:
                if not dry_run:
                    folder.rename(self.home / "tmp" / f"{fingerprint}-{secrets.token_hex(4)}")
            finally:
                os.close(descriptor)
        return True

    def _new_folder(self) -> tuple[Path, int]:
        with machine_errors(f"create a draft in {self.home}"):
            while True:
                folder = self.home / "tmp" / secrets.token_hex(8)
                folder.mkdir()
                with suppress(FileNotFoundError):
                    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                    if locks.lock_new(descriptor, folder):
                        return folder, descriptor

    def _prepare(self) -> None:
        """Create the folders and sweep, once."""
        if self._ready:
            return
        make_home(self.home)
        for name in _FOLDERS:
            durable.make_folder(self.home / name)
        self.sweep()
        self._ready = True

    @contextmanager
    def _lock(self, name: str, *, shared: bool = False) -> Iterator[None]:
        self._prepare()

        def waiting() -> None:
            events.message(f"waiting for another process that works on {name[:12]}", passing=True)

        path = self.home / "locks" / name
        with machine_errors(f"lock {path}"):
            descriptor = locks.acquire(path, waiting=waiting, shared=shared)
        try:
            yield
        finally:
            locks.release(path, descriptor, shared=shared)

    def _gate(self, *, shared: bool) -> AbstractContextManager[None]:
        """Publishers pass together; a collector passes alone."""
        return self._lock(_GATE, shared=shared)

    def _listing(self, name: str) -> list[str]:
        with machine_errors(f"read {self.home / name}"), suppress(FileNotFoundError):
            return sorted(path.name for path in (self.home / name).iterdir())
        return []


def _inode(folder: Path) -> tuple[int, int] | None:
    """Which folder it is, or None if there is none (a link counts as none)."""
    try:
        status = folder.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None
