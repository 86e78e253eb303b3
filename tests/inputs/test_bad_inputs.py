"""What the library says to wrong input: always a ValueError with field, value, what is allowed and a remedy."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxsnn import claims, fit, plotting, theory
from jaxsnn.delays import DelayLine, FloatHistory, Gaussian
from jaxsnn.engine import Plan, load_tree, save_tree, simulate
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
from jaxsnn.sweeps import Grid, Panel, Study, geometric, jackknife, linear, load, plan_sweep, single, sweep, verify
from jaxsnn.synapses import DelayedDense, Dense, Exponential, LowRank

from .messages import Bad, check_message

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
    Bad("negative delay", lambda: DelayLine(-1.0, size=3, max_delay=4), "DelayLine.delay", "-1"),
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
    Bad("no cell in a chain", lambda: Chain(lif(), "readout"), "Chain.cells[1]", "'readout'"),
    Bad("cells as a list", lambda: Chain([lif()]), "Chain.cells[0]", "[LIF"),
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
    Bad("signal for other synapses", lambda: run(Dense(np.ones((2, 4)))), "Dense", "float32[5, 3]"),
    Bad("parts that do not fit", lambda: run(Chain(Dense(np.ones((2, 3))), lif(size=4))), "LIF(size=4)", "(2,)"),
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


def toy(point, key):
    return {"y": point["a"] + jax.random.normal(key)}


GRID = Grid(a=[1.0, 2.0], seed=2)


def swept(study=toy, grid=GRID, **options):
    return sweep(study, grid, **{"key": key(), **options})


def study(**options):
    return Study(**{"name": "toy", "version": 1, "program": toy, **options})


def returning(value):
    return swept(lambda point, key: value(point, key))


AXES = [
    Bad("empty axis", lambda: Grid(noise=[]), "noise", "[]"),
    Bad("empty text", lambda: Grid(noise=""), "noise", "''"),
    Bad("axis NaN", lambda: Grid(noise=[0.1, NAN]), "noise", "nan"),
    Bad("infinite range", lambda: Grid(noise="0:inf:3"), "noise", "inf"),
    Bad("a range beyond floats", lambda: Grid(noise="1e308:-1e308:3"), "noise", "1e+308"),
    Bad("count of zero", lambda: Grid(noise="0:1:0"), "noise", "0"),
    Bad("count of 10^12", lambda: Grid(noise="0:1:1e12"), "noise", "1000000000000"),
    Bad("a range of 10^12", lambda: Grid(noise=range(10**12)), "noise", "1000000000000"),
    Bad("log range through zero", lambda: Grid(noise="-1:1:5:log"), "noise", "-1"),
    Bad("unknown spacing", lambda: Grid(noise="0:1:3:cubic"), "noise", "cubic"),
    Bad("duplicate values", lambda: Grid(noise="1,1.0"), "noise", "1.0"),
    Bad("numbers and names", lambda: Grid(noise="1,fast"), "noise", "'1,fast'"),
    Bad("numbers in quotes", lambda: Grid(noise=["1", "2"]), "noise", "'1'"),
    Bad("a number mistyped", lambda: Grid(noise="0x10"), "noise", "'0x10'"),
    Bad("complex axis", lambda: Grid(noise=[1j]), "noise", "1j"),
    Bad("objects on an axis", lambda: Grid(noise=OBJECTS), "noise", "None"),
    Bad("a set has no order", lambda: Grid(noise={1, 2}), "noise", "{1, 2}"),
    Bad("a table for an axis", lambda: Grid(noise=np.zeros((2, 2))), "noise", "(2, 2)"),
    Bad("an integer of 400 digits", lambda: Grid(noise="9" * 400), "noise", "9999"),
    Bad("an axis that is no word", lambda: Grid(**{"a b": 1}), "axis", "'a b'"),
    Bad("an axis twice", lambda: Grid(a=1) * Grid(a=2), "axis", "'a'"),
    Bad("10^12 points", lambda: Grid(**dict.fromkeys("abcd", range(1000))), "grid", "1000000000000"),
    Bad("zipped lengths", lambda: Grid.zip(a=[1, 2], b=[1]), "a has 2", "b has 1"),
    Bad("negative seeds", lambda: Grid(a=1, seed=[-1]), "seed", "-1"),
    Bad("the same seed twice", lambda: Grid(a=1, seed=[3, 3]), "seed", "[3, 3]"),
    Bad("half a seed", lambda: Grid(a=1, seed=0.5), "seed", "0.5"),
    Bad("10^12 seeds", lambda: Grid(a=1, seed=10**12), "seed", "1000000000000"),
    Bad("linear in NaN values", lambda: linear(0, 1, NAN), "linear", "nan"),
    Bad("geometric from text", lambda: geometric("a", 1, 3), "geometric", "'a'"),
    Bad("grid of JSON that is none", lambda: Grid.from_json({"factors": []}), "grid", "factors"),
    Bad("grid of JSON with NaN", lambda: Grid.from_json({"factors": [[["a", [NAN]]]], "seed": [0]}), "a", "nan"),
]
SWEEPS = [
    Bad("grid as a dict", lambda: swept(grid={"a": 1}), "grid", "{'a': 1}"),
    Bad("sweep with an integer for a key", lambda: swept(key=3), "key", "3"),
    Bad("chunk of nothing", lambda: swept(chunk=0), "chunk", "0"),
    Bad("unknown engine", lambda: swept(engine="steam"), "engine", "'steam'"),
    Bad("cores as text", lambda: swept(cores="2"), "cores", "'2'"),
    Bad("too many cores", lambda: swept(cores=999), "cores", "999"),
    Bad("constant that is an axis", lambda: swept(constants={"a": 1}), "constant", "'a'"),
    Bad("constant NaN", lambda: swept(constants={"b": NAN}), "constants['b']", "nan"),
    Bad("constants as a list", lambda: swept(constants=[1]), "constants", "[1]"),
    Bad("independent of what", lambda: swept(independent="no"), "independent", "'no'"),
    Bad("memory as text", lambda: swept(memory_limit="1GB"), "memory_limit", "'1GB'"),
    Bad("memory for nothing", lambda: swept(memory_limit=1), "chunk", "1 B"),
    Bad("a callback that is none", lambda: swept(on_segment=3), "on_segment", "3"),
    Bad("study by name", lambda: swept("toy"), "program", "'toy'"),
    Bad("study of one argument", lambda: swept(lambda point: {}), "program", "lambda"),
    Bad("axis that the study needs", lambda: swept(grid=Grid(b=1)), "'a'", "b = 1"),
    Bad("result that is no dict", lambda: returning(lambda p, k: 3.0), "the run", "ShapeDtypeStruct"),
    Bad("result that is a text", lambda: returning(lambda p, k: {"y": "x"}), "['y']", "str"),
    Bad("complex result", lambda: returning(lambda p, k: {"y": jax.lax.complex(p["a"], p["a"])}), "result", "'y'"),
    Bad("result in the way of an axis", lambda: returning(lambda p, k: {"a": p["a"]}), "result", "'a'"),
    Bad("result that leaves the store", lambda: returning(lambda p, k: {"../y": p["a"]}), "result", "'../y'"),
    Bad("a result of terabytes", lambda: returning(lambda p, k: {"y": jnp.zeros((10**6, 10**6))}), "chunk", "TiB"),
    Bad("an axis beyond int32", lambda: swept(grid=Grid(a=[2**40])), "a", "1099511627776"),
    Bad("an axis beyond float32", lambda: swept(grid=Grid(a=[1e300])), "a", "1e+300"),
    Bad("a plan of 10^12 points", lambda: plan_sweep(toy, Grid(a=range(10**7)), key=key()), "a", "10000000"),
    Bad("study without a name", lambda: study(name=""), "name", "''"),
    Bad("study without a version", lambda: study(version=None), "version", "None"),
    Bad("study with a text for a program", lambda: study(program="toy"), "program", "'toy'"),
    Bad("study with half a chunk", lambda: study(chunk=0.5), "chunk", "0.5"),
    Bad("study with a number for constants", lambda: study(constants=3), "constants", "3"),
    Bad("prepare that is no function", lambda: study(prepare=3), "prepare", "3"),
    Bad("prepare that returns the point", lambda: swept(study(prepare=lambda p: p)), "prepare", "dict"),
    Bad("plan NaN", lambda: swept(study(prepare=lambda p: Plan({}, {"a": NAN}))), "a", "nan"),
    Bad("prepare of a name", lambda: swept(study(prepare=lambda p: Plan({}, {"a": p["a"] / 2})), Grid(a="x")), "a", "'x'"),
    Bad("undefined as a text", lambda: study(undefined="y"), "undefined", "'y'"),
    Bad("undefined that is no result", lambda: swept(study(undefined=("cv",))), "undefined", "'cv'"),
    Bad("work that is a text", lambda: swept(study(updates=lambda p: "much")), "updates", "'much'"),
    Bad("single of several", lambda: single(toy, {"a": [1.0]}, key=key()), "a", "[1.0]"),
    Bad("single with a negative seed", lambda: single(toy, {"a": 1.0}, key=key(), seed=-1), "seed", "-1"),
    Bad("single with a key of the wrong kind", lambda: single(toy, {"a": 1.0}, key=0), "key", "0"),
    Bad("panel with a text for a key", lambda: Panel(toy, GRID, key="a"), "key", "'a'"),
    Bad("jackknife of one seed", lambda: jackknife(np.mean, np.ones((3, 1))), "seeds", "1"),
    Bad("jackknife along nothing", lambda: jackknife(np.mean, np.ones((3, 4)), axis=5), "axis", "5"),
    Bad("confidence above one", lambda: jackknife(np.mean, np.ones((3, 4)), confidence=1.5), "confidence", "1.5"),
    Bad("store as a number", lambda: swept(store=3), "store", "3"),
    Bad("store without a name", lambda: swept(store=""), "store", "''"),
    Bad("store that no disk can have", lambda: load("x" * 300), "store", "xxx"),
    Bad("store that is not there", lambda: load("nowhere"), "nowhere", "spec.json"),
    Bad("verify what is not there", lambda: verify("nowhere"), "nowhere", "spec.json"),
]


def fitted(loss=lambda model, key: jnp.sum(model.tau), model=None, train=None, **options):
    model, train = lif() if model is None else model, {"tau": fit.positive()} if train is None else train
    return fit.fit(loss, model, train, **{"optimizer": optax.adam(0.1), "steps": 2, "key": key(), **options})


def fits(points, make=lambda point: lif(tau=point["tau"])):
    train = {"tau": fit.positive()}
    loss = lambda model, key: jnp.sum(model.tau)
    return fit.fit_grid(loss, make, points, train, optimizer=optax.adam(0.1), steps=2, key=key())


PAIR, TRIPLE = np.ones((3, 2), np.float32), np.ones((4, 2), np.float32)
FIT = [
    Bad("no steps", lambda: fitted(steps=0), "steps", "0"),
    Bad("fit of 10^12 steps", lambda: fitted(steps=10**12), "steps", "1000000000000"),
    Bad("fit with a number for a key", lambda: fitted(key=0), "key", "0"),
    Bad("a path that is not there", lambda: fitted(train={"tua": fit.positive()}), "train", "'tua'"),
    Bad("paths without bounds", lambda: fitted(train=["tau"]), "train", "['tau']"),
    Bad("bounds as a pair", lambda: fitted(train={"tau": (0, 1)}), "train['tau']", "(0, 1)"),
    Bad("bounds that exclude the start", lambda: fitted(train={"tau": fit.between(0, 1)}), "tau", "20."),
    Bad("a path twice", lambda: fitted(train={"tau": fit.free(), "*": fit.free()}), "'tau'", "'*'"),
    Bad("optimiser by name", lambda: fitted(optimizer="adam"), "optimizer", "'adam'"),
    Bad("optimiser for others", lambda: fitted(optimizer={"x": optax.adam(0.1)}), "optimizer", "'tau'"),
    Bad("negative patience", lambda: fitted(patience=-1), "patience", "-1"),
    Bad("fit in an unknown mode", lambda: fitted(mode="backward"), "mode", "'backward'"),
    Bad("record what is not trained", lambda: fitted(record=["x"]), "record", "'x'"),
    Bad("record as a text", lambda: fitted(record="tau"), "record", "'tau'"),
    Bad("loss by name", lambda: fitted("mse"), "loss", "'mse'"),
    Bad("loss of one argument", lambda: fitted(lambda model: 0.0), "loss", "lambda"),
    Bad("loss per neuron", lambda: fitted(lambda model, key: model.tau * jnp.ones(2)), "loss", "float32[2]"),
    Bad("loss of nothing", lambda: fitted(lambda model, key: None), "loss", "None"),
    Bad("metric in the way", lambda: fitted(lambda m, key: (m.tau, {"loss": m.tau})), "metrics", "'loss'"),
    Bad("batches as a list", lambda: fitted(lambda m, x, key: m.tau, batches=[1, 2]), "batches", "[1, 2]"),
    Bad("checkpoint in no folder", lambda: fitted(checkpoint="no/such/place"), "checkpoint", "no/such/place"),
    Bad("batch beyond the samples", lambda: fit.Batches(TRIPLE, 5, key=key()), "size", "5"),
    Bad("samples that differ", lambda: fit.Batches((PAIR, TRIPLE), 2, key=key()), "arrays", "'4'"),
    Bad("samples that are names", lambda: fit.Batches(np.array(["a", "b"]), 1, key=key()), "arrays", "'a'"),
    Bad("bounds turned round", lambda: fit.between(2, 1), "between", "2, 1"),
    Bad("bound of text", lambda: fit.positive("a"), "positive", "'a'"),
    Bad("points of two lengths", lambda: fits({"tau": [1.0], "x": [1.0, 2.0]}), "points", "'x': 2"),
    Bad("points of nothing", lambda: fits({"tau": []}), "points['tau']", "[]"),
    Bad("one point NaN", lambda: fits({"tau": [1.0, NAN]}), "LIF.tau", "nan"),
    Bad("a class that is not there", lambda: fit.cross_entropy(PAIR, 5), "label", "5"),
    Bad("unknown form", lambda: fit.cross_entropy(PAIR, 0, form="max"), "form", "'max'"),
    Bad("trains of two lengths", lambda: fit.van_rossum(PAIR, TRIPLE, 1.0, 1.0), "target.shape", "(4, 2)"),
    Bad("filter without time", lambda: fit.van_rossum(PAIR, PAIR, 0.0, 1.0), "tau", "0.0"),
    Bad("target of other neurons", lambda: fit.rate_loss(PAIR, np.ones(3), 1.0), "target.shape", "(3,)"),
    Bad("target that would be copied", lambda: fit.readout_loss(PAIR, PAIR[:, :1]), "target.shape", "(3, 1)"),
    Bad("negative price", lambda: fit.spike_time_loss(PAIR, PAIR, missing=-1.0), "missing", "-1"),
    Bad("checkpoint of an object", lambda: save_tree("x", {"a": object()}), "['a']", "object"),
]
_ax = lambda: plotting.figure()[1]
THEORY = [
    Bad("theory of negative noise", lambda: theory.bound_variance(-1.0, 1.0, 0.5, 8), "noise", "-1"),
    Bad("theory of a leak NaN", lambda: theory.bound_variance(1.0, NAN, 0.5, 8), "leak", "nan"),
    Bad("theory of a delay in words", lambda: theory.bound_variance(1.0, 1.0, "long", 8), "delay", "'long'"),
    Bad("theory of complex noise", lambda: theory.noise_only(1j), "noise", "1j"),
    Bad("theory of half a neuron", lambda: theory.bound_variance(1.0, 1.0, 0.5, 1.5), "neurons", "1.5"),
    Bad("minimum of a number", lambda: theory.minimise_over_noise(3.0), "variance", "3.0"),
    Bad("range turned round", lambda: theory.minimise_over_noise(jnp.square, lower=2, upper=1), "lower", "2"),
    Bad("minimum of two points", lambda: theory.minimise_over_noise(jnp.square, points=2), "points", "2"),
    Bad("noise held where", lambda: theory.coding_error(1.0, 1.0, 0.5, 8, held="x"), "held", "'x'"),
    Bad("two tolerances", lambda: claims.within([1.0, 2.0], 1.0, relative=0.1, absolute=0.1), "relative", "0.1"),
    Bad("negative tolerance", lambda: claims.within([1.0, 2.0], 1.0, relative=-0.1), "tolerance", "-0.1"),
    Bad("tolerance in words", lambda: claims.within([1.0, 2.0], 1.0, absolute="few"), "tolerance", "'few'"),
    Bad("claim about a word", lambda: claims.within("a", 1.0, relative=0.1), "samples", "'a'"),
    Bad("claim without seeds", lambda: claims.above(3.0, 1.0), "samples", "()"),
    Bad("axis out of order", lambda: claims.increases([2, 1], np.ones((2, 3))), "at", "[2. 1.]"),
    Bad("power of zero", lambda: claims.exponent([0, 1, 2], np.ones((3, 3))), "at", "0"),
    Bad("nothing to hold", lambda: claims.all_of({}), "outcomes", "empty"),
    Bad("a number for an outcome", lambda: claims.all_of([1]), "outcomes", "1"),
    Bad("claim without a check", lambda: claims.Claim("a", "b", "c", "d"), "check", "'d'"),
    Bad("claim with a number for a name", lambda: claims.Claim(3, "b", "c", print), "id", "3"),
    Bad("unknown width", lambda: plotting.figure("huge"), "width", "'huge'"),
    Bad("figure without rows", lambda: plotting.figure(rows=0), "rows", "0"),
    Bad("table the wrong way round", lambda: plotting.heatmap(_ax(), [1, 2], [1, 2, 3], PAIR.T, label="v"), "values", "(2, 3)"),
    Bad("columns that differ", lambda: plotting.write_csv("x.csv", {"a": [1, 2], "b": [1, 2, 3]}), "columns", "(3,)"),
]
TABLE = {
    "constructors": CONSTRUCTORS,
    "networks": NETWORKS,
    "simulate": SIMULATE,
    "axes": AXES,
    "sweeps": SWEEPS,
    "fit": FIT,
    "theory": THEORY,
}
ENTRIES = [pytest.param(bad, id=f"{group}: {bad.name}") for group, entries in TABLE.items() for bad in entries]


def test_the_table_has_what_was_promised_and_nothing_twice():
    names = [entry.id for entry in ENTRIES]
    assert len(names) >= 60
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("bad", ENTRIES)
def test_bad_input_is_answered_in_a_paragraph_with_field_value_allowed_and_remedy(bad, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError) as error:  # noqa: PT011  what it says is the test
        bad.act()
    assert type(error.value) is ValueError
    check_message(str(error.value), bad.field, bad.value)
    assert not list(tmp_path.iterdir()), "something was written"


def test_a_checkpoint_of_another_tree_is_refused(tmp_path):
    save_tree(tmp_path / "c", {"a": np.ones(2)})
    with pytest.raises(ValueError, match="belongs to another run") as error:
        load_tree(tmp_path / "c", {"a": np.ones(3)})
    check_message(str(error.value), "checkpoint", "float64[3]")
