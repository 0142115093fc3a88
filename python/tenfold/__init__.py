"""Tenfold is given one puzzle or one document, knows nothing else, and looks for the shortest description of it.

>>> import tenfold
>>> task = {"train": [{"input": [[1, 0]], "output": [[0, 1]]}, {"input": [[0, 1]], "output": [[1, 0]]}],
...         "test": [{"input": [[1, 1]]}]}
>>> solution = tenfold.solve(task, steps=3)  # 2,000 by default, which takes minutes
>>> first, second = solution.attempts[0]
>>> tenfold.decompress(tenfold.compress("Any bytes.", matrices="none"))
b'Any bytes.'

`tenfold.plot` draws, by matplotlib. Work that takes long lets go of Python's lock, and stops after its step at Ctrl-C.
"""

from tenfold._tenfold import __version__
from tenfold.articles import (
    Gist,
    Group,
    Saying,
    compress,
    decompress,
    distance,
    gist,
    groups,
    inspect,
    matrices,
    thermometer,
)
from tenfold.errors import BrokenOff, DataError, Error, FileError, LibraryError, SettingError, SolveError
from tenfold.library import Added, Answer, Duplicate, Duplicates, Entry, Hit, Library
from tenfold.puzzles import (
    Progress,
    compress_puzzle,
    decompress_puzzle,
    score,
    solve,
    solve_many,
    submission,
)
from tenfold.solutions import Candidate, Curve, Solution

__all__ = [
    "Added",
    "Answer",
    "BrokenOff",
    "Candidate",
    "Curve",
    "DataError",
    "Duplicate",
    "Duplicates",
    "Entry",
    "Error",
    "FileError",
    "Gist",
    "Group",
    "Hit",
    "Library",
    "LibraryError",
    "Progress",
    "Saying",
    "SettingError",
    "Solution",
    "SolveError",
    "__version__",
    "compress",
    "compress_puzzle",
    "decompress",
    "decompress_puzzle",
    "distance",
    "gist",
    "groups",
    "inspect",
    "matrices",
    "score",
    "solve",
    "solve_many",
    "submission",
    "thermometer",
]
