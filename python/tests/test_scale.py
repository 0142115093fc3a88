"""Four searches, ours, numpy's, FAISS's and PostgreSQL's, find the same nearest groups, among real ones and 100,000.

What PostgreSQL is asked needs its server, version 14 or later, on this machine; the test says so where there is none.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any, Callable

import faiss
import numpy as np
import postgres
import pytest
import tenfold
from conftest import ROOT

GROUPS = 100_000

#: Groups of an article that is made up.
ARTICLE = 50

#: What a library's file has of a group's matrix: the group's number and the digits.
PACKED = np.dtype([("group", "<i8"), ("digits", "u1", 100)])

NEAREST = 10

QUESTIONS = [
    "how a puzzle is solved",
    "the bits of each digit matrix",
    "a file is decoded and compared with the original",
    "which flags a command has",
    "threads and memory",
]

#: (group, distance), nearest first, of equals the earliest.
Found = list[tuple[int, int]]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of this repository's documents."""
    path = tmp_path_factory.mktemp("scale") / "real"
    with tenfold.Library(path) as library:
        names = ("README.md", "CONTRIBUTING.md", "arc_tasks/README.md", "docs/architecture.md", "docs/glossary.md")
        library.add([ROOT / name for name in names])
    return path


@pytest.fixture(scope="module")
def large(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with made up groups, whose digits are those of real ones with up to 60 cells changed."""
    path = tmp_path_factory.mktemp("scale") / "large"
    shutil.copy(real, path)
    rng = np.random.default_rng(0)
    with sqlite3.connect(path) as base:
        blobs = base.execute("SELECT digits FROM matrices WHERE frame = 1 ORDER BY article").fetchall()
        known = np.frombuffer(b"".join(row[0] for row in blobs), PACKED)
        made = np.empty(GROUPS - len(known), PACKED)
        made["group"] = known["group"].max() + 1 + np.arange(len(made))
        digits = known["digits"][rng.integers(0, len(known), len(made))]
        changed = rng.random(digits.shape) < rng.uniform(0, 0.6, (len(made), 1))
        digits[changed] = rng.integers(0, 10, changed.sum())
        made["digits"] = digits
        (last,) = base.execute("SELECT MAX(id) FROM articles").fetchone()
        for article, start in enumerate(range(0, len(made), ARTICLE), last + 1):
            groups = made[start : start + ARTICLE]
            base.execute("INSERT INTO articles VALUES (?, 'made up', ?, 1, 0, 0)", (article, article.to_bytes(32, "big")))
            rows = [(number, article, "", f"made up {number}") for number in groups["group"].tolist()]
            base.executemany("INSERT INTO groups VALUES (?, ?, ?, ?)", rows)
            base.execute("INSERT INTO matrices VALUES (1, ?, ?)", (article, groups.tobytes()))
    base.close()
    return path


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and the least time of five."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        given = call()
        times.append(time.perf_counter() - begin)
    return given, min(times)


def by_numpy(numbers: Any, matrices: Any, asked: Any) -> list[Found]:
    found = []
    for matrix in asked:
        distances = tenfold.distance(matrices, matrix)
        nearest = np.argsort(distances, kind="stable")[:NEAREST]
        found.append([(int(numbers[index]), int(distances[index])) for index in nearest])
    return found


def by_faiss(index: Any, numbers: Any, bits: Any) -> list[Found]:
    # It leaves open which of equals come first, so that more are asked for than are compared.
    distances, indices = index.search(bits, min(10 * NEAREST, len(numbers)))
    return [
        sorted(zip(numbers[of].tolist(), map(int, far)), key=lambda one: (one[1], one[0]))[:NEAREST]
        for far, of in zip(distances, indices)
    ]


def as_text(bits: Any) -> list[str]:
    """Thermometer codes as PostgreSQL's `bit(900)`."""
    return [row.tobytes().decode() for row in np.unpackbits(bits, axis=1)[:, :900] + ord("0")]


def by_postgres(server: postgres.Server, numbers: Any, bits: Any, asked: Any) -> tuple[list[Found], float]:
    rows = "".join(f"{number}\t{code}\n" for number, code in zip(numbers, as_text(bits)))
    server.run(
        "DROP TABLE IF EXISTS groups; CREATE TABLE groups (id bigint, code bit(900));\n"
        f"COPY groups FROM STDIN;\n{rows}\\.\nVACUUM ANALYZE groups;"
    )
    queries = "".join(
        f"SELECT id, bit_count(code # B'{code}') AS distance FROM groups ORDER BY distance, id LIMIT {NEAREST};\n"
        for code in as_text(asked)
    )
    lines = server.run("\\timing on\n" + 3 * queries)
    found = [tuple(map(int, line.split("|"))) for line in lines if "|" in line]
    times = [float(line.split()[1]) / 1000 for line in lines if line.startswith("Time:")]
    per_query = [found[start : start + NEAREST] for start in range(0, len(asked) * NEAREST, NEAREST)]
    return [[(id, far) for id, far in rows] for rows in per_query], sum(times[-len(asked) :])


@pytest.mark.parametrize("which", ["real", "large"])
def test_all_searches_find_the_same(
    which: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path: Path = request.getfixturevalue(which)
    with tenfold.Library(path, create=False) as library:
        answers, ours = timed(lambda: library.query_all(QUESTIONS, most=NEAREST))
        _, one = timed(lambda: library.query(QUESTIONS[0], most=NEAREST))
        numbers, matrices = library.matrices()
        library.export(tmp_path / "bits.npy", bits=True)
    expected = [[(hit.group, hit.digit_distance) for hit in answer.by_digits] for answer in answers]
    asked = np.stack([answer.matrix for answer in answers])
    bits = np.load(tmp_path / "bits.npy")
    assert len(numbers) == len(bits) and (which == "real" or len(bits) == GROUPS)

    found, numpys = timed(lambda: by_numpy(numbers, matrices, asked))
    assert found == expected
    index = faiss.IndexBinaryFlat(8 * bits.shape[1])
    index.add(bits)
    found, faisses = timed(lambda: by_faiss(index, numbers, tenfold.thermometer(asked)))
    assert found == expected

    per = 1000 / len(QUESTIONS)
    line = f"{len(bits)} groups, ms a question: tenfold {ours * per:.1f} (one alone {1000 * one:.1f}), "
    line += f"numpy {numpys * per:.1f}, FAISS {faisses * per:.2f}, PostgreSQL "
    folder = postgres.binaries()
    if folder is None:
        line += "not tried: there is no server of version 14 or later here (Debian's package postgresql)"
    else:
        with postgres.server(folder) as server:
            found, postgreses = by_postgres(server, numbers, bits, tenfold.thermometer(asked))
        assert found == expected
        line += f"{postgreses * per:.1f}"
    with capsys.disabled():
        print(f"\n{line}")
