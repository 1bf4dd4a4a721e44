"""Read texts: one file each, in a folder for each class.

Plain text, Markdown, pages of HTML and PDF documents become one row a file.  In a tree of folders
the first level is the class, and everything inside it, at any depth, belongs to it; with
`label_column: null` there are no classes, and the path may be one file or a pattern too.

Every file is a row or a reject, in the order of names, by the rules of `images`: what a file is,
its contents say, hidden files are passed over, what is plainly something else is left out and told.
A file that is empty, in no encoding that was named, or no text at all is a reject.  Labels are put
into Unicode form NFC; texts are not touched but for their line ends.

Pages and documents are parsed in a child process, for they may come from strangers.

Cost: reading and hashing each file once, 10 ns a byte of plain text; 1 s for 1 MB of HTML and for
100 pages of PDF.  HTML needs the extra `html`, but for `html: all`, and PDF the extra `pdf`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

import pyarrow as pa
from pydantic import AfterValidator, model_validator

from stoker.core.errors import DataError, MissingExtraError, Place
from stoker.core.events import message, warning
from stoker.data.acquire import Source, SourceColumn
from stoker.data.acquire._document_read import HtmlText, reason_of
from stoker.data.acquire._documents import DocumentText, document_texts
from stoker.data.acquire._files import kind_of
from stoker.data.acquire._sampled import spread
from stoker.data.acquire._text import UNICODE, check_encoding, likely_encoding, whole_text
from stoker.data.acquire._text_files import (
    TEXT_ENDINGS,
    Form,
    form_of,
    no_text,
    plain_text,
    text_content,
)
from stoker.data.extent import SourceExtent, size_of
from stoker.data.file_tree import (
    Found,
    Walk,
    bare_in_words,
    others_in_words,
    shown,
    twins,
    walk_classes,
    walk_files,
    walk_paths,
)
from stoker.data.patterns import fixed_part, is_pattern, matching

if TYPE_CHECKING:
    from stoker.data.reading import Reading

_ROWS = 4_096
_MOST_LOOKS = 200
_LOOKED_BYTES = 64 << 10
_BLOCK_CHARS = 16 << 20
"""Characters of texts after which a table is handed on, long before Arrow's limit."""


class _Row(NamedTuple):
    source: str
    text: str
    label: str
    path: str


class TextFiles(Source):
    """Texts in folders named after their class: plain, Markdown, HTML and PDF."""

    row_files: ClassVar[tuple[str, ...]] = TEXT_ENDINGS

    path: str = "."
    """Folder of the class folders; without `label_column` any folder, a file, or a pattern."""
    text_column: str = "text"
    """Name of the column of texts."""
    label_column: str | None = "label"
    """Name of the column of classes; null: folders are no classes."""
    path_column: str | None = None
    """Name of a column of paths below `path`, such as to group rows by; absent: there is none, for
    paths name the class."""
    encoding: (
        Annotated[str, AfterValidator(check_encoding)]
        | tuple[Annotated[str, AfterValidator(check_encoding)], ...]
    ) = "utf-8"
    """Encoding of the files; UTF-16 with a byte order mark is recognised beside `utf-8`.  Several:
    each file is in the first that fits all of it."""
    html: HtmlText = "main"
    """What is taken of a page of HTML: its main text without menus and footers, or all of it."""
    follow_links: bool = False
    """Whether symbolic links are followed."""

    @model_validator(mode="after")
    def _names_differ(self) -> TextFiles:
        names = [self.text_column, self.label_column, self.path_column]
        given = [name for name in names if name is not None]
        if len(set(given)) < len(given):
            raise ValueError(f"columns of one name: {', '.join(given)}")
        if not self.encoding:
            raise ValueError("no encoding is named")
        return self

    def paths(self) -> tuple[str, ...]:
        """The folder."""
        return (self.path,)

    @classmethod
    def told_options(cls, path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
        """Encodings of its files, where some of those that are looked at are not in UTF-8.

        Raises:
            DataError: If nothing is there.
        """
        if "encoding" in given:
            return {}
        follow_links = given.get("follow_links", False)
        source = cls(path=str(path), label_column=None, follow_links=follow_links)
        found = [one for one in source._walk(path.parent).found if not one.problem]
        some = (found[index].path for index in spread(len(found), _MOST_LOOKS))
        foreign = b"\n".join(source._foreign(one) for one in some)
        try:
            other = likely_encoding(foreign, str(path))
        except DataError:
            return {}
        return {} if other in UNICODE else {"encoding": ["utf-8", other]}

    def files(self, project: Path, cache: Path) -> list[Path]:
        """All texts that will be read.

        Raises:
            MissingExtraError: If the library that reads some of them is not installed.
        """
        found = self._walk(project).found
        sound = [one.path for one in found if not one.problem]
        if not sound:
            raise DataError(
                f"nothing in this folder can be read; the first entry {found[0].problem}",
                expected=self._expected(),
                place=Place(self.path),
            )
        forms = {self._form(project, path) for path in sound}
        if "html" in forms and self.html == "main" and find_spec("trafilatura") is None:
            needed_for = "the main text of pages of HTML (html: all takes all of it without)"
            raise MissingExtraError("trafilatura", extra="html", needed_for=needed_for)
        if "pdf" in forms and find_spec("pypdf") is None:
            raise MissingExtraError(
                "pypdf", extra="pdf", needed_for="source text with PDF documents"
            )
        return sound

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...]:
        """Texts, and what the options add."""
        names = (self.text_column, self.label_column, self.path_column)
        return tuple(SourceColumn(name, type="string") for name in names if name is not None)

    def extent(self, project: Path, cache: Path) -> SourceExtent:
        """One row a file."""
        found = [one for one in self._walk(project).found if not one.problem]
        return replace(
            size_of([one.path for one in found]),
            rows=len(found),
            exact=True,
            classes=len({one.label for one in found}) if self.label_column else None,
        )

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a file.

        Raises:
            DataError: If the folder is missing, or holds nothing.
        """
        found, others, bare = self._walk(reading.project)
        if bare:
            warning(f"text: {bare_in_words([reading.label(path) for path in bare], 'text')}")
        if others:
            named = others_in_words([reading.label(path) for path in others], "text")
            message(f"text: left out {named}")
        for path in twins(found):
            warning(f"{reading.label(path)}: another name differs only in the form of a letter")
        rows: list[_Row] = []
        num_chars = 0
        for row in self._rows(found, reading):
            rows.append(row)
            num_chars += len(row.text)
            if len(rows) == _ROWS or num_chars > _BLOCK_CHARS:
                yield self._as_table(rows)
                rows, num_chars = [], 0
        if rows:
            yield self._as_table(rows)

    def _rows(self, found: list[Found], reading: Reading) -> Iterator[_Row]:
        """The texts among some files; the others become rejects."""
        forms = [None if f.problem else self._form(reading.project, f.path) for f in found]
        documents = self._documents(found, forms, reading)
        counts: Counter[str] = Counter()
        start = self._start(reading.project)
        for file, form in zip(found, forms, strict=True):
            text = self._text(file, form, documents, reading, counts)
            if text is not None:
                path = reading.label(file.path.relative_to(start))
                yield _Row(reading.label(file.path), text, file.label, path)
        if len(counts) > 1:
            said = ", ".join(f"{count:,} in {name}" for name, count in counts.most_common())
            message(f"text: files of several kinds: {said}")

    def _text(
        self,
        file: Found,
        form: Form | None,
        documents: Iterator[DocumentText],
        reading: Reading,
        counts: Counter[str],
    ) -> str | None:
        """The text of a file, or None after it was rejected."""
        label, content, line = reading.label(file.path), b"", None
        text, problem = "", file.problem
        if form in ("html", "pdf"):
            text, problem, line = next(documents)
            counts["HTML" if form == "html" else "PDF"] += not problem
        elif form == "plain":
            try:
                content = text_content(file.path, follow_links=self._follows(reading.project))
                text, encoding = plain_text(content, label, self._encodings)
                counts[encoding] += 1
            except DataError as error:
                problem, line = reason_of(error), error.place.line if error.place else None
        if not problem:
            return text
        reading.rejects.add(
            source=label,
            line=line,
            column=self.text_column,
            found=shown(content),
            reason=problem,
            step="text",
        )
        return None

    def _documents(
        self, found: list[Found], forms: list[Form | None], reading: Reading
    ) -> Iterator[DocumentText]:
        pairs = zip(found, forms, strict=True)
        paths = [file.path for file, form in pairs if form in ("html", "pdf")]
        options = {
            "html": self.html,
            "encodings": list(self._encodings),
            "follow_links": self._follows(reading.project),
        }
        return document_texts(paths, [reading.label(path) for path in paths], options)

    def _as_table(self, rows: list[_Row]) -> pa.Table:
        sources, texts, labels, paths = zip(*rows, strict=True)
        columns = {
            "_source": pa.array(sources, pa.string()),
            "_line": pa.repeat(pa.scalar(1, pa.int64()), len(rows)),
            self.text_column: pa.array(texts, pa.string()),
        }
        if self.label_column is not None:
            columns[self.label_column] = pa.array(labels, pa.string())
        if self.path_column is not None:
            columns[self.path_column] = pa.array(paths, pa.string())
        return pa.table(columns)

    def _foreign(self, path: Path) -> bytes:
        """The beginning of a plain text that is not in UTF-8; empty for any other file."""
        content = b""
        try:
            if self._form(path.parent, path) == "plain":
                content = text_content(path, follow_links=self._follows(path.parent))
                whole_text(content, path.name, UNICODE[:1])
        except DataError:
            return b"" if b"\0" in content else content[:_LOOKED_BYTES]
        return b""

    @property
    def _encodings(self) -> tuple[str, ...]:
        return (self.encoding,) if isinstance(self.encoding, str) else self.encoding

    def _follows(self, project: Path) -> bool:
        """Whether links are followed; one that is named itself is."""
        return self.follow_links or (project / self.path).is_file()

    def _form(self, project: Path, path: Path) -> Form:
        return form_of(path, follow_links=self._follows(project))

    def _start(self, project: Path) -> Path:
        """Where the paths of `path_column` start."""
        root = project / self.path
        if is_pattern(root):
            return fixed_part(root)
        return root.parent if root.is_file() else root

    def _walk(self, project: Path) -> Walk:
        root, follow = project / self.path, self.follow_links
        is_other = no_text(follow_links=follow)
        kind = kind_of(root, self.path)
        if kind == "a folder":
            walk = walk_files if self.label_column is None else walk_classes
            return self._some(walk(root, is_other, follow_links=follow))
        if self.label_column is None and kind == "a file":
            return Walk([Found(root, "", None)], [])
        if self.label_column is None and is_pattern(root):
            return self._some(walk_paths(matching(root), is_other, follow_links=follow))
        raise DataError(
            f"is {kind}" if kind else "no such folder",
            expected="a folder; relative paths start at the recipe's folder",
            place=Place(self.path),
        )

    def _some(self, walk: Walk) -> Walk:
        if not walk.found:
            names = [path.name for path in walk.others]
            others = f" but {others_in_words(names, 'text')}" if names else ""
            raise DataError(
                f"there is nothing in this folder{others}",
                expected=self._expected(),
                place=Place(self.path),
            )
        return walk

    def _expected(self) -> str:
        return "texts" if self.label_column is None else "a folder for each class, with texts in it"
