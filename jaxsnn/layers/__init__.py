"""Layers of trained networks, memoryless between steps: batch norm, dropout, pooling; training and inference."""

from .dropout import Dropout as Dropout
from .flatten import Flatten as Flatten
from .initial import kaiming_uniform as kaiming_uniform
from .initial import threshold_scaled as threshold_scaled
from .norm import Norm as Norm
from .pool import AveragePool as AveragePool
from .pool import MaxPool as MaxPool
from .switch import inference as inference
from .switch import training as training
