"""Puzzles: what is given is what the command gives, whatever a task is given as."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tenfold
from conftest import program

TASK = "arc_tasks/colour_swap.json"


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "seconds"}


@pytest.mark.parametrize("flags", [{}, {"seeds": 2, "seed": 3, "stable_steps": 5}, {"preset": "faithful"}])
def test_solve_gives_what_the_command_gives(tmp_path: Path, root: Path, flags: dict[str, Any]) -> None:
    arguments = [part for key, value in flags.items() for part in ("--" + key.replace("_", "-"), value)]
    program("solve", TASK, "--steps", 12, "--quiet", "--output", tmp_path / "run", *arguments)
    theirs = json.loads((tmp_path / "run/records.jsonl").read_text())
    ours = tenfold.solve(root / TASK, steps=12, threads=1, **flags)
    assert timeless(ours.record) == timeless(theirs)
    submission = json.loads((tmp_path / "run/submission.json").read_text())
    assert tenfold.submission([ours]) == submission


def test_a_task_is_a_path_a_dict_arrays_or_an_object(root: Path, swap: dict[str, Any]) -> None:
    of_path = tenfold.solve(root / TASK, steps=2)
    arrays = {
        side: [{name: np.array(grid) for name, grid in pair.items()} for pair in swap[side]] for side in ("train", "test")
    }
    pairs = {
        side: [(np.array(pair["input"]), np.array(pair["output"]) if "output" in pair else None) for pair in swap[side]]
        for side in ("train", "test")
    }
    arckit = SimpleNamespace(id="swap", **pairs)
    for task in (str(root / TASK), swap, arrays, arckit, {"x": swap}):
        assert tenfold.solve(task, steps=2).record["fingerprint"] == of_path.record["fingerprint"]
    assert tenfold.solve(arckit, steps=2).id == "swap"
    assert (of_path.id, tenfold.solve({"x": swap}, steps=2).id) == ("colour_swap", "x")


def test_a_solution_has_lists_and_arrays_and_curves(root: Path) -> None:
    solution = tenfold.solve(root / TASK, steps=5, stable_steps=0)
    for (first, _), (array, _) in zip(solution.attempts, solution.arrays):
        assert array.tolist() == first
    points, tensors = solution.curve.by_tensor_bits.shape
    assert points == len(solution.curve.step) == 5 and tensors == len(solution.tensors)
    assert solution.bits == pytest.approx(solution.curve.kl_bits[-1] + solution.curve.reconstruction_bits[-1], abs=0.01)
    assert 0 <= solution.confidence <= 1 and len(solution.candidates[0][0].grid) > 0
    html = solution._repr_html_()
    assert html.count("<svg") == 2 * len(solution.task["train"]) + 3 * len(solution.task["test"])


def test_a_callback_hears_of_every_step_and_stops(root: Path) -> None:
    heard: list[tenfold.Progress] = []

    def callback(progress: tenfold.Progress) -> bool:
        heard.append(progress)
        return progress.step < 4

    solution = tenfold.solve(root / TASK, stable_steps=0, views=False, callback=callback)
    assert [progress.step for progress in heard] == [1, 2, 3, 4]
    assert (solution.steps, solution.cut, heard[-1].id) == (4, True, "colour_swap")

    class Own(Exception):
        pass

    def fails(progress: tenfold.Progress) -> None:
        raise Own

    with pytest.raises(Own):
        tenfold.solve(root / TASK, callback=fails)


def test_many_are_yielded_as_they_end_and_are_the_same_as_alone(root: Path) -> None:
    names = ["colour_swap", "flood_fill", "gravity_down"]
    paths = [root / f"arc_tasks/{name}.json" for name in names]
    many = {solution.id: solution for solution in tenfold.solve_many(paths, steps=3, progress=True)}
    assert sorted(many) == names
    alone = tenfold.solve(paths[1], steps=3)
    assert timeless(many["flood_fill"].record) == timeless(alone.record)


def test_who_stops_iterating_stops_the_fits(root: Path) -> None:
    solving = tenfold.solve_many(root / "arc_tasks", steps=2, stable_steps=0, workers=1)
    assert next(solving).steps == 2
    solving.close()  # type: ignore[attr-defined]
    stopped = tenfold.solve_many(root / "arc_tasks", stable_steps=0, callback=lambda progress: False, workers=1)
    with pytest.warns(UserWarning, match="not begun"):
        assert all(solution.cut for solution in stopped)


def test_time_is_kept_and_the_submission_is_whole(root: Path, tmp_path: Path, swap: dict[str, Any]) -> None:
    import time

    begin = time.monotonic()
    solved = list(tenfold.solve_many(root / "arc_tasks", time_limit=4))
    assert time.monotonic() - begin < 12
    path = tmp_path / "submission.json"
    made = tenfold.submission(solved, root / "arc_tasks", path=path)
    assert len(made) == len(list((root / "arc_tasks").glob("*.json")))
    assert json.loads(path.read_text()) == made
    placeholder = tenfold.submission([], {"a": swap})["a"][0]
    assert placeholder["attempt_1"] == swap["test"][0]["input"]


def test_a_task_that_cannot_be_read_leaves_the_others(tmp_path: Path, root: Path) -> None:
    (tmp_path / "bad.json").write_text('{"train": [], "test": []}')
    (tmp_path / "good.json").write_text((root / TASK).read_text())
    with pytest.warns(UserWarning, match="skipped: .*bad"):
        solved = list(tenfold.solve_many(tmp_path, steps=1))
    assert [solution.id for solution in solved] == ["good"]
    made = tenfold.submission(solved, tmp_path)
    assert made["bad"] == [{"attempt_1": [[0]], "attempt_2": [[0]]}]


def test_score_is_the_commands(tmp_path: Path, root: Path) -> None:
    solution = tenfold.solve(root / TASK, steps=2)
    path = tmp_path / "submission.json"
    made = tenfold.submission([solution], path=path)
    theirs = json.loads(program("score", path, "--solutions", root / "arc_tasks", "--json"))
    assert tenfold.score(made, root / "arc_tasks") == tenfold.score([solution], root / "arc_tasks") == theirs
    assert tenfold.score(path, root / "arc_tasks") == theirs


def test_puzzle_files_are_the_commands(tmp_path: Path, root: Path) -> None:
    for path in sorted((root / "arc_tasks").glob("*.json"))[:4]:
        file = tenfold.compress_puzzle(path)
        program("compress", path, "-o", tmp_path / path.name)
        assert file == (tmp_path / path.name).read_bytes()
        assert tenfold.decompress(file) == path.read_bytes()
        assert tenfold.decompress_puzzle(file) == json.loads(path.read_bytes())
        assert tenfold.decompress_puzzle(tenfold.compress_puzzle(json.loads(path.read_bytes()))) is not None
        assert 8 * len(file) == sum(entry["bits"] for entry in tenfold.inspect(file)["entries"])
