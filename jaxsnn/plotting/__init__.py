"""Figures in one house style: rasters, traces, curves with error bars, heat maps; saved with the numbers they show."""

from .curves import band as band
from .curves import line as line
from .curves import points as points
from .curves import u_curves as u_curves
from .heatmap import add_bar as add_bar
from .heatmap import cell_edges as cell_edges
from .heatmap import contour as contour
from .heatmap import heatmap as heatmap
from .heatmap import ridge as ridge
from .house import MARKERS as MARKERS
from .house import MEANING as MEANING
from .house import SERIES as SERIES
from .house import figure as figure
from .house import letter as letter
from .house import log_axis as log_axis
from .house import ordered as ordered
from .house import save as save
from .house import series as series
from .house import style as style
from .numbers import write_csv as write_csv
from .raster import raster as raster
from .raster import run_lengths as run_lengths
from .raster import spike_times as spike_times
from .traces import traces as traces
