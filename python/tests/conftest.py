"""What tests share."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = [sys.executable, "-c", "import sys; from tenfold._program import main; sys.exit(main())"]


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture
def swap() -> dict[str, Any]:
    """A small puzzle of the repository's."""
    task: dict[str, Any] = json.loads((ROOT / "arc_tasks/colour_swap.json").read_text())
    return task


def program(*arguments: object) -> str:
    """What the command prints."""
    done = subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
