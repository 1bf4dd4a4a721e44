"""What is closed at the end of a `with` block: finished if all went well, given up if not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """A context manager that tells a good end from a bad one."""

    def __enter__(self) -> Self:
        """The thing itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish; after an error give up."""
        if kind is None:
            self.close()
        else:
            self.give_up()

    @abstractmethod
    def close(self) -> None:
        """Finish what was begun."""

    @abstractmethod
    def give_up(self) -> None:
        """Let go of what is open, after an error that is on its way to the caller."""
