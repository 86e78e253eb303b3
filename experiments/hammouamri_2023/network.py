"""The networks of the study: one layout, and arms that differ in what their delays are.

    none        no delays
    random      a delay for each synapse, uniform on the whole steps 0 ... T - 1, never changed
    histogram   the same, but drawn from the delays that training had found in the layer (rounded), in another order
    constant    learned, kernel width 0.5 steps from the start
    annealed    learned, the width falling to 0.5 in the first quarter of the epochs (`schedule.width`)

Layout, initial values and constants as in the released code: [synapse -> batch norm -> LIF, reset to zero and detached
-> dropout] for each hidden layer, then a synapse and a leaky integrator; weights Kaiming-uniform, learned delays
uniform on [0, T - 1] steps. They are trained behind Gaussian kernels and judged as whole steps, one tap (`rounded`).

`inputs` cuts each neuron's inputs to that many, chosen at random: the other weights are zero and stay so. They do not
count as parameters, and neither do their delays.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from jaxsnn.core import Running
from jaxsnn.delays import Gaussian, Nearest
from jaxsnn.gradients import ArcTan
from jaxsnn.layers import inference
from jaxsnn.networks import Chain, delayed_feedforward, feedforward, leaky_readout, spiking_neurons
from jaxsnn.networks.feedforward import ARCTAN_5
from jaxsnn.synapses import DelayedDense, Dense

ARMS = ("none", "random", "histogram", "constant", "annealed")
LEARNED = ("constant", "annealed")
NARROWEST = 0.5  # steps, width of the kernels at the end of training


class Learner(eqx.Module):
    """What is trained. kept: which weights exist, by layer, or None for all of them.

    since: learned delays of each layer at the beginning of the epoch, as `Running` nodes, which `fit` carries along.
    """

    network: Chain
    kept: tuple[Bool[Array, "post pre"], ...] | None
    since: tuple[Running, ...]

    def dressed(self, width: Any = None) -> Chain:
        """The network with its missing synapses missing and its kernels of this width (default: as they are)."""
        number = iter(range(len(self.kept or ())))

        def one(cell: Any) -> Any:
            if self.kept is not None:
                weight = jnp.where(self.kept[next(number)], cell.weight, jnp.zeros_like(cell.weight))
                cell = dataclasses.replace(cell, weight=weight)
            wide = width is not None and isinstance(cell, DelayedDense) and isinstance(cell.kernel, Gaussian)
            return eqx.tree_at(lambda cell: cell.kernel.width, cell, width) if wide else cell

        return _each_synapse(self.network, one)

    def rounded(self) -> Chain:
        """The network as it is judged: whole delays, one tap each, running statistics, no dropout."""
        return inference(_each_synapse(self.dressed(), _one_tap))

    @property
    def delays(self) -> tuple[Float[Array, "post pre"], ...]:
        """By layer; empty without delays."""
        return tuple(cell.delay for cell in synapses(self.network) if isinstance(cell, DelayedDense))


def synapses(network: Chain) -> list[Any]:
    return [cell for cell in network.cells if isinstance(cell, Dense | DelayedDense)]


def _each_synapse(network: Chain, change: Callable[[Any], Any]) -> Chain:
    return Chain(*(change(cell) if isinstance(cell, Dense | DelayedDense) else cell for cell in network.cells))


def _one_tap(cell: Any) -> Any:
    """By frequency: as exact as a membrane needs, and many times faster than a product for each lag."""
    if not isinstance(cell, DelayedDense):
        return cell
    delay = jnp.clip(jnp.round(cell.delay), 0, cell.max_delay)
    return dataclasses.replace(cell, delay=delay, kernel=Nearest(), form="frequency")


def build(
    arm: str,
    sizes: Sequence[int],
    key: Array,
    *,
    taps: int,
    beta: float,
    dropout: float,
    inputs: int = 0,
    found: Sequence[np.ndarray] | None = None,
) -> Learner:
    """sizes: inputs, hidden layers, classes. taps: T = longest delay + 1. beta: decay of every membrane in a step.

    inputs: of each neuron, 0 for all. found: for the arm "histogram", learned delays by layer.
    The same key gives the same weights, masks and random delays in every arm of the same sizes.
    """
    if arm == "none":
        rule = lambda: ArcTan(ARCTAN_5, normalize="area")
        neuron = spiking_neurons(beta, rule=rule, reset="zero", detach_reset=True)
        network = feedforward(sizes, key=key, neuron=neuron, norm=True, dropout=dropout, readout=leaky_readout(beta))
    else:
        kernel = lambda: Gaussian(NARROWEST)
        network = delayed_feedforward(sizes, key=key, max_delay=taps - 1, kernel=kernel, beta=beta, dropout=dropout)
    drawn = jax.random.fold_in(key, 2**20)
    if arm == "random":
        network = _with_delays(network, lambda n, shape: jax.random.randint(_key(drawn, n), shape, 0, taps))
    if arm == "histogram":
        known = [np.round(layer).ravel() for layer in found or ()]
        network = _with_delays(network, lambda n, shape: jax.random.choice(_key(drawn, n), known[n], shape))
    kept = None if not inputs else tuple(_mask(_key(drawn, 100 + n), s, inputs) for n, s in enumerate(pairs(sizes)))
    learner = Learner(network, kept, ())
    since = tuple(Running(delay, jnp.zeros(()), "epoch") for delay in learner.delays) if arm in LEARNED else ()
    return dataclasses.replace(learner, since=since)


def pairs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """(post, pre) of every layer."""
    return list(zip(sizes[1:], sizes[:-1], strict=True))


def _key(key: Array, number: int) -> Array:
    return jax.random.fold_in(key, number)


def _with_delays(network: Chain, draw: Callable[[int, tuple[int, ...]], Array]) -> Chain:
    """Whole delays, fixed: number of the layer, shape -> delays."""
    layer = iter(range(len(network.cells)))
    fixed = lambda cell: dataclasses.replace(cell, delay=draw(next(layer), cell.weight.shape).astype(float))
    return _each_synapse(network, lambda cell: _one_tap(fixed(cell)))


def _mask(key: Array, shape: tuple[int, int], inputs: int) -> Bool[Array, "post pre"]:
    """`inputs` of each row, at random."""
    order = jax.vmap(lambda key: jax.random.permutation(key, shape[1]))(jax.random.split(key, shape[0]))
    return order < inputs


def trained_parameters(arm: str, sizes: Sequence[int], inputs: int = 0) -> int:
    """Weights, learned delays, and gain and bias of the norms."""
    weights = sum(post * (min(inputs, pre) if inputs else pre) for post, pre in pairs(sizes))
    return weights * (2 if arm in LEARNED else 1) + 2 * sum(sizes[1:-1])


def matched_width(hidden: int, layers: int, ends: tuple[int, int]) -> int:
    """Units of a layer with which a network without learned delays has as many parameters as one of `hidden` with them.

    The largest that does not exceed it. ends: inputs and classes.
    """
    shape = lambda units: (ends[0], *[units] * layers, ends[1])
    most, units = trained_parameters("annealed", shape(hidden)), hidden
    while trained_parameters("none", shape(units + 1)) <= most:
        units += 1
    return units
