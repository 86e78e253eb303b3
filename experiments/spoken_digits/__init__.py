"""Synthetic spoken digits (SSD-20): English and German digits as spikes of our own inner ear, frozen; see `load`."""

from .frozen import load as load
from .frozen import manifest as manifest
