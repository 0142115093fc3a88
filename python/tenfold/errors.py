"""What goes wrong, as a small tree of exceptions.

Each says in words what is wrong and what to do, and has the file, the field and the value at fault where they are known.
"""

from __future__ import annotations

from typing import Optional


class Error(Exception):
    """Whatever tenfold raises.

    >>> import tenfold
    >>> try:
    ...     tenfold.solve({"train": [], "test": []})
    ... except tenfold.Error as error:
    ...     print(type(error).__name__, error.field)
    DataError puzzle: train
    """

    def __init__(
        self,
        message: str,
        file: Optional[str] = None,
        field: Optional[str] = None,
        value: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.field = field
        self.value = value

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.message, self.file, self.field, self.value))


class DataError(Error, ValueError):
    """A task, a solution, a submission or a table of vectors is not as it should be."""


class FileError(Error, ValueError):
    """A `.tenfold` file is damaged, or is none, or has not what is asked for."""


class SettingError(Error, ValueError):
    """A setting makes no sense: `field` and `value` say which."""


class SolveError(Error, RuntimeError):
    """A puzzle can't be fitted, for want of memory or of time, say."""


class LibraryError(Error, RuntimeError):
    """A library can't be opened, read or written."""


class BrokenOff(Error, RuntimeError):
    """A callback broke work off, of which nothing is left."""
