"""Sweeps: a study on a grid of points and seeds, compiled once per structure, resumable, to an xarray Dataset."""

from .axes import geometric as geometric
from .axes import linear as linear
from .engines import Engine as Engine
from .engines import Finished as Finished
from .engines import Watch as Watch
from .estimate import SweepPlan as SweepPlan
from .grid import Grid as Grid
from .job import Job as Job
from .keys import point_key as point_key
from .panel import Panel as Panel
from .placement import use_cores as use_cores
from .resample import Estimate as Estimate
from .resample import jackknife as jackknife
from .resample import paired_difference as paired_difference
from .run import load as load
from .run import plan_sweep as plan_sweep
from .run import sweep as sweep
from .single import Single as Single
from .single import single as single
from .spec import Spec as Spec
from .spec import canonical as canonical
from .spec import digest as digest
from .store import Damage as Damage
from .store import tree_hash as tree_hash
from .store import verify as verify
from .study import Study as Study
