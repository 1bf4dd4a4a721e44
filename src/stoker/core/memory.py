"""Tell a lack of memory from other failures, in the words of the libraries that meet it.

Python has `MemoryError`, but most libraries raise what they have: Arrow an `OSError` when a file
cannot be mapped, the loader an `ImportError` when a library cannot, torch, Daft and onnxruntime
errors of their own.  Their texts are all that there is to go by.

Cost: nothing, it is asked after a failure only.
"""

from __future__ import annotations

import errno

_WORDS = (
    *(
        "cannot allocate memory",
        "can't allocate memory",
        "could not allocate",
        "failed to allocate",
    ),
    *("bad_alloc", "bad allocation", "out of memory", "not enough memory", "memory exhausted"),
    *("failed to map segment", "can't start new thread", "malloc of size", "realloc of size"),
    *("unable to allocate", "cannot enable executable stack", "memory allocation of"),
)


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether a failure, or what caused it, was a lack of memory or of address space.

    >>> is_lack_of_memory(ImportError("lib.so: failed to map segment from shared object"))
    True
    >>> is_lack_of_memory(ValueError("the column 'out of memory' is missing"))
    False
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, MemoryError) or getattr(found, "errno", None) == errno.ENOMEM:
            return True
        # A library's error of its own; values and keys are about data, whatever words they hold.
        is_of_library = not isinstance(found, ValueError | LookupError | TypeError)
        if is_of_library and any(words in str(found).lower() for words in _WORDS):
            return True
        found = found.__cause__
    return False
