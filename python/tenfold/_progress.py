"""Bars of tqdm."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Optional


class Bar:
    """A bar where one is wanted, and nothing where not."""

    def __init__(self, wanted: bool, what: str, total: Optional[int], unit: str) -> None:
        self.bar: Any = None
        if wanted:
            try:
                from tqdm.auto import tqdm
            except ImportError as error:
                raise ImportError("progress=True needs tqdm: pip install tqdm") from error
            self.bar = tqdm(desc=what, total=total, unit=unit)

    def to(self, done: int, total: Optional[int] = None, what: str = "", note: str = "") -> None:
        """Show that so much is done, of so much."""
        if self.bar is None:
            return
        if total is not None:
            self.bar.total = total
        if what:
            self.bar.set_description(what, refresh=False)
        if note:
            self.bar.set_postfix_str(note, refresh=False)
        self.bar.update(done - self.bar.n)

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if self.bar is not None:
            self.bar.close()
