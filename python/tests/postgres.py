"""A PostgreSQL of the test's own, in a folder of its own, reached by a socket there."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional


def binaries() -> Optional[Path]:
    """Where the server is: on the path, or where Debian puts it; version 14 and later count bits."""
    found = [Path(path).resolve().parent for path in [shutil.which("initdb") or ""] if path]
    debian = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
    for folder in [*found, *map(Path, reversed(debian))]:
        if all((folder / name).exists() for name in ("postgres", "pg_ctl", "psql")):
            said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
            if int(said.split()[2].split(".")[0]) >= 14:
                return folder
    return None


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Start a server of the binaries in `folder`, and stop it at the end."""
    # It refuses to run as root; Debian's package has a user for it.
    other: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = Path(tempfile.mkdtemp(prefix="tenfold-postgres-"))
    try:
        if other:
            os.chown(data, other["user"], other["group"])

        def run(name: str, *arguments: str) -> None:
            # What pg_ctl starts keeps its output open, so that goes to a file.
            command: list[Any] = [folder / name, *arguments]
            subprocess.run(command, check=True, cwd=data, stdout=subprocess.DEVNULL, **other)

        run("initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--pgdata", str(data / "data"))
        settings = f"-k {data} -c listen_addresses= -c fsync=off"
        run("pg_ctl", "start", "--wait", "--pgdata", str(data / "data"), "--log", str(data / "log"), "-o", settings)
        try:
            yield Server(folder, data, other)
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=fast", "--pgdata", str(data / "data"))
    finally:
        shutil.rmtree(data)


class Server:
    """A server that runs."""

    def __init__(self, folder: Path, data: Path, other: dict[str, Any]) -> None:
        self.command: list[Any] = [folder / "psql", "--host", data, "--dbname", "postgres", "--no-psqlrc"]
        self.command += ["--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]
        self.other = other

    def run(self, script: str) -> list[str]:
        """Run a script, and give the lines that it prints."""
        done = subprocess.run(
            self.command, input=script, capture_output=True, text=True, check=False, cwd="/", **self.other
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()
