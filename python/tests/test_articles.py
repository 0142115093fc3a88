"""Documents: what is given is what the command gives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tenfold
from conftest import program

TEXT = "arc_tasks/README.md"


def test_files_are_the_commands(tmp_path: Path, root: Path) -> None:
    for flags, options in ((["--matrix", "none"], {"matrices": "none"}), (["--matrix", "gist"], {"matrices": "gist"})):
        program("compress", TEXT, "-o", tmp_path / "file", "--force", *flags)
        file = tenfold.compress(root / TEXT, **options)  # type: ignore[arg-type]
        assert file == (tmp_path / "file").read_bytes()
        assert tenfold.decompress(file, progress=True) == (root / TEXT).read_bytes()
        told = json.loads(program("inspect", tmp_path / "file", "--json"))
        assert {**tenfold.inspect(file), "file": told["file"]} == told


def test_bytes_of_any_kind_come_back() -> None:
    for content in (b"", bytes(range(256)), "ünïcödé 漢字", "\ud800"):
        back = tenfold.decompress(tenfold.compress(content, matrices="none"))
        assert back == (content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))


def test_groups_and_matrices_are_the_commands(root: Path) -> None:
    theirs = json.loads(program("groups", TEXT, "--json"))["groups"]
    ours = tenfold.groups(root / TEXT)
    assert [vars(group) for group in ours] == theirs
    shown = json.loads(program("matrices", TEXT, "--json"))["groups"]
    matrices = tenfold.matrices(root / TEXT, progress=True)
    assert matrices.tolist() == [group["matrix"] for group in shown]
    assert matrices.dtype == np.uint8 and matrices.shape == (len(ours), 10, 10)


def test_vectors_of_ones_own_are_an_array_or_a_function(root: Path) -> None:
    count = len(tenfold.groups(root / TEXT))
    vectors = np.random.default_rng(0).normal(size=(count, 24))

    def encode(texts: list[str]) -> np.ndarray:
        assert len(texts) == count
        return vectors

    of_array = tenfold.matrices(root / TEXT, embeddings=vectors)
    assert (of_array == tenfold.matrices(root / TEXT, embeddings=encode)).all()
    assert of_array.shape == (count, 10, 10)
    with pytest.raises(tenfold.SettingError) as caught:
        tenfold.matrices(root / TEXT, embeddings=vectors[1:])
    assert caught.value.field == "embeddings"


def test_a_gist_is_read_without_the_text(root: Path) -> None:
    told = tenfold.gist(tenfold.compress(root / TEXT, matrices="gist", steps=20))
    assert told is not None and told.says is not None
    assert len(told.says) == len(told.matrices) == len(tenfold.groups(root / TEXT))
    digits = tenfold.gist(tenfold.compress(root / TEXT, steps=5))
    assert digits is not None and digits.says is None
    assert tenfold.gist(tenfold.compress(b"x", matrices="none")) is None


def test_thermometer_codes_differ_in_as_many_bits_as_digits() -> None:
    digits = np.random.default_rng(1).integers(0, 10, (20, 10, 10))
    bits = np.unpackbits(tenfold.thermometer(digits), axis=1)
    assert bits.shape == (20, 904)
    hamming = (bits[:, None] != bits[None]).sum(axis=2)
    assert (hamming == tenfold.distance(digits[:, None], digits[None])).all()
    assert (tenfold.thermometer(digits[0]) == tenfold.thermometer(digits)[0]).all()
