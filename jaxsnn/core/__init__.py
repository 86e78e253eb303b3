"""What every part shares: the protocol (Cell, Tick, Span, param), checks, exact decay; imports jax and equinox only."""

from .cell import Cell as Cell
from .cell import Span as Span
from .cell import Tick as Tick
from .cell import check_cells as check_cells
from .cell import substreams as substreams
from .checks import check_between as check_between
from .checks import check_finite as check_finite
from .checks import check_key as check_key
from .checks import check_kind as check_kind
from .checks import check_not_negative as check_not_negative
from .checks import check_one_or_each as check_one_or_each
from .checks import check_positive as check_positive
from .checks import check_size as check_size
from .checks import is_concrete as is_concrete
from .checks import is_key as is_key
from .checks import require as require
from .checks import shown as shown
from .decay import decay as decay
from .decay import integral as integral
from .parameter import param as param
from .parameter import strong as strong
from .relaxation import relax as relax
from .total import Total as Total
from .total import settle as settle
from .total import two_sum as two_sum
