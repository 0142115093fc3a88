"""Pictures by matplotlib, in ARC's colours: `pip install matplotlib`.

Every function gives a figure, which notebooks show and `savefig` keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Optional, Union

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tenfold.palette import COLOURS, LINES
from tenfold.solutions import Solution

#: Matrices side by side.
COLUMNS = 6


def puzzle(task: Union[Mapping[str, Any], Solution], attempts: Optional[Sequence[Sequence[ArrayLike]]] = None) -> Picture:
    """Draw a puzzle's pairs, a column each, and its tests with their attempts below.

    Args:
        task: In ARC's JSON; or a solution, whose attempts are drawn.
        attempts: For each test input its attempts.

    >>> from tenfold import plot
    >>> task = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]]}]}
    >>> len(plot.puzzle(task).axes)
    4
    """
    right = None
    if isinstance(task, Solution):
        attempts = attempts or task.attempts
        right = task.record["right_attempts"]
        task = task.task
    columns: list[list[tuple[str, Optional[ArrayLike]]]] = [
        [(f"pair {number}", pair["input"]), ("gives", pair["output"])] for number, pair in enumerate(task["train"], 1)
    ]
    for number, pair in enumerate(task["test"]):
        column: list[tuple[str, Optional[ArrayLike]]] = [(f"test {number + 1}", pair["input"])]
        for attempt, grid in enumerate(attempts[number] if attempts else [None], 1):
            mark = " (right)" if right is not None and right[number] == attempt else ""
            column.append(("gives?" if grid is None else f"attempt {attempt}{mark}", grid))
        columns.append(column)
    rows = max(len(column) for column in columns)
    figure = _figure(1.7 * len(columns), 1.9 * rows)
    for across, column in enumerate(columns):
        for down, (caption, grid) in enumerate(column):
            axes = figure.add_subplot(rows, len(columns), down * len(columns) + across + 1)
            _grid(axes, grid, caption)
    return figure


def curves(*solutions: Solution) -> Picture:
    """Draw the course of each fit's costs: latents, and grids besides.

    >>> import tenfold
    >>> from tenfold import plot
    >>> task = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]]}]}
    >>> len(plot.curves(tenfold.solve(task, steps=3)).axes)
    1
    """
    figure = _figure(7, 3.6)
    axes = figure.add_subplot()
    for number, solution in enumerate(solutions):
        curve, colour = solution.curve, f"C{number}"
        axes.plot(curve.step, curve.kl_bits, color=colour, label=f"{solution.id}: latents")
        axes.plot(
            curve.step, curve.reconstruction_bits, color=colour, linestyle="--", label=f"{solution.id}: grids besides"
        )
    axes.set_xlabel("step")
    axes.set_ylabel("bits")
    axes.set_yscale("log")
    axes.legend(frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def matrices(digits: ArrayLike, titles: Optional[Sequence[str]] = None) -> Picture:
    """Draw matrices, six side by side.

    Args:
        digits: (groups, 10, 10), or one matrix.
        titles: What to write above each; its number, if not given.

    >>> import numpy
    >>> from tenfold import plot
    >>> len(plot.matrices(numpy.zeros((3, 10, 10), int)).axes)
    3
    """
    all_digits = np.asarray(digits).reshape(-1, 10, 10)
    columns = min(COLUMNS, max(len(all_digits), 1))
    rows = max(-(-len(all_digits) // columns), 1)
    figure = _figure(1.7 * columns, 1.9 * rows)
    for index, matrix in enumerate(all_digits):
        caption = titles[index] if titles is not None else str(index + 1)
        _grid(figure.add_subplot(rows, columns, index + 1), matrix, caption)
    return figure


class Picture(Figure):
    """A figure that notebooks show, whether or not pyplot was made ready for that."""

    def _repr_png_(self) -> bytes:
        output = BytesIO()
        self.savefig(output, format="png", dpi=80)
        return output.getvalue()


def _figure(width: float, height: float) -> Picture:
    return Picture(figsize=(width, height), layout="constrained")


def _grid(axes: Any, grid: Optional[ArrayLike], caption: str) -> None:
    axes.set_title(caption if len(caption) <= 22 else caption[:21] + "…", fontsize=8)
    axes.set_xticks([])
    axes.set_yticks([])
    if grid is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "?", ha="center", va="center", fontsize=24)
        return
    cells = np.asarray(grid)
    rows, columns = cells.shape
    # Squares, and lines between them that are not thicker than large grids can bear.
    axes.imshow(cells, cmap=ListedColormap(COLOURS), vmin=0, vmax=9, interpolation="nearest")
    width = min(0.6, 8 / max(rows, columns))
    for row in range(1, rows):
        axes.axhline(row - 0.5, color=LINES, linewidth=width)
    for column in range(1, columns):
        axes.axvline(column - 0.5, color=LINES, linewidth=width)
    for spine in axes.spines.values():
        spine.set(color=LINES, linewidth=width)
