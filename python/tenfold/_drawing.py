"""Grids as SVG, for notebooks."""

from __future__ import annotations

from html import escape
from typing import Any, Optional

from tenfold.palette import COLOURS, LINES

#: The side of a cell, in pixels; that of a large grid is less.
CELL = 12
#: The longest side of a grid, in pixels.
LONGEST = 180


def svg(grid: list[list[int]]) -> str:
    """Draw a grid."""
    rows, columns = len(grid), len(grid[0])
    cell = min(float(CELL), LONGEST / max(rows, columns))
    parts = [
        f'<rect x="{cell * x:.2f}" y="{cell * y:.2f}" width="{cell:.2f}" height="{cell:.2f}" fill="{COLOURS[colour]}"/>'
        for y, row in enumerate(grid)
        for x, colour in enumerate(row)
    ]
    width, height = cell * columns, cell * rows
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 1:.0f}" height="{height + 1:.0f}" '
        f'viewBox="-0.5 -0.5 {width + 1:.2f} {height + 1:.2f}" '
        f'style="stroke:{LINES};stroke-width:{min(1.0, cell / 8):.2f}">{"".join(parts)}</svg>'
    )


def _cell(caption: str, grid: Optional[list[list[int]]]) -> str:
    picture = "?" if grid is None else svg(grid)
    style = "text-align:center;vertical-align:top;padding:4px 10px"
    return f'<td style="{style}"><div style="font-size:85%">{escape(caption)}</div>{picture}</td>'


def html(task: dict[str, Any], attempts: list[tuple[Any, Any]], right: Optional[list[int]], heading: str) -> str:
    """Draw a puzzle's pairs, and each question with its attempts."""
    rows = [
        _cell(f"pair {number}", pair["input"]) + _cell("gives", pair["output"])
        for number, pair in enumerate(task["train"], 1)
    ]
    for number, (pair, both) in enumerate(zip(task["test"], attempts), 1):
        mark = "" if right is None else (" ✗", " ✓")[right[number - 1] == 1]
        second = "" if right is None else (" ✗", " ✓")[right[number - 1] == 2 or both[1] == both[0] and mark == " ✓"]
        rows.append(
            _cell(f"test {number}", pair["input"])
            + _cell("attempt 1" + mark, both[0])
            + _cell("attempt 2" + second, both[1])
        )
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div><b>{escape(heading)}</b><table>{table}</table></div>"
