"""`jaxsnn reproduce`: the papers of the checkout, from sweeps to report."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from .arguments import option


@dataclass(frozen=True)
class Reproduce:
    """Run or resume the sweeps of every paper, draw its figures, check its claims, write its report.

    Nothing is done twice: what was finished with the same code is loaded, and Ctrl-C loses nothing.
    """

    preset: Annotated[str, tyro.conf.arg(metavar="smoke|quick|paper")] = "quick"
    """seconds, minutes, or the paper's own size"""
    only: Annotated[tuple[str, ...], option("[PAPER ...]", "all")] = ()
    """which papers"""
    folder: Annotated[Path | None, option("FOLDER", "results/ in the checkout")] = None
    """where results go"""
    cores: Annotated[int | None, option("CORES", "all")] = None
    """how many to use"""

    def run(self, root: Path | None = None) -> int:
        """root: the checkout; by default it is looked for from the current folder upwards."""
        from rich.console import Console

        from ..reproduction import find_checkout, reproduce

        console = Console()
        if not console.is_terminal:
            console = Console(width=120)  # of a log file, where rich would take 80
        reproduce(
            root or find_checkout(),
            preset=self.preset,
            only=self.only,
            folder=self.folder,
            cores=self.cores,
            console=console,
        )
        return 0
