"""How calls run: beside other threads, until Ctrl-C, in memory that does not grow, and at once where nothing is to do."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import tenfold
from tenfold import _tenfold

#: Steps of some 20 ms and more.
LONG = "arc_tasks/frame_grid.json"


def test_other_threads_run_beside_a_fit(root: Path) -> None:
    done = threading.Event()

    def fit() -> None:
        tenfold.solve(root / LONG, steps=30, stable_steps=0, views=False, threads=1)
        done.set()

    thread = threading.Thread(target=fit)
    thread.start()
    longest, ticks, last = 0.0, 0, time.monotonic()
    while not done.is_set():
        time.sleep(0.001)
        now = time.monotonic()
        longest, ticks, last = max(longest, now - last), ticks + 1, now
    thread.join()
    assert ticks > 50, f"{ticks} turns while a fit ran"
    assert longest < 0.5, f"{longest:.3f} s without a turn"


def test_ctrl_c_stops_within_a_step(root: Path) -> None:
    for call in (
        "tenfold.solve({path!r}, steps=100000, stable_steps=0)",
        "list(tenfold.solve_many([{path!r}], steps=100000, stable_steps=0))",
        "tenfold.matrices(open('README.md').read(), steps=100000)",
    ):
        # Whoever runs the tests in the background may have it ignored.
        script = "import signal, tenfold\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        script += f"print('go', flush=True)\n{call.format(path=LONG)}"
        process = subprocess.Popen(
            [sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None and process.stdout.readline() == "go\n"
        time.sleep(1)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        took = time.monotonic() - begin
        print(f"{call}: {took:.2f} s")
        assert "KeyboardInterrupt" in errors, errors
        assert took < 5, f"{call}: {took:.1f} s"


# What the allocator keeps of what was freed, by chance, is given back before it is measured.
MEMORY = """
import ctypes, gc, tenfold
trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
def resident():
    gc.collect()
    if trim is not None:
        trim(0)
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * 4096
sizes = []
for turn in range(30):
    tenfold.solve("arc_tasks/colour_swap.json", steps=2, views=False, threads=1)
    sizes.append(resident())
print(min(sizes[:10]), min(sizes[20:]))
"""


def test_thirty_solves_take_the_memory_of_ten(root: Path) -> None:
    if not Path("/proc/self/statm").exists():
        return
    output = subprocess.run([sys.executable, "-c", MEMORY], cwd=root, capture_output=True, text=True, check=True)
    early, late = map(int, output.stdout.split())
    print(f"least resident in 10 solves {early / 1e6:.1f} MB, in the last 10 of 30 {late / 1e6:.1f} MB")
    # Chance is some 30 MB, with threads that end when they like; a reading, of which a solve has sixteen, would leave 94 in twenty.
    assert late - early < 60e6, f"{early} bytes in 10 solves, {late} in the last 10 of 30"


def fastest(call: Any, turns: int = 30) -> float:
    best = float("inf")
    for _ in range(turns):
        begin = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - begin)
    return best


def test_a_call_with_nothing_to_do_takes_little_beside_one_that_works() -> None:
    text = b"What a call costs before it does anything, beside one that has a few words to do. " * 20
    work = fastest(lambda: tenfold.compress(text, matrices="none"), turns=3)
    times = {
        "groups": fastest(lambda: tenfold.groups("")),
        "gist": fastest(lambda: tenfold.gist(FILE)),
    }
    print({name: f"{1000 * seconds:.3f} ms" for name, seconds in times.items()}, f"of {1000 * work:.1f} ms")
    assert max(times.values()) < work / 4, (times, work)


FILE = tenfold.compress(b"", matrices="none")


def test_solve_takes_little_over_what_it_calls(
    swap: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, over = _tenfold.solve, []
    within = 0.0

    def timed(*arguments: Any) -> str:
        nonlocal within
        begin = time.perf_counter()
        record = inner(*arguments)
        within = time.perf_counter() - begin
        return record

    monkeypatch.setattr(_tenfold, "solve", timed)
    for _ in range(10):
        begin = time.perf_counter()
        tenfold.solve(swap, steps=1, views=False, threads=1)
        over.append(time.perf_counter() - begin - within)
    print(f"over the extension's solve: {1000 * min(over):.3f} ms")
    assert min(over) < within / 10
