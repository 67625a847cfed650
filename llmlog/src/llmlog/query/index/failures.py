"""What goes wrong in the index's library, as one error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class IndexFailed(Exception):
    """The index cannot be used: files of it are damaged or gone, or the disk fails. It is made again."""


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Raises IndexFailed for what the library raises, also where it panics: Python does not count that as an
    Exception, so that it would end a thread or a server that fences off everything else."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise IndexFailed(f"{type(error).__name__}: {error}") from error
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise IndexFailed(f"panic: {error}") from error
