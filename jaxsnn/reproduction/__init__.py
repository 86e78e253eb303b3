"""Papers reproduced: sweeps and trainings run or resumed, figures, claims and one report; nothing is done twice.

    reproduce(root, preset="quick", only=["timcheck_2022"])

A paper is a pair of modules in the checkout, `experiments/NAME` (what is run, what is claimed) and
`paper_figures/NAME` (what is drawn). Nothing here imports jax until there is something to run.
"""

from .checkout import find_checkout as find_checkout
from .checkout import load_module as load_module
from .checkout import papers as papers
from .paper import Reproduced as Reproduced
from .paper import rebuild_report as rebuild_report
from .paper import reproduce as reproduce
from .paper import train as train
from .tables import table_columns as table_columns
from .tables import table_text as table_text
from .tables import write_text as write_text
from .trained import How as How
