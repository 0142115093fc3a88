"""Documents: any bytes as short files, and texts as groups with 10×10 matrices of digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tenfold import _tenfold
from tenfold._checks import Content, read, whole
from tenfold._progress import Bar
from tenfold.errors import SettingError

#: Vectors of one's own, (groups, dimensions), or what makes them of the groups' texts.
Embeddings = Union[ArrayLike, Callable[[list[str]], ArrayLike]]

#: The least and the most characters of a group.
LENGTHS = (100, 200)


@dataclass(frozen=True)
class Group:
    """A passage of a document, of 100 to 200 characters as a rule."""

    title: str  #: One line, empty where there are no words.
    text: str  #: What people see of it, without markup.
    keywords: list[str]  #: Names, terms and telling words, best first.
    start: int  #: Its first byte in the document.
    end: int  #: The byte after its last one.
    title_source: str  #: `heading`, `extracted` or `none`.


@dataclass(frozen=True)
class Saying:
    """What a group's digits say without its text."""

    title: list[str]  #: Words that its title may have, best first.
    keywords: list[str]  #: Words that tell it from other groups, best first.
    text: str  #: A text of words that it may have.


@dataclass(frozen=True)
class Gist:
    """What a file tells of its text without decoding it."""

    matrices: NDArray[np.uint8]  #: (groups, 10, 10)
    says: Optional[list[Saying]]  #: Where the file has words: made with `matrices="gist"`.


def compress(
    content: Content,
    *,
    name: Optional[str] = None,
    effort: int = 2,
    matrices: str = "digits",
    matrix_bits: Optional[float] = None,
    steps: Optional[int] = None,
    threads: Optional[int] = None,
    progress: bool = False,
) -> bytes:
    """Make a short file of a document; it is decoded again and compared.

    Args:
        content: A text, bytes of any kind, or a `pathlib.Path`.
        name: What it is called; the ending says what kind of text it is.
        effort: How hard to look for settings that suit it, 1 to 3.
        matrices: What the file has beside the text: `"none"`, `"digits"`, or `"gist"` for words, too.
        matrix_bits: The budget of a group's digits; 3, or 32 with a gist, if not given.
        steps: Of the fit of matrices, 200 if not given.
        threads: All by default; results don't depend on it.
        progress: Whether to show a bar of tqdm's.

    >>> import tenfold
    >>> text = "A text is compressed as it is, in whatever language. " * 20
    >>> file = tenfold.compress(text, matrices="none")
    >>> len(file) < len(text) / 8, tenfold.decompress(file).decode() == text
    (True, True)
    """
    given, name = read(content, name)
    settings = {
        "name": name,
        "effort": whole("effort", effort, 1, 3),
        "matrices": matrices,
        "matrix_bits": None if matrix_bits is None else float(matrix_bits),
        "steps": whole("steps", steps, 1),
        "threads": whole("threads", threads, 1, 65535),
    }
    with Bar(progress, "compress", None, "") as bar:
        return _tenfold.compress(given, settings, _hear(bar) if progress else None)


def decompress(file: bytes, *, threads: Optional[int] = None, progress: bool = False) -> bytes:
    """Give back what a file was made of, a document or a task's JSON, byte for byte.

    >>> import tenfold
    >>> tenfold.decompress(tenfold.compress(b"\\x00\\xff", matrices="none"))
    b'\\x00\\xff'
    """
    with Bar(progress, "decompress", None, "") as bar:
        return _tenfold.decompress(file, whole("threads", threads, 1, 65535), _hear(bar) if progress else None)


def inspect(file: bytes) -> dict[str, Any]:
    """Tell what is in a file of either `kind`, and by `entries` where its bits went. It is decoded for that.

    >>> import tenfold
    >>> file = tenfold.compress("To be or not to be.", matrices="none")
    >>> told = tenfold.inspect(file)
    >>> sum(entry["bits"] for entry in told["entries"]) == 8 * len(file)
    True
    """
    told: dict[str, Any] = json.loads(_tenfold.inspect(file))
    if "ledger" in told:
        told = {"kind": "puzzle", **told, **told["ledger"]}
        del told["ledger"]
    return told


def groups(
    text: Content, *, name: Optional[str] = None, min_characters: int = 100, max_characters: int = 200
) -> list[Group]:
    """Cut a text into groups, each with a title and keywords.

    Args:
        text: A text, its bytes, or a `pathlib.Path`: plain, Markdown, HTML, a manual page or source.
        name: What it is called; the ending says what kind it is, and where it doesn't, the content decides.

    >>> import tenfold
    >>> tenfold.groups("# Rabbits\\n\\nThe rabbit ran.", name="a.md")[0].title
    'Rabbits'
    """
    content, name = read(text, name)
    return _groups(_tenfold.groups(content, name, _lengths(min_characters, max_characters)))


def matrices(
    text: Content,
    *,
    name: Optional[str] = None,
    embeddings: Optional[Embeddings] = None,
    steps: Optional[int] = None,
    seed: Optional[int] = None,
    bits: Optional[float] = None,
    min_characters: int = 100,
    max_characters: int = 200,
    progress: bool = False,
) -> NDArray[np.uint8]:
    """Give the matrix of each of a text's groups: (groups, 10, 10), digits 0 to 9.

    They are in the order of `groups`. Groups that say similar things have similar digits, within one call; a `Library`
    keeps matrices of many texts that can be compared.

    Args:
        text: As for `groups`, or the bytes of a `.tenfold` file that has matrices.
        embeddings: Vectors to take digits from instead, (groups, dimensions), or a function from the groups' texts to
            these, such as the `encode` of a sentence-transformers model.
        steps: Of the fit, 200 if not given.
        seed: Of start, noise and dither, 0 if not given.
        bits: A budget for a group's digits; digits are uniform without one.
        progress: Whether to show a bar of tqdm's.

    >>> import tenfold
    >>> text = "The rabbit ran down the hole. " * 5 + "The queen played croquet with the king. " * 4
    >>> tenfold.matrices(text, steps=5).shape == (len(tenfold.groups(text)), 10, 10)
    True
    """
    content, name = read(text, name)
    min_max = _lengths(min_characters, max_characters)
    vectors = None
    if embeddings is not None:
        vectors = _vectors(embeddings, [group.text for group in _groups(_tenfold.groups(content, name, min_max))])
    arguments = {
        "name": name,
        "min_max": min_max,
        "steps": whole("steps", steps, 1),
        "seed": whole("seed", seed),
        "bits": None if bits is None else float(bits),
        "vectors": vectors,
    }
    with Bar(progress, "fitting", None, "step") as bar:
        digits, _ = _tenfold.matrices(content, arguments, _hear(bar) if progress else None)
    return as_matrices(digits)


def gist(file: bytes) -> Optional[Gist]:
    """Read what a file tells of its text without decoding it; `None` where it has no matrices.

    >>> import tenfold
    >>> text = "The rabbit ran down the hole. " * 5 + "The queen played croquet with the king. " * 4
    >>> told = tenfold.gist(tenfold.compress(text, matrices="gist", steps=5))
    >>> told.matrices.shape[1:], len(told.says) == len(told.matrices)
    ((10, 10), True)
    """
    read = _tenfold.gist(file)
    if read is None:
        return None
    digits, says = read
    return Gist(as_matrices(digits), None if says is None else [Saying(**one) for one in json.loads(says)])


def distance(first: ArrayLike, second: ArrayLike) -> Any:
    """Give the sum of the differences of digits, of two matrices or of arrays of them, which broadcast.

    >>> import numpy, tenfold
    >>> zeros = numpy.zeros((3, 10, 10), numpy.uint8)
    >>> int(tenfold.distance(zeros[0], zeros[1] + 2)), tenfold.distance(zeros, zeros[0]).shape
    (200, (3,))
    """
    one, other = _digits(first).astype(np.int16), _digits(second).astype(np.int16)
    return np.abs(one - other).sum(axis=(-2, -1), dtype=np.int64)


def thermometer(matrices: ArrayLike) -> NDArray[np.uint8]:
    """Give each matrix as 900 bits in 113 bytes, whose Hamming distance is the distance of digits.

    Nine bits a cell, row by row, of which the first are 1, as many as the digit says; the last four bits are 0. FAISS's
    binary indexes take the array as it is, for `d = 904`.

    >>> import numpy, tenfold
    >>> tenfold.thermometer(numpy.full((2, 10, 10), 9))[:, -1]
    array([240, 240], dtype=uint8)
    """
    digits = _digits(matrices)
    cells = digits.reshape(*digits.shape[:-2], 100, 1)
    bits = cells > np.arange(9, dtype=np.uint8)
    return np.packbits(bits.reshape(*digits.shape[:-2], 900), axis=-1)


def as_matrices(digits: bytes) -> NDArray[np.uint8]:
    """Digits of the extension, as an array."""
    return np.frombuffer(digits, np.uint8).reshape(-1, 10, 10).copy()


def _groups(text: str) -> list[Group]:
    return [Group(**group) for group in json.loads(text)]


def _lengths(least: int, most: int) -> tuple[int, int]:
    return whole("min_characters", least) or 0, whole("max_characters", most) or 0


def _digits(matrices: ArrayLike) -> NDArray[np.uint8]:
    digits = np.asarray(matrices)
    fits = digits.shape[-2:] == (10, 10) and digits.dtype.kind in "iu"
    if not fits or (digits.size and not 0 <= digits.min() <= digits.max() <= 9):
        raise SettingError(
            f"an array {digits.shape} of {digits.dtype}: digits 0 to 9 in (…, 10, 10) are needed",
            None,
            "matrices",
            str(digits.shape),
        )
    return digits.astype(np.uint8, copy=False)


def _vectors(embeddings: Embeddings, texts: list[str]) -> tuple[list[float], int]:
    made = embeddings(texts) if callable(embeddings) else embeddings
    vectors = np.asarray(made, np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise SettingError(
            f"embeddings {vectors.shape}: finite numbers, ({len(texts)} groups, dimensions), are needed",
            None,
            "embeddings",
            str(vectors.shape),
        )
    return vectors.ravel().tolist(), vectors.shape[1]


def _hear(bar: Bar) -> _tenfold.Hear:
    def hear(what: str, done: int, total: int) -> None:
        bar.to(done, total or None, what)

    return hear
