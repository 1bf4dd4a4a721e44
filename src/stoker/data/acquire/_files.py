"""Find and read the files that a source names: plain or gzip, regular files only.

A path is a file, a folder (its files with the right endings, hidden ones left out, and those in its
folders of the form `key=value`, see `data.partitions`) or a pattern with `*`; relative ones start
at the project folder.  Symbolic links are followed, as whoever named the path can see them.  A FIFO
or a device is never opened, because reading one could block for ever.

A gzip file that unpacks to more than 300 times its size is taken for a bomb, once past 64 MiB.
"""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO, cast

from stoker.core.errors import DataError, Place
from stoker.data.partitions import Part, deeper_pattern, files_below, part_of
from stoker.data.patterns import fixed_part, is_pattern, matching

Paths = str | tuple[str, ...]
"""One path or several, as a recipe writes them."""

BLOCK_BYTES = 4 << 20
_BOMB_RATIO = 300
_BOMB_FROM_BYTES = 64 << 20
_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a FIFO",
    stat.S_ISSOCK: "a socket",
    stat.S_ISBLK: "a device",
    stat.S_ISCHR: "a device",
}


def as_paths(path: Paths) -> tuple[str, ...]:
    """The paths of a field that takes one or several."""
    return (path,) if isinstance(path, str) else path


def find_files(paths: Paths, project: Path, endings: Sequence[str]) -> list[Path]:
    """The regular files that a recipe's paths name; see `find_parts`."""
    return [part.path for part in find_parts(paths, project, endings)]


def find_parts(paths: Paths, project: Path, endings: Sequence[str]) -> list[Part]:
    """The regular files that a recipe's paths name, in the order named, folders sorted by name.

    Args:
        paths: A file, a folder or a pattern, or several.
        project: Folder where relative paths start.
        endings: Endings of names to take from a folder, such as `.csv`.

    Raises:
        DataError: If one is missing, is not a regular file, or a folder or pattern holds none.
    """
    found: list[Part] = []
    for name in as_paths(paths):
        whole = root = project / name
        if kind_of(whole, name) == "a folder":
            matches = list(files_below(whole, endings))
        elif is_pattern(whole):
            matches, root = list(matching(whole)), project / fixed_part(Path(name))
        else:
            matches, root = [whole], whole.parent
        matches = [p for p in matches if p == whole or p.name[0] != "."]
        if not matches:
            raise _nothing(whole, name, endings)
        found += [part_of(path, root, _shown(path, project)) for path in sorted(matches)]
    for part in found:
        require_regular(part.path, _shown(part.path, project))
    return found


def _nothing(folder: Path, name: str, endings: Sequence[str]) -> DataError:
    pattern = deeper_pattern(folder, name, endings) if folder.is_dir() else None
    fix = None
    if pattern:
        fix = f"the files lie deeper: write path: {pattern!r}; what only the name of a folder "
        fix += "says becomes a column where the folder is called key=value"
    return DataError(
        "no file to read here",
        expected=f"files that end in {' or '.join(endings)}",
        fix=fix,
        place=Place(name),
    )


def kind_of(path: Path, label: str) -> str | None:
    """What stands at a path: `a file`, `a folder`, `a FIFO`, ...; None if nothing does."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise unreadable(error, label) from None
    return next((kind for test, kind in _KINDS.items() if test(mode)), "a file")


def require_regular(path: Path, label: str) -> None:
    """Refuse what is not a regular file.

    Raises:
        DataError: If nothing is there, with the nearest name as a suggestion, or something else is.
    """
    kind = kind_of(path, label)
    if kind is None:
        near = get_close_matches(path.name, _names_beside(path), n=1)
        raise DataError(
            "no such file",
            expected="a file; relative paths start at the recipe's folder",
            fix=f"did you mean {near[0]!r}?" if near else None,
            place=Place(label),
        )
    if kind != "a file":
        raise DataError(f"is {kind}", expected="a regular file", place=Place(label))


def read_blocks(path: Path, label: str) -> Generator[bytes]:
    """The contents of a file, unpacked if it is gzip, block by block.

    Raises:
        DataError: If it cannot be read, is a cut or damaged gzip file, or a gzip bomb.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            yield from _unpacked(raw, label) if packed else _plain(raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"damaged gzip file: {error}",
            expected="a whole gzip file",
            fix="fetch or copy it again",
            place=Place(label),
        ) from None
    except OSError as error:
        raise unreadable(error, label) from None


def read_head(path: Path, label: str, most_bytes: int) -> tuple[bytes, bool]:
    """The unpacked beginning of a file, and whether that is all of it.

    Raises:
        DataError: As `read_blocks`.
    """
    head = b""
    with closing(read_blocks(path, label)) as blocks:
        for block in blocks:
            head += block
            if len(head) > most_bytes:
                return head[:most_bytes], False
    return head, True


def unreadable(error: OSError | ValueError, label: str) -> DataError:
    """A refusal of the file system as an error about the data."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DataError(
        f"cannot be read: {said}", expected="a file that you may read", place=Place(label)
    )


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block


def _unpacked(raw: BinaryIO, label: str) -> Iterator[bytes]:
    packed_bytes = raw.seek(0, 2)
    raw.seek(0)
    total = 0
    with gzip.open(raw) as file:
        for block in _plain(cast(BinaryIO, file)):
            total += len(block)
            if total > max(_BOMB_FROM_BYTES, _BOMB_RATIO * packed_bytes):
                raise DataError(
                    f"unpacks to more than {total:,} bytes from {packed_bytes:,}",
                    expected=f"a gzip file of ratio {_BOMB_RATIO} or less",
                    fix="unpack it yourself if you trust it",
                    place=Place(label),
                )
            yield block


def _names_beside(path: Path) -> list[str]:
    try:
        return [other.name for other in path.parent.iterdir()]
    except OSError:
        return []


def _shown(path: Path, project: Path) -> str:
    shown = path.relative_to(project) if path.is_relative_to(project) else path
    return str(shown).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
