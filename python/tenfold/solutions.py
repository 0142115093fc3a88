"""What a puzzle's fit came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from tenfold import _drawing

Grid = list[list[int]]

#: The axes of the latent's tensors; a record has a digit for each.
AXES = ("example", "colour", "direction", "row", "column")


class Candidate(NamedTuple):
    """An answer that the fit held possible."""

    grid: Grid  #: The answer.
    share: float  #: Its share of all votes.
    first_seen: int  #: The step, from 0, that proposed it first.
    led: list[list[int]]  #: The first and the last step of each time that it led.


class Curve(NamedTuple):
    """The course of the costs in bits, the mean over seeds, at up to 128 steps."""

    step: NDArray[np.int64]  #: (points,)
    kl_bits: NDArray[np.float64]  #: The latents, (points,)
    reconstruction_bits: NDArray[np.float64]  #: The grids besides, (points,)
    by_tensor_bits: NDArray[np.float64]  #: Of each tensor's latents, (points, tensors)


@dataclass(frozen=True)
class Solution:
    """What a puzzle's fit came to."""

    #: All that is known of it: a line of `records.jsonl`, as docs/guide.md tells.
    record: dict[str, Any] = field(repr=False)
    #: The task, in ARC's JSON.
    task: dict[str, Any] = field(repr=False)

    def __repr__(self) -> str:
        return f"Solution({self.summary!r})"

    @property
    def id(self) -> str:
        """The puzzle's id."""
        return str(self.record["id"])

    @property
    def attempts(self) -> list[tuple[Grid, Grid]]:
        """Two attempts for each test input."""
        return [(both["attempt_1"], both["attempt_2"]) for both in self.record["attempts"]]

    @cached_property
    def arrays(self) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        """The same as arrays, (rows, columns) each."""
        return [(np.array(first, np.uint8), np.array(second, np.uint8)) for first, second in self.attempts]

    @property
    def confidence(self) -> float:
        """The first attempts' share of all votes, the smallest over test inputs."""
        return float(self.record["confidence"])

    @property
    def candidates(self) -> list[list[Candidate]]:
        """For each test input the fit's leading candidates, at most ten; none where there was no fit."""
        return [
            [Candidate(one["grid"], one["share"], one["first_seen"], one["led"]) for one in of_test]
            for of_test in self.record["candidates"]
        ]

    @property
    def bits(self) -> float:
        """What latents and grids cost at the last step, the mean over seeds; weights are not counted. `nan` without a fit."""
        costs = [seed["kl"]["bits"] + seed["reconstruction"]["bits"] for seed in self.record["seeds"]]
        return sum(costs) / len(costs) if costs else float("nan")

    @cached_property
    def curve(self) -> Curve:
        """The course of the costs."""
        points = self.record["curve"]
        return Curve(
            np.array([point["step"] for point in points], np.int64),
            np.array([point["kl_bits"] for point in points], np.float64),
            np.array([point["reconstruction_bits"] for point in points], np.float64),
            np.array([point["by_tensor_bits"] for point in points], np.float64),
        )

    @property
    def tensors(self) -> list[str]:
        """The tensors in `curve.by_tensor_bits`, by their axes."""
        names = self.record["seeds"][0]["kl_by_tensor"] if self.record["seeds"] else []
        return [" × ".join(axis for axis, there in zip(AXES, name) if there == "1") for name in names]

    @property
    def solved(self) -> Optional[bool]:
        """Whether all test inputs are answered rightly; `None` where solutions aren't known."""
        solved = self.record["solved"]
        return None if solved is None else bool(solved)

    @property
    def steps(self) -> int:
        """Steps done."""
        return int(self.record["steps"])

    @property
    def cut(self) -> bool:
        """Whether it was stopped before its end, by time or by a callback."""
        return bool(self.record["cut"])

    @property
    def summary(self) -> str:
        """What it came to, in a line."""
        outcome = {True: "solved", False: "not solved", None: "answered"}[self.solved]
        if self.record["sure"]:
            return f"{self.id}: {outcome} without a fit, by readings that are sure"
        return f"{self.id}: {outcome} after {self.steps} steps, {self.bits:.1f} bits, confidence {self.confidence:.0%}"

    def _repr_html_(self) -> str:
        return _drawing.html(self.task, self.attempts, self.record["right_attempts"], self.summary)
