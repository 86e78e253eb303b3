"""`jaxsnn train`: the trainings of one experiment, from data to report."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from .arguments import option


@dataclass(frozen=True)
class Train:
    """Train the models of an experiment, evaluate them, draw its figures, check its claims, write its report.

    A run that was stopped or killed goes on from where it was, to the same numbers; what is finished is loaded. Panels
    that are sweeps are run too, as by `jaxsnn reproduce`.
    """

    experiment: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="EXPERIMENT")]]
    """one of the checkout's"""
    preset: Annotated[str, tyro.conf.arg(metavar="smoke|quick|paper")] = "quick"
    """seconds, minutes, or the paper's own size"""
    only: Annotated[tuple[str, ...], option("[PANEL ...]", "all, and the report")] = ()
    """these panels of the preset alone, without a report"""
    workers: Annotated[int | None, option("WORKERS", "one for each core")] = None
    """processes that train at the same time, on one core each; 0 trains in this process"""
    data: Annotated[Path | None, option("PATH", "JAXSNN_DATA, or known places")] = None
    """the folder with the data sets, or the set"""
    folder: Annotated[Path | None, option("FOLDER", "results/ in the checkout")] = None
    """where results go"""
    partial: tyro.conf.FlagCreatePairsOff[bool] = False
    """train nothing more: the report of the seeds that are complete"""
    trust: tyro.conf.FlagCreatePairsOff[bool] = False
    """keep what was trained by other code, where its change leaves the numbers what they are"""
    anew: tyro.conf.FlagCreatePairsOff[bool] = False
    """move aside what was trained by other code, and train again"""

    def run(self, root: Path | None = None) -> int:
        """root: the checkout; by default it is looked for from the current folder upwards."""
        if self.workers is not None and self.workers < 0:
            raise ValueError(
                f"--workers {self.workers}: must be a number of processes, or 0; leave it out for all cores"
            )
        if self.trust and self.anew:
            raise ValueError("--trust keeps what --anew moves aside, so only one can be meant; drop one of the two")
        if self.partial and self.only:
            raise ValueError("--partial is for the whole report, and --only leaves the report out; drop one of the two")
        if self.data is not None:
            if not self.data.exists():
                raise ValueError(f"--data {self.data}: there is nothing; name the folder that the data sets are in")
            os.environ["JAXSNN_DATA"] = str(self.data.resolve())
        from rich.console import Console

        from ..reproduction import How, find_checkout, train

        console = Console()
        if not console.is_terminal:
            console = Console(width=120)  # of a log file, where rich would take 80
        train(
            root or find_checkout(),
            self.experiment,
            preset=self.preset,
            only=self.only,
            folder=self.folder,
            how=How(self.workers, self.trust, self.anew, self.partial),
            console=console,
        )
        return 0
