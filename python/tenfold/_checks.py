"""What is checked, and made ready, before the extension is called."""

from __future__ import annotations

import operator
import os
from pathlib import Path
from typing import Any, Optional, Union

from tenfold.errors import DataError, SettingError

#: A text, bytes, or the path of a file of either; a `str` is always a text.
Content = Union[str, bytes, "os.PathLike[str]"]


def whole(field: str, value: Any, least: int = 0, most: int = 2**63 - 1) -> Optional[int]:
    """Give a whole number that fits, or nothing where nothing was given."""
    if value is None:
        return None
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or not least <= number <= most:
        top = f"to {most}" if most < 2**63 - 1 else "on"
        raise SettingError(
            f"{field} {value!r}: a whole number from {least} {top} is needed", None, field, repr(value)
        )
    return number


def read(content: Content, name: Optional[str]) -> tuple[bytes, Optional[str]]:
    """Give a content's bytes, and what it is called."""
    if isinstance(content, str):
        # Half of a surrogate pair is no text; other programs write it so, too.
        return content.encode("utf-8", "surrogatepass"), name
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content), name
    path = Path(content)
    try:
        return path.read_bytes(), name or str(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", str(path)) from error
