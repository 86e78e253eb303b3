"""What cells, networks and `simulate` say to wrong input: a ValueError with field, value, what is allowed, a remedy."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Cell, check_cells
from jaxsnn.delays import DelayLine, FloatHistory, Gaussian
from jaxsnn.engine import simulate
from jaxsnn.gradients import ArcTan, FastSigmoid, Hazard, NoiseDriven, Triangle
from jaxsnn.networks import (
    Balanced,
    Chain,
    Constant,
    Delayed,
    Parallel,
    ReadoutUnits,
    Recurrent,
    Sequential,
    Sinusoids,
    homogeneous,
    time_step,
    to_isi,
)
from jaxsnn.neurons import LIF, AdaptiveLIF, DiscreteLIF, LeakyIntegrator, LIFState, QuadraticIF, RefractoryLIF
from jaxsnn.noise import OrnsteinUhlenbeck, PoissonSource, WhiteNoise
from jaxsnn.readouts import ErrorReadout, Fano, LeakyReadout, Packet, Rate, SameNeuron, Score, Synchrony
from jaxsnn.synapses import DelayedDense, Dense, Exponential, LowRank
from tests import catalogue

from .messages import Bad, check_message, check_refusal, entries

NAN, INF = float("nan"), float("inf")
ONES = np.ones((5, 3), np.float32)
OBJECTS = np.array([1.0, None], dtype=object)


def key():
    return jax.random.key(0)


def lif(**options):
    return LIF(**{"size": 3, **options})


def run(cell=None, inputs=ONES, **options):
    return simulate(lif() if cell is None else cell, inputs, **{"dt": 0.5, "key": key(), **options})


def alone(cell, **options):
    return run(cell, None, **{"steps": 3, **options})


def balanced(decoder=((1.0, 1.0, 1.0),), leak=1.0, noise=1.0, readout=None, inhibition=None):
    readout, inhibition = readout or ErrorReadout(1.0), inhibition or Sequential()
    return Balanced(np.array(decoder), leak, noise, readout, inhibition)


def small(neurons=3, **options):
    return homogeneous(neurons, **{"leak": 0.5, "noise": 0.6, **options})


CONSTRUCTORS = [
    Bad("negative time constant", lambda: lif(tau=-1.0), "LIF.tau", "-1"),
    Bad("time constant of zero", lambda: LeakyIntegrator(0.0, size=3), "LeakyIntegrator.tau", "0."),
    Bad("time constant NaN", lambda: lif(tau=NAN), "LIF.tau", "nan"),
    Bad("infinite time constant", lambda: Exponential(INF, size=3), "Exponential.tau_syn", "inf"),
    Bad("complex parameter", lambda: lif(tau=1j), "LIF.tau", "1j"),
    Bad("text for a number", lambda: lif(tau="20"), "LIF.tau", "'20'"),
    Bad("None for a number", lambda: lif(threshold=None), "LIF.threshold", "None"),
    Bad("truth value for a number", lambda: lif(tau=True), "LIF.tau", "True"),
    Bad("object array", lambda: lif(tau=OBJECTS), "LIF.tau", "None"),
    Bad("ragged rows", lambda: Dense([[1.0], [1.0, 2.0]]), "Dense.weight", "[1.0, 2.0]"),
    Bad("a number too large", lambda: lif(tau=10**400), "LIF.tau", "1000"),
    Bad("wrong number of parameters", lambda: lif(tau=np.ones(2)), "LIF.tau.shape", "(2,)"),
    Bad("no neurons", lambda: lif(size=0), "LIF.size", "0"),
    Bad("half a neuron", lambda: lif(size=2.5), "LIF.size", "2.5"),
    Bad("size as text", lambda: AdaptiveLIF(size="3"), "AdaptiveLIF.size", "'3'"),
    Bad("size as truth", lambda: WhiteNoise(size=True), "WhiteNoise.size", "True"),
    Bad("threshold NaN", lambda: lif(threshold=NAN), "LIF.threshold", "nan"),
    Bad("rule by name", lambda: lif(spike="arctan"), "LIF.spike", "'arctan'"),
    Bad("rule as a class", lambda: DiscreteLIF(spike=ArcTan, size=3), "DiscreteLIF.spike", "ArcTan"),
    Bad("reset above threshold", lambda: RefractoryLIF(reset=2.0, size=3), "RefractoryLIF.reset", "2."),
    Bad("negative refractory period", lambda: RefractoryLIF(refractory=-1, size=3), "RefractoryLIF.refractory", "-1"),
    Bad("reset above the peak", lambda: QuadraticIF(reset=99.0, size=3), "QuadraticIF.reset", "99"),
    Bad("unknown reset", lambda: DiscreteLIF(reset="soft", size=3), "DiscreteLIF.reset", "'soft'"),
    Bad("decay above one", lambda: DiscreteLIF(beta=1.5, size=3), "DiscreteLIF.beta", "1.5"),
    Bad("adaptation without time", lambda: AdaptiveLIF(tau_adapt=0.0, size=3), "AdaptiveLIF.tau_adapt", "0."),
    Bad("negative noise", lambda: WhiteNoise(-0.1, size=3), "WhiteNoise.sigma", "-0.1"),
    Bad("noise NaN", lambda: OrnsteinUhlenbeck(1.0, NAN, size=3), "OrnsteinUhlenbeck.sigma", "nan"),
    Bad("negative rate", lambda: PoissonSource(-1.0, size=3), "PoissonSource.rate", "-1"),
    Bad("weights in one row", lambda: Dense(np.ones(3)), "Dense.weight.shape", "(3,)"),
    Bad("weights NaN", lambda: Dense(np.full((2, 3), NAN)), "Dense.weight", "nan"),
    Bad("ranks that differ", lambda: LowRank(np.ones((2, 3)), np.ones((2, 3))), "LowRank.right.shape", "(2, 3)"),
    Bad("wrong shape of delays", lambda: DelayedDense(ONES, np.ones(2), max_delay=4), "delay.shape", "(2,)"),
    Bad("negative delay", lambda: run(DelayLine(-1.0, size=3, max_delay=4)), "DelayLine.delay", "-1"),
    Bad("half a slot", lambda: DelayLine(1.0, size=3, max_delay=4.5), "DelayLine.max_delay", "4.5"),
    Bad("a buffer of 10^12", lambda: DelayLine(1.0, size=3, max_delay=10**12), "max_delay", "1000000000000"),
    Bad("kernel by name", lambda: DelayLine(1.0, size=3, max_delay=4, kernel="linear"), "kernel", "'linear'"),
    Bad("negative width", lambda: Gaussian(-1.0), "Gaussian.width", "-1"),
    Bad("a kernel that is cut", lambda: Gaussian(2.0, reach=1), "Gaussian.reach", "1"),
    Bad("no width of a surrogate", lambda: Triangle(0.0), "Triangle.width", "0."),
    Bad("width NaN", lambda: FastSigmoid(NAN), "FastSigmoid.width", "nan"),
    Bad("unknown height", lambda: ArcTan(1.0, normalize="max"), "ArcTan.normalize", "'max'"),
    Bad("unknown mode", lambda: ArcTan(1.0, mode="backward"), "ArcTan.mode", "'backward'"),
    Bad("unknown distribution", lambda: NoiseDriven("cauchy"), "distribution", "'cauchy'"),
    Bad("noise-driven without noise", lambda: NoiseDriven("gaussian", 0.0), "NoiseDriven.sigma", "0."),
    Bad("unknown hazard", lambda: Hazard(1.0, shape="linear"), "Hazard.shape", "'linear'"),
]
NETWORKS = [
    Bad("empty chain", Chain, "Chain.cells", "()"),
    Bad("no cell in a chain", lambda: Chain(lif(), "readout"), "Chain.cells[1]", "'str'"),
    Bad("cells as a list", lambda: Chain([lif()]), "Chain.cells[0]", "'list'"),
    Bad("unknown combination", lambda: Parallel(lif(), combine="product"), "Parallel.combine", "'product'"),
    Bad("loop without a delay", lambda: Recurrent(lif(), Dense(np.ones((3, 3)))), "Recurrent.line", "'Dense'"),
    Bad("loop around nothing", lambda: Recurrent("lif", DelayLine(1.0, size=3, max_delay=4)), "forward", "'lif'"),
    Bad("drive NaN", lambda: Constant(NAN), "Constant.value", "nan"),
    Bad("modes that differ", lambda: Sinusoids([1.0, 2.0], [[1.0]], [1.0], [[0.0]], 1.0), "amplitude", "(1, 1)"),
    Bad("decoder in one row", lambda: balanced((1.0, 1.0)), "decoder", "[1. 1.]"),
    Bad("decoder NaN", lambda: balanced(((NAN, 1.0), (1.0, 1.0)), readout=ErrorReadout(1.0, 2)), "decoder", "nan"),
    Bad("negative leak", lambda: balanced(leak=-1.0), "leak", "-1"),
    Bad("noise of other neurons", lambda: balanced(noise=np.ones(2)), "noise.shape", "(2,)"),
    Bad("readout of other signals", lambda: balanced(readout=ErrorReadout(1.0, signal=2)), "readout.signal", "2"),
    Bad("history of others", lambda: balanced(inhibition=Delayed(1.0, FloatHistory(4, 9))), "history", "(1, 4)"),
    Bad("inhibition by name", lambda: balanced(inhibition="sequential"), "inhibition", "'sequential'"),
    Bad("delayed by nothing", lambda: Delayed(0.0, FloatHistory(3, 4)), "Delayed.delay", "0."),
    Bad("no history", lambda: FloatHistory(3, 0), "FloatHistory.max_delay", "0"),
    Bad("homogeneous without neurons", lambda: small(0), "neurons", "0"),
    Bad("homogeneous negative leak", lambda: small(leak=-0.5), "leak", "-0.5"),
    Bad("homogeneous noise NaN", lambda: small(noise=NAN), "noise", "nan"),
    Bad("homogeneous negative delay", lambda: small(delay=-1.0), "delay", "-1"),
    Bad("homogeneous delays", lambda: small(delay=np.ones(2)), "delay.shape", "(2,)"),
    Bad("homogeneous rate of zero", lambda: small(rate=0.0), "rate", "0."),
    Bad("no steps in an interval", lambda: time_step(1.0, steps_per_isi=0), "steps_per_isi", "0"),
    Bad("units without a rate", lambda: to_isi(ReadoutUnits(1.0, 1.0, 1.0), 0.0), "rate", "0."),
    Bad("meter of a number", lambda: Rate(3), "Rate.of", "3"),
    Bad("negative warm-up", lambda: Rate("output", first=-1), "first", "-1"),
    Bad("half a step", lambda: Rate("output", first=1.5), "first", "1.5"),
    Bad("window without a step", lambda: Rate("output", first=5, last=3), "last", "3"),
    Bad("steps beyond int32", lambda: Rate("output", last=10**12), "last", "1000000000000"),
    Bad("meter of no entries", lambda: Rate("output", shape=0), "shape", "0"),
    Bad("bins of no length", lambda: Fano("output", 0), "bin_steps", "0"),
    Bad("samples never taken", lambda: Packet("output", every=0), "every", "0"),
    Bad("no neurons to compare", lambda: SameNeuron("output", neurons=0), "neurons", "0"),
    Bad("negative neurons", lambda: Synchrony("output", neurons=-1), "neurons", "-1"),
    Bad("readout without time", lambda: LeakyReadout(0.0), "tau", "0."),
    Bad("readout of no signal", lambda: ErrorReadout(1.0, signal=0), "signal", "0"),
    Bad("meters as a list", lambda: Score(lif(), [Rate("output")]), "Score.meters", "[Rate"),
    Bad("meter by name", lambda: Score(lif(), {"rate": "rate"}), "meters['rate']", "'rate'"),
]
SIMULATE = [
    Bad("no time step", lambda: run(dt=0.0), "dt", "0.0"),
    Bad("time step as text", lambda: run(dt="1"), "dt", "'1'"),
    Bad("two time steps", lambda: run(dt=np.ones(2)), "dt.shape", "(2,)"),
    Bad("key of the wrong kind", lambda: run(key=0), "key", "0"),
    Bad("key of the old kind", lambda: run(key=jax.random.PRNGKey(0)), "key", "[0 0]"),
    Bad("several keys", lambda: run(key=jax.random.split(key(), 2)), "key", "(2,)"),
    Bad("no number of steps", lambda: run(None, None, steps=None), "steps", "None"),
    Bad("other number of steps", lambda: run(steps=6), "steps", "6"),
    Bad("10^12 steps", lambda: alone(PoissonSource(0.1, size=3), steps=10**12), "steps", "1000000000000"),
    Bad("blocks of nothing", lambda: run(block=0), "block", "0"),
    Bad("signal for other neurons", lambda: run(inputs=np.ones((5, 4))), "inputs.shape", "(5, 4)"),
    Bad("signal that would be copied", lambda: run(inputs=np.ones((5, 1))), "inputs.shape", "(5, 1)"),
    Bad("signal without time", lambda: run(inputs=1.0), "inputs.shape", "()"),
    Bad("a batch of signals", lambda: run(inputs=np.ones((5, 2, 3))), "inputs.shape", "(5, 2, 3)"),
    Bad("signal for other synapses", lambda: run(Dense(np.ones((2, 4)))), "Dense", "(5, 3)"),
    Bad(
        "parts that do not fit",
        lambda: run(Chain(Dense(np.ones((2, 3))), lif(size=4))),
        "Chain.cells[1].input",
        "(5, 2)",
    ),
    Bad("noise of other neurons", lambda: run(lif(spike=NoiseDriven("gaussian", np.ones(2)))), "LIF(size=3)", "(2,)"),
    Bad("no signal", lambda: alone(lif()), "inputs", "None"),
    Bad("signal NaN", lambda: run(inputs=_with_nan()), "inputs[2]", "nan"),
    Bad("complex signal", lambda: run(inputs=ONES * 1j), "inputs", "1.j"),
    Bad("signal by name", lambda: run(inputs="spikes.npy"), "inputs", "'spikes.npy'"),
    Bad("signal of objects", lambda: run(inputs=np.full((5, 3), None)), "inputs", "None"),
    Bad("cell by name", lambda: run("lif"), "cell", "'lif'"),
    Bad("cell as a class", lambda: run(LIF), "cell", "LIF"),
    Bad("state of others", lambda: run(state=LIFState(jnp.zeros(4))), "state", "float32[4]"),
    Bad("state of nothing", lambda: run(state=3), "state", "int32[]"),
    Bad("negative start", lambda: run(start=-3), "start", "-3"),
    Bad("record by name", lambda: run(record="v"), "record", "'v'"),
    Bad("memory of nothing", lambda: run(memory=-1), "memory", "-1"),
    Bad("delay NaN", lambda: run(DelayLine(NAN, size=3, max_delay=4)), "DelayLine.delay", "nan"),
    Bad("delay beyond the buffer", lambda: run(DelayLine(10.0, size=3, max_delay=4)), "DelayLine.delay", "10."),
    Bad(
        "loop shorter than a step",
        lambda: run(Recurrent(lif(), DelayLine(0.1, size=3, max_delay=4))),
        "DelayLine.delay",
        "0.1",
    ),
    Bad("inhibition beyond the ring", lambda: alone(small(delay=5.0, max_delay=4), dt=0.1), "delay", "5."),
    Bad("inhibition within a step", lambda: alone(small(delay=0.05, max_delay=4), dt=0.1), "delay", "0.05"),
    Bad("a rate too fast for dt", lambda: alone(PoissonSource(5.0, size=3)), "PoissonSource.rate", "5."),
    Bad("a field that is not there", lambda: run(Score(lif(), {"r": Rate("output.v")})), "of", "'output.v'"),
    Bad("a meter of another shape", lambda: run(Score(lif(), {"r": Rate("output")})), "Rate", "(3,)"),
]


def _with_nan():
    signal = ONES.copy()
    signal[2, 1] = NAN
    return signal


TABLE = {"constructors": CONSTRUCTORS, "networks": NETWORKS, "simulate": SIMULATE}


@pytest.mark.parametrize("bad", entries(TABLE))
def test_a_part_that_makes_no_sense_is_refused_in_a_paragraph(bad):
    check_refusal(bad)


def modules(node):
    """A module and all modules in it."""
    if isinstance(node, eqx.Module):
        yield node
        for field in dataclasses.fields(node):
            inner = getattr(node, field.name)
            for part in inner if isinstance(inner, tuple) else (inner,):
                yield from modules(part)


@pytest.mark.parametrize(
    "entry", [*catalogue.CELLS, *catalogue.RULES, *catalogue.KERNELS], ids=lambda entry: entry.name
)
def test_every_parameter_of_every_part_refuses_nan_by_name(entry):
    for part in modules(entry.make()):
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            if not (hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.floating)):
                continue
            with pytest.raises(ValueError, match="nan") as error:  # at once, or before the run
                _checked(dataclasses.replace(part, **{field.name: jnp.full(value.shape, NAN)}))
            check_message(str(error.value), field.name, "nan")


def _checked(part):
    if isinstance(part, Cell):
        check_cells(part, 0.5)
    elif hasattr(part, "check"):
        part.check(0.5)
