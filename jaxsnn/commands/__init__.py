"""The commands of `jaxsnn`, a file each: options as a dataclass, and what it does as its `run`.

Nothing heavy is imported before `run`, so that `jaxsnn --help` answers at once.
"""

from .bench import Bench as Bench
from .doctor import Doctor as Doctor
from .report import Report as Report
from .reproduce import Reproduce as Reproduce
from .sweep import Sweep as Sweep
from .train import Train as Train
