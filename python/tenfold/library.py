"""Libraries: the matrices of many documents in one file, and the groups nearest to a text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import NDArray

from tenfold import _tenfold
from tenfold._checks import Content, read, whole
from tenfold._progress import Bar
from tenfold.articles import LENGTHS, as_matrices
from tenfold.errors import LibraryError, SettingError

#: Documents that are read at a time; the first of them make the decoder.
READ_TOGETHER = 64

#: Groups that are read at a time.
PAGE = 1000


@dataclass(frozen=True)
class Entry:
    """A group of a library."""

    group: int  #: Its number.
    article: int  #: Its document's number.
    name: str  #: Its document's name.
    cluster: int  #: Its document's cluster.
    title: str
    text: str
    matrix: NDArray[np.uint8] = field(repr=False, compare=False)  #: (10, 10)


@dataclass(frozen=True)
class Hit:
    """A group that is near to a text."""

    group: int  #: Its number.
    digit_distance: int  #: The sum of the differences of digits.
    hamming_distance: int  #: How many cells differ.
    probability: float  #: That the group and the text are edits of one, by the sum, if one group of the library is.
    article: str  #: Its document's name.
    cluster: int  #: Its document's cluster.
    title: str
    text: str


@dataclass(frozen=True)
class Answer:
    """What a library knows about a text."""

    text: str
    matrix: NDArray[np.uint8] = field(repr=False, compare=False)  #: As it would be added, and what distances are from, (10, 10).
    by_digits: list[Hit]  #: Nearest first, by the sum of differences.
    by_hamming: list[Hit]  #: Nearest first, by cells that differ.


@dataclass(frozen=True)
class Added:
    """What became of a document: `added`, `known` (its text was there before) or `blank` (nothing is in it)."""

    name: str
    outcome: str
    article: Optional[int] = None  #: Its number, or that of the document with its text.
    groups: int = 0
    cluster: Optional[int] = None
    opened: bool = False  #: Whether it opened its cluster.


@dataclass(frozen=True)
class Duplicate:
    """A group that says what an earlier one does."""

    group: int
    article: str
    text: str
    of_group: int  #: The group that stays.
    of_article: str
    of_text: str
    same_text: bool  #: But for white space and case.
    overlap: float
    digit_distance: int
    probability: float  #: That both are edits of one text, by that distance.


@dataclass(frozen=True)
class Duplicates:
    """All groups that say what earlier ones do."""

    groups: list[Duplicate]
    articles: list[str]  #: Documents of which nothing else is left.
    removed: bool


class Library:
    """A library's file, open; as a context manager it is closed at the end.

    Args:
        path: The file.
        create: Whether it is made where there is none.

    >>> import tempfile, tenfold
    >>> with tempfile.TemporaryDirectory() as folder, tenfold.Library(folder + "/library") as library:
    ...     added = library.add({"a.md": "# Rabbits\\n\\nThe rabbit ran.", "b.md": "# Queens\\n\\nShe played croquet."})
    ...     nearest = library.query("a rabbit").by_digits[0].article
    ...     names = [entry.name for entry in library]
    >>> [one.outcome for one in added], nearest, names
    (['added', 'added'], 'a.md', ['a.md', 'b.md'])
    """

    def __init__(self, path: Union[str, os.PathLike[str]], *, create: bool = True) -> None:
        self.path = Path(path)
        self._library = _tenfold.Library(os.fspath(path), create)

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Library({os.fspath(self.path)!r})"

    def close(self) -> None:
        """Close the file; what was added is on the disk before."""
        self._library.close()

    def add(
        self,
        documents: Union[Mapping[str, Content], str, os.PathLike[str], Iterable[Union[str, os.PathLike[str]]]],
        *,
        drift: Optional[float] = None,
        min_characters: int = LENGTHS[0],
        max_characters: int = LENGTHS[1],
        progress: bool = False,
    ) -> list[Added]:
        """Add documents, and say what became of each; each is on the disk as soon as it is done.

        Args:
            documents: By name, a text, bytes, or a path; or the path of one, or paths, which then are the names.
            drift: The first 64 documents make the map from text to digits; a new one is fitted when the share of unknown words has risen by so much, 0.25 if not given.
            progress: Whether to show a bar of tqdm's.
        """
        if isinstance(documents, (str, os.PathLike)):
            documents = [documents]
        if not isinstance(documents, Mapping):
            documents = {os.fspath(path): Path(path) for path in documents}
        if drift is not None and not 0 <= drift <= 1:
            raise SettingError(f"drift {drift}: a number from 0 to 1 is needed", None, "drift", str(drift))
        contents = list(documents.items())
        min_max = (whole("min_characters", min_characters) or 0, whole("max_characters", max_characters) or 0)
        outcomes: list[Added] = []
        with Bar(progress, "add", len(contents), "document") as bar:

            def hear(what: str, done: int, total: int, outcome: Optional[str]) -> None:
                if outcome is not None:
                    outcomes.append(_added(json.loads(outcome)))
                bar.to(len(outcomes), note="" if outcome is not None else f"{what} {done}/{total}")

            for first in range(0, len(contents), READ_TOGETHER):
                some = [(name, read(content, name)[0]) for name, content in contents[first : first + READ_TOGETHER]]
                self._library.add(some, min_max, drift, hear)
        return outcomes

    def query(self, text: str, *, most: int = 5) -> Answer:
        """Find the groups nearest to a text."""
        return self.query_all([text], most=most)[0]

    def query_all(self, texts: Iterable[str], *, most: int = 5) -> list[Answer]:
        """Find the groups nearest to each of many texts, which reads the matrices once."""
        answers = json.loads(self._library.query(list(texts), whole("most", most, 1, 1000) or 1))
        return [_answer(answer) for answer in answers]

    def dedupe(self, *, probability: Optional[float] = None, remove: bool = False) -> Duplicates:
        """Find groups that have the text of earlier ones, and remove them where that is wanted.

        Args:
            probability: Also groups that are so probably edits of an earlier one, by their digits, if they share three of five runs of three words.
            remove: Whether to remove them; documents of which nothing is left go, too.
        """
        if probability is not None and not 0 < probability < 1:
            raise SettingError(f"probability {probability}: a number between 0 and 1 is needed", None, "probability", str(probability))
        found = json.loads(self._library.dedupe(probability, bool(remove)))
        return Duplicates([Duplicate(**one) for one in found["groups"]], found["articles"], found["removed"])

    def contents(self) -> dict[str, Any]:
        """Check the file, and tell its frames, clusters and articles."""
        told: dict[str, Any] = json.loads(self._library.contents())
        return told

    def __iter__(self) -> Iterator[Entry]:
        """Go through all groups, in the order they came in."""
        last = 0
        while page := self._library.groups_after(last, PAGE):
            for group, article, name, cluster, title, text, digits in page:
                yield Entry(group, article, name, cluster, title, text, as_matrices(digits)[0])
            last = page[-1][0]

    def matrices(self) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Give all groups' numbers and their matrices, (groups, 10, 10), in one order."""
        numbers: list[int] = []
        digits: list[bytes] = []
        last = 0
        while page := self._library.groups_after(last, PAGE):
            numbers += [row[0] for row in page]
            digits += [row[-1] for row in page]
            last = page[-1][0]
        return np.array(numbers, np.int64), as_matrices(b"".join(digits))

    def export(self, path: Union[str, os.PathLike[str]], *, bits: bool = False, replace: bool = False) -> int:
        """Write all groups to a file for other programs, and give their number.

        Args:
            path: `NAME.parquet`, which gets all columns, or `NAME.npy`, which gets the digits, (groups, 10, 10).
            bits: Write what `thermometer` gives, (groups, 113), to `NAME.npy`.
            replace: Whether a file that is already there is replaced.
        """
        ending = Path(path).suffix
        what = {(".parquet", False): "parquet", (".npy", False): "digits", (".npy", True): "bits"}.get((ending, bits))
        if what is None:
            raise LibraryError(f"{path}: name a file NAME.parquet or NAME.npy; bits go to NAME.npy", os.fspath(path))
        return self._library.export(os.fspath(path), what, bool(replace))


def _added(outcome: dict[str, Any]) -> Added:
    ((kind, told),) = outcome.items()
    known = {name: told[name] for name in ("article", "groups", "cluster", "opened") if name in told}
    return Added(told["name"], kind, **known)


def _answer(answer: dict[str, Any]) -> Answer:
    return Answer(
        answer["text"],
        np.array(answer["matrix"], np.uint8),
        [Hit(**hit) for hit in answer["by_digits"]],
        [Hit(**hit) for hit in answer["by_hamming"]],
    )
