"""The one script: every paper of this checkout, from sweeps to figures, verdicts and one report.

    python paper_figures/reproduce.py [--preset smoke|quick|paper] [--only PAPER ...] [--folder results] [--cores N]

What is finished is loaded, what is missing is run, and a second run with nothing changed takes seconds. Ctrl-C loses
nothing. `jaxsnn reproduce` does the same.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # the package of this checkout, whatever else is installed

    from jaxsnn.cli import reproduce

    sys.exit(reproduce(ROOT))
