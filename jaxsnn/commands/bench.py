"""`jaxsnn bench`: the benchmarks of the checkout."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Bench:
    """Time the checkout's workloads beside other simulators, and write benchmarks/RESULTS.md.

    Peers live in environments of their own, made on demand; one that cannot be had is skipped with a word.
    """

    work: tyro.conf.Positional[Annotated[tuple[str, ...], tyro.conf.arg(metavar="[WORK ...]")]] = ()
    """which workloads: sweep, sizes, beginning, training, sparse, ... (default: all)"""
    turns: Annotated[int, tyro.conf.arg(metavar="TURNS")] = 5
    """how often everything is timed"""
    check: tyro.conf.FlagCreatePairsOff[bool] = False
    """write nothing: compare with the committed ratios; exit code 1 where we have become slower"""

    def run(self, root: Path | None = None) -> int:
        """root: the checkout; by default it is looked for from the current folder upwards."""
        from ..reproduction import find_checkout

        if self.turns < 1:
            raise ValueError(f"--turns {self.turns}: must be at least 1; pass --turns 5")
        root = root or find_checkout()
        if not (root / "benchmarks" / "__main__.py").is_file():
            raise ValueError(f"{root} has no benchmarks/; run this command in a clone of the whole repository")
        command = [sys.executable, "-m", "benchmarks", *self.work, "--turns", str(self.turns)]
        return subprocess.run([*command, "--check"] if self.check else command, cwd=root).returncode
