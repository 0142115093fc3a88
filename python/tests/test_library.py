"""Libraries: kept, asked, and given to other programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
import tenfold
from conftest import program


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from conftest import ROOT

    path = tmp_path_factory.mktemp("library") / "library"
    with tenfold.Library(path) as made:
        documents = [ROOT / name for name in ("README.md", "arc_tasks/README.md", "docs/glossary.md")]
        added = made.add(documents, progress=True)
    assert [one.outcome for one in added] == ["added"] * 3 and added[0].name.endswith("README.md")
    return path


def test_it_is_the_commands(library: Path) -> None:
    with tenfold.Library(library, create=False) as opened:
        theirs = json.loads(program("library", "query", library, "how a puzzle is solved", "--json"))[0]
        answer = opened.query("how a puzzle is solved")
        assert [vars(hit) for hit in answer.by_digits] == theirs["by_digits"]
        assert answer.matrix.tolist() == theirs["matrix"]
        assert opened.contents() == json.loads(program("library", "list", library, "--json"))
        assert all(one.probability >= 0.99 or one.same_text for one in opened.dedupe(probability=0.99).groups) and not opened.dedupe().removed


def test_groups_are_gone_through_in_order(library: Path) -> None:
    with tenfold.Library(library, create=False) as opened:
        entries = list(opened)
        numbers, matrices = opened.matrices()
    assert [entry.group for entry in entries] == numbers.tolist() == sorted(numbers.tolist())
    assert (np.stack([entry.matrix for entry in entries]) == matrices).all()
    assert len(matrices) == sum(article["groups"] for article in opened_contents(library)["articles"])


def opened_contents(path: Path) -> dict[str, list[dict[str, int]]]:
    contents: dict[str, list[dict[str, int]]] = json.loads(program("library", "list", path, "--json"))
    return contents


def test_what_is_there_is_known_and_what_is_empty_is_blank(tmp_path: Path) -> None:
    with tenfold.Library(tmp_path / "library") as library:
        first = library.add({"a": "The rabbit ran.", "b": "The rabbit ran.", "c": "  "})
        assert [one.outcome for one in first] == ["added", "known", "blank"]
    with pytest.raises(tenfold.LibraryError, match="closed"):
        library.query("a rabbit")


def test_exports_hold_every_group(library: Path, tmp_path: Path) -> None:
    with tenfold.Library(library, create=False) as opened:
        numbers, matrices = opened.matrices()
        entries = list(opened)
        for name, bits in (("all.parquet", False), ("digits.npy", False), ("bits.npy", True)):
            assert opened.export(tmp_path / name, bits=bits) == len(numbers)
        with pytest.raises(tenfold.Error, match="already there"):
            opened.export(tmp_path / "digits.npy")
        with pytest.raises(tenfold.LibraryError, match="NAME.parquet"):
            opened.export(tmp_path / "digits.csv")
    assert (np.load(tmp_path / "digits.npy") == matrices).all()
    assert (np.load(tmp_path / "bits.npy") == tenfold.thermometer(matrices)).all()
    table = pyarrow.parquet.read_table(tmp_path / "all.parquet").to_pydict()
    assert list(table) == ["group", "article", "cluster", "name", "title", "text", "digits", "bits"]
    assert table["group"] == numbers.tolist() and table["text"] == [entry.text for entry in entries]
    assert b"".join(table["digits"]) == matrices.tobytes()
    assert b"".join(table["bits"]) == tenfold.thermometer(matrices).tobytes()
    for name, flags in (("all.parquet", []), ("digits.npy", []), ("bits.npy", ["--bits"])):
        program("library", "export", library, tmp_path / ("own-" + name), *flags)
        assert (tmp_path / ("own-" + name)).read_bytes() == (tmp_path / name).read_bytes()
