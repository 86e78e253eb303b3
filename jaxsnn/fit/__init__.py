"""Fitting by gradient: which leaves are trained and within what, losses, the training loop, grids of fits."""

from .batches import Batches as Batches
from .bounds import Bound as Bound
from .bounds import between as between
from .bounds import free as free
from .bounds import positive as positive
from .driver import NotFinite as NotFinite
from .driver import Stopped as Stopped
from .grid import fit_grid as fit_grid
from .history import History as History
from .loop import Fitted as Fitted
from .loop import fit as fit
from .losses import cross_entropy as cross_entropy
from .losses import filtered as filtered
from .losses import rate_loss as rate_loss
from .losses import readout_loss as readout_loss
from .losses import spike_time_loss as spike_time_loss
from .losses import van_rossum as van_rossum
from .traced import Descended as Descended
from .traced import descend_all as descend_all
from .trainable import Trainable as Trainable
from .trainable import choose as choose
from .trainable import leaf_paths as leaf_paths
