"""Engines: who runs the chunks of a job. All give the same results, and a store may change hands between them.

inline       here, one after the other
processes    worker processes of this machine; one that is killed costs nothing
dask         a cluster that is there already (extra: dask)
submitit     jobs of Slurm (extra: submitit)
"""

from .engine import Engine as Engine
from .engine import Finished as Finished
from .engine import Watch as Watch
from .inline import forget as forget
from .inline import inline as inline
from .named import ENGINES as ENGINES
from .named import check_engine as check_engine
from .named import chunks_at_once as chunks_at_once
from .named import end_engine as end_engine
from .named import find_engine as find_engine
from .on_dask import Dask as Dask
from .on_submitit import Submitit as Submitit
from .processes import Processes as Processes
