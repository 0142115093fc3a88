"""The command `tenfold`: the program itself, in the extension."""

import sys


def main() -> int:
    """Run the program with the arguments of this process, and give its exit status."""
    from tenfold import _tenfold

    return _tenfold.command_line(["tenfold", *sys.argv[1:]])
