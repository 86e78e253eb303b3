"""Every cell, spike rule and delay kernel, once. What stands here is held to the laws in tests/laws.

A new one is one line. `make` is called in the precision under test, so that parameters are made in it.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from jaxsnn import gradients
from jaxsnn.core import Cell, strong
from jaxsnn.delays import DelayLine, FloatHistory, Gaussian, Kernel, Linear, Nearest, Triangular
from jaxsnn.gradients import ArcTan, FastSigmoid, Hazard, NoiseDriven, SpikeRule, Triangle
from jaxsnn.layers import AveragePool, Dropout, Flatten, MaxPool, Norm
from jaxsnn.networks import Balanced, Chain, Constant, Delayed, Parallel, Recurrent, Residual, Sinusoids, homogeneous
from jaxsnn.neurons import (
    LIF,
    AdaptiveLIF,
    ConductanceLIF,
    DiscreteIntegrator,
    DiscreteLIF,
    LeakyIntegrator,
    QuadraticIF,
    RefractoryLIF,
)
from jaxsnn.noise import OrnsteinUhlenbeck, PoissonEncoder, PoissonSource, WhiteNoise
from jaxsnn.readouts import ErrorReadout, LeakyReadout
from jaxsnn.synapses import (
    Alpha,
    Coin,
    Conductances,
    Convolution,
    DelayedDense,
    DelayedSparse,
    Dense,
    DoubleExponential,
    Exponential,
    FailingDense,
    Failure,
    LowRank,
    Sparse,
)


class CellEntry(NamedTuple):
    name: str
    make: Callable[[], Cell]  # a small instance
    inputs: Callable[[Array, int], PyTree]  # (key, steps) -> inputs with a leading time axis, or None
    dt: float = 0.5
    alone: bool = True  # False: parts in a row, where in float32 the rounding of one may flip a spike of the next
    flat: tuple[str, ...] = ()  # parameters whose gradient is zero, and meant to be

    @property
    def variant(self) -> bool:
        """Another setting of a cell that stands here too, or a part of one: held to the laws by `make slow`."""
        return self.name in VARIANTS


class RuleEntry(NamedTuple):
    name: str
    make: Callable[[], SpikeRule]
    flat: tuple[str, ...] = ()


class KernelEntry(NamedTuple):
    name: str
    make: Callable[[], Kernel]
    spreads: bool = False  # a delay of whole steps takes more than one tap
    flat: bool = False  # no gradient for the delay


def silent(key: Array, steps: int) -> None:
    """For sources: no input."""
    del key, steps


def currents(size: int, mean: float = 1.5) -> Callable[[Array, int], Array]:
    """Noisy currents that make a neuron of threshold 1 fire now and then."""
    return lambda key, steps: mean + jax.random.normal(key, (steps, size))


def spikes(size: int) -> Callable[[Array, int], Array]:
    return lambda key, steps: jax.random.bernoulli(key, 0.4, (steps, size)).astype(jnp.zeros(()).dtype)


def table(*shape: int, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """Distinct numbers between low and high, the same at every call."""
    return low + (high - low) * (np.arange(1, 1 + math.prod(shape)) * 0.6180339887 % 1).reshape(shape)


def delays(*shape: int) -> np.ndarray:
    """Delays of 1.2 to 5.8 steps of the catalogue's dt, none whole."""
    return table(*shape, low=0.6, high=2.9)


def sparse() -> Sparse:
    """Two of four inputs each, one pair listed twice, and a neuron that hears only one."""
    return Sparse(table(3, 2), [[0, 2], [1, 1], [3, 4]], pre=4)


def norm(features: int) -> Norm:
    """As it is used, with statistics gathered."""
    begun = Norm(features, gain=table(features, low=0.5), bias=table(features))
    at = lambda cell: (cell.running.mean, cell.running.variance)
    return eqx.tree_at(at, begun, (strong(table(features)), strong(table(features, low=0.5, high=2.0))))


WIDTH = (".spike.width",)
ARC = lambda: ArcTan(0.5)

VARIANTS = {
    "lif, detached reset",
    "lif, scored hazard",
    "discrete lif, noise kept",
    "discrete integrator",
    "dropout",
    "dropout, one mask for all steps",
    "convolution",
    "norm",
    "refractory lif, scored hazard",
    "adaptive lif, noise-driven",
    "quadratic if, noise kept",
    "sparse, few of many inputs",
    "failing dense, scored",
    "balanced, neurons that fire by chance",
    "balanced, two signals",
}

CELLS = [
    CellEntry("white noise", lambda: WhiteNoise(table(3, low=0.1), size=3), currents(3)),
    CellEntry("poisson source", lambda: PoissonSource(table(3, low=0.05, high=0.2), size=3), silent, flat=(".rate",)),
    CellEntry("poisson encoder", lambda: PoissonEncoder(size=3), currents(3, mean=1.0)),
    CellEntry("ornstein-uhlenbeck", lambda: OrnsteinUhlenbeck(3.0, table(3, low=0.1), size=3), silent),
    CellEntry("delay line, one delay", lambda: DelayLine(1.3, size=3, max_delay=6), spikes(3)),
    CellEntry(
        "delay line, delay per input",
        lambda: DelayLine(delays(3), size=3, max_delay=6, kernel=Gaussian(0.8, reach=4)),
        spikes(3),
    ),
    CellEntry("delay line, delay per synapse", lambda: DelayLine(delays(2, 3), size=3, max_delay=6), spikes(3)),
    CellEntry("lif", lambda: LIF(5.0, 1.0, ARC(), size=3), currents(3, mean=3.0), flat=WIDTH),
    CellEntry(
        "lif, detached reset",
        lambda: LIF(5.0, 1.0, ARC(), size=3, detach_reset=True),
        currents(3, mean=3.0),
        flat=WIDTH,
    ),
    CellEntry("discrete lif", lambda: DiscreteLIF(0.8, 1.0, ARC(), size=3), currents(3, mean=0.5), flat=WIDTH),
    CellEntry(
        "discrete lif, reset to zero",
        lambda: DiscreteLIF(table(3, low=0.5), 1.0, ARC(), size=3, reset="zero"),
        currents(3, mean=0.5),
        flat=WIDTH,
    ),
    CellEntry(
        "refractory lif",
        lambda: RefractoryLIF(5.0, 1.0, 0.2, 1.3, ARC(), size=3),
        currents(3, mean=4.0),
        flat=WIDTH,
    ),
    CellEntry(
        "adaptive lif",
        lambda: AdaptiveLIF(5.0, 0.6, 8.0, 0.3, ARC(), size=3),
        currents(3, mean=3.0),
        flat=WIDTH,
    ),
    CellEntry(
        "refractory lif, scored hazard",
        lambda: RefractoryLIF(5.0, 1.0, 0.2, 1.3, Hazard(1.0, 0.3, mode="score"), size=3),
        currents(3, mean=3.0),
    ),
    CellEntry(
        "adaptive lif, noise-driven",
        lambda: AdaptiveLIF(5.0, 0.6, 8.0, 0.3, NoiseDriven("gaussian", 0.3), size=3),
        currents(3, mean=3.0),
    ),
    CellEntry(
        "quadratic if, noise kept",
        lambda: QuadraticIF(2.0, 6.0, -3.0, NoiseDriven("gaussian", 0.3, placement="membrane"), size=3),
        currents(3, mean=3.0),
    ),
    CellEntry(
        "quadratic if",
        lambda: QuadraticIF(2.0, 6.0, -3.0, ARC(), size=3),
        currents(3, mean=3.0),
        flat=WIDTH,
    ),
    CellEntry("lif, noise-driven", lambda: LIF(5.0, 1.0, NoiseDriven("gaussian", 0.3), size=3), currents(3, mean=3.0)),
    CellEntry(
        "lif, scored hazard",
        lambda: LIF(5.0, 1.0, Hazard(1.0, 0.3, mode="score"), size=3),
        currents(3, mean=3.0),
    ),
    CellEntry(
        "discrete lif, noise kept",
        lambda: DiscreteLIF(0.8, 1.0, NoiseDriven("logistic", 0.3, placement="membrane"), size=3),
        currents(3, mean=0.5),
    ),
    CellEntry(
        "discrete lif, drawn twice and scored",
        lambda: DiscreteLIF(0.8, 1.0, NoiseDriven(placement="membrane+escape", mode="score"), size=3, reset="zero"),
        currents(3, mean=0.5),
    ),
    CellEntry("leaky integrator", lambda: LeakyIntegrator(table(3, low=2.0, high=6.0), size=3), currents(3)),
    CellEntry("discrete integrator", lambda: DiscreteIntegrator(table(3, low=0.2, high=0.9), size=3), currents(3)),
    CellEntry("norm", lambda: norm(3), currents(3), flat=(".momentum",)),
    CellEntry("dropout", lambda: Dropout(0.4, size=3), currents(3)),
    CellEntry("dropout, one mask for all steps", lambda: Dropout(0.4, size=3, per="sequence"), currents(3)),
    CellEntry(
        "convolution",
        lambda: Convolution(table(2, 2, 3, 3), table(2), stride=2, padding=1),
        lambda key, steps: jax.random.normal(key, (steps, 2, 4, 5)),
    ),
    CellEntry(
        "residual block of feature maps",
        lambda: Chain(
            Residual(Chain(Convolution(table(2, 2, 3, 3), padding=1), norm(2)), Convolution(table(2, 2, 1, 1))),
            DiscreteLIF(0.8, 1.0, ARC(), size=(2, 4, 4), reset="zero"),
            Parallel(AveragePool(2), MaxPool(2), combine="sum"),
            Flatten(),
        ),
        lambda key, steps: jax.random.normal(key, (steps, 2, 4, 4)),
        alone=False,
        flat=(".cells[0].body.cells[1].momentum", ".cells[1].spike.width"),
    ),
    CellEntry("dense", lambda: Dense(table(2, 3)), spikes(3)),
    CellEntry("dense, spikes only", lambda: Dense(table(2, 3), spikes_only=True), spikes(3)),
    CellEntry("sparse", lambda: sparse(), spikes(4)),
    CellEntry("sparse, few of many inputs", lambda: Sparse(table(2, 2), [[1, 140], [7, 200]], pre=200), spikes(200)),
    CellEntry("delayed sparse", lambda: DelayedSparse(sparse(), delays(3, 2), max_delay=6), spikes(4)),
    CellEntry("alpha", lambda: Alpha(2.0, size=3), spikes(3)),
    CellEntry("double exponential", lambda: DoubleExponential(0.7, 2.0, size=3, normalize="peak"), spikes(3)),
    CellEntry(
        "conductances",
        lambda: Conductances(Exponential(2.0, size=3), Alpha(table(3, low=0.5, high=3.0), size=3)),
        spikes(3),
    ),
    CellEntry(
        "conductance lif",
        lambda: ConductanceLIF(5.0, 1.0, 0.2, 1.3, 0.1, spike=ARC(), size=3),
        lambda key, steps: jnp.abs(currents(6, mean=0.3)(key, steps)).reshape(steps, 2, 3),
        flat=WIDTH,
    ),
    CellEntry("failure", lambda: Failure(table(3, low=0.2, high=0.8), size=3), spikes(3)),
    CellEntry("failing dense", lambda: FailingDense(table(2, 3), 0.6), spikes(3)),
    CellEntry("failing dense, scored", lambda: FailingDense(table(2, 3), 0.6, coin=Coin(mode="score")), spikes(3)),
    CellEntry("low rank", lambda: LowRank(table(4, 2), table(2, 3)), spikes(3)),
    CellEntry("exponential", lambda: Exponential(2.0, size=3), spikes(3)),
    CellEntry("leaky readout", lambda: LeakyReadout(table(3, low=2.0, high=6.0), signal=3), spikes(3)),
    CellEntry(
        "error readout",
        lambda: ErrorReadout(table(3, low=0.1, high=0.5), signal=3),
        lambda key, steps: (currents(3)(key, steps), spikes(3)(key, steps)),
    ),
    CellEntry("delayed dense, delay per input", lambda: DelayedDense(table(2, 3), delays(3), max_delay=6), spikes(3)),
    CellEntry(
        "delayed dense, delay per synapse",
        lambda: DelayedDense(table(2, 3), delays(2, 3), max_delay=6, kernel=Gaussian(0.8)),
        spikes(3),
    ),
    CellEntry(
        "chain",
        lambda: Chain(WhiteNoise(0.5, size=3), Dense(table(2, 3)), LIF(5.0, 0.3, ARC(), size=2)),
        currents(3),
        alone=False,
        flat=(".cells[2].spike.width",),
    ),
    CellEntry(
        "parallel",
        lambda: Parallel(Dense(table(3, 3)), LeakyIntegrator(3.0, size=3), combine="sum"),
        currents(3),
        alone=False,
    ),
    CellEntry(
        "recurrent",
        lambda: Recurrent(LIF(5.0, 0.5, ARC(), size=3), DelayLine(delays(3), size=3, max_delay=6), Dense(table(3, 3))),
        currents(3),
        alone=False,
        flat=(".forward.spike.width",),
    ),
    CellEntry(
        "recurrent with delayed synapses",
        lambda: Recurrent(LIF(5.0, 0.5, ARC(), size=3), DelayedDense(table(3, 3), delays(3, 3), max_delay=6)),
        currents(3),
        alone=False,
        flat=(".forward.spike.width",),
    ),
    CellEntry("constant", lambda: Constant(table(2)), silent),
    CellEntry(
        "sinusoids",
        lambda: Sinusoids(table(2), table(2, 3), table(3, low=0.02, high=0.1), table(2, 3), 0.2),
        silent,
    ),
    CellEntry(
        "balanced, delayed",
        lambda: homogeneous(3, leak=0.5, noise=0.6, delay=0.6, max_delay=6, gradients=True),
        currents(1, mean=1.0),
        dt=0.2,
        alone=False,
        flat=(".inhibition.spike.width",),
    ),
    CellEntry(
        "balanced, sequential",
        lambda: homogeneous(3, leak=0.5, noise=0.6),
        currents(1, mean=1.0),
        dt=0.2,
        alone=False,
    ),
    CellEntry(
        "balanced, two signals",
        lambda: Balanced(
            table(2, 3),
            0.2,
            table(3, low=0.1),
            ErrorReadout(0.2, signal=2),
            Delayed(0.5, FloatHistory(3, 6, signals=2), spike=ARC()),
        ),
        currents(2, mean=0.3),
        dt=0.2,
        alone=False,
        flat=(".inhibition.spike.width",),
    ),
    CellEntry(
        "balanced, neurons that fire by chance",
        lambda: homogeneous(
            3, leak=0.5, noise=0.6, delay=0.6, max_delay=6, gradients=True, spike=Hazard(1.0, 0.2, mode="score")
        ),
        currents(1, mean=1.0),
        dt=0.2,
        alone=False,
    ),
]

RULES = [
    RuleEntry("fast sigmoid, peak", lambda: FastSigmoid(0.3), flat=(".width",)),
    RuleEntry("fast sigmoid, area", lambda: FastSigmoid(0.3, normalize="area"), flat=(".width",)),
    RuleEntry("arctan, peak", lambda: ArcTan(0.3), flat=(".width",)),
    RuleEntry("arctan, area", lambda: ArcTan(0.3, normalize="area"), flat=(".width",)),
    RuleEntry("triangle, peak", lambda: Triangle(0.7), flat=(".width",)),
    RuleEntry("triangle, area", lambda: Triangle(0.7, normalize="area"), flat=(".width",)),
    RuleEntry("sigmoid", lambda: gradients.Sigmoid(0.3), flat=(".width",)),
    RuleEntry("erf", lambda: gradients.Erf(0.3, normalize="area"), flat=(".width",)),
    RuleEntry("rectangle", lambda: gradients.Rectangle(0.3), flat=(".width",)),
    RuleEntry("laplace", lambda: gradients.Laplace(0.3, normalize="area"), flat=(".width",)),
    RuleEntry("multi-gaussian", lambda: gradients.MultiGaussian(0.3), flat=(".width", ".side", ".spread")),
    RuleEntry("straight through", gradients.StraightThrough),
    RuleEntry(
        "arctan per unit time",
        lambda: ArcTan(0.3, normalize="area", rate=2.0, dt=0.1),
        flat=(".width", ".rate", ".dt"),
    ),
    RuleEntry("noise-driven, gaussian", lambda: NoiseDriven("gaussian", 0.3)),
    RuleEntry("noise-driven, logistic", lambda: NoiseDriven("logistic", 0.3)),
    RuleEntry("noise-driven, uniform", lambda: NoiseDriven("uniform", 0.3)),
    RuleEntry("noise-driven, triangular", lambda: NoiseDriven("triangular", 0.3)),
    RuleEntry("noise-driven, noise kept", lambda: NoiseDriven("gaussian", 0.3, placement="membrane")),
    RuleEntry("noise-driven, drawn twice", lambda: NoiseDriven("gaussian", 0.3, placement="membrane+escape")),
    RuleEntry(
        "noise with a surrogate",
        lambda: NoiseDriven("gaussian", 0.3, surrogate=ArcTan(0.3, rate=2.0, dt=0.1)),
        flat=(".sigma", ".surrogate.width", ".surrogate.rate", ".surrogate.dt"),
    ),
    RuleEntry("hazard, exponential", lambda: Hazard(1.5, 0.3, dt=0.1)),
    RuleEntry("hazard, softplus", lambda: Hazard(1.5, 0.3, shape="softplus", dt=0.1)),
]

KERNELS = [
    KernelEntry("nearest", Nearest, flat=True),
    KernelEntry("linear", Linear),
    KernelEntry("triangular, all lags", lambda: Triangular(1.6), spreads=True),
    KernelEntry("triangular, few taps", lambda: Triangular(1.6, reach=2), spreads=True),
    KernelEntry("gaussian, all lags", lambda: Gaussian(0.6), spreads=True),
    KernelEntry("gaussian, few taps", lambda: Gaussian(0.6, reach=3), spreads=True),
]
