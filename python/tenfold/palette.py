"""ARC's colours."""

from __future__ import annotations

#: The colours of 0 to 9.
COLOURS = (
    "#000000",
    "#0074D9",
    "#FF4136",
    "#2ECC40",
    "#FFDC00",
    "#AAAAAA",
    "#F012BE",
    "#FF851B",
    "#7FDBFF",
    "#870C25",
)

#: The lines between cells.
LINES = "#555555"
