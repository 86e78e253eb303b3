"""A network as it is trained, and as it is used: batch norm and dropout switched in all of it.

    training(network)     a Norm takes the statistics of the batch and gathers them; a Dropout loses spikes
    inference(network)    a Norm takes what was gathered; nothing is dropped

Both return a network with the same arrays, so a fit's paths and values hold for either.
"""

import dataclasses
from typing import Any

import jax
from jaxtyping import PyTree

from ..core import Running, require
from .dropout import Dropout


def _switched(network: PyTree, axis: str | None) -> PyTree:
    def one(node: Any) -> Any:
        if isinstance(node, Running):
            return dataclasses.replace(node, axis=axis)
        return dataclasses.replace(node, active=axis is not None) if isinstance(node, Dropout) else node

    return jax.tree.map(one, network, is_leaf=lambda node: isinstance(node, Running | Dropout))


def inference(network: PyTree) -> PyTree:
    """The network as it is used: causal, step by step or whole, and without chance but that of its neurons."""
    return _switched(network, None)


def training(network: PyTree, axis: str = "batch") -> PyTree:
    """The network as it is trained, under `jax.vmap(..., axis_name=axis)`."""
    require(isinstance(axis, str) and bool(axis), "axis", axis, "must be the name of the vmapped axis", 'pass "batch"')
    return _switched(network, axis)
