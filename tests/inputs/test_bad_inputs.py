"""What the library says to wrong input: always a ValueError with field, value, what is allowed and a remedy."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxsnn import claims, fit, plotting, theory
from jaxsnn.engine import Plan, load_tree, save_tree
from jaxsnn.neurons import LIF
from jaxsnn.sweeps import Grid, Panel, Study, geometric, jackknife, linear, load, plan_sweep, single, sweep, verify

from .messages import Bad, check_message, check_refusal, entries

NAN, INF = float("nan"), float("inf")
OBJECTS = np.array([1.0, None], dtype=object)


def key():
    return jax.random.key(0)


def lif(**options):
    return LIF(**{"size": 3, **options})


def toy(point, key):
    return {"y": point["a"] + jax.random.normal(key)}


GRID = Grid(a=[1.0, 2.0], seed=2)


def swept(study=toy, grid=GRID, **options):
    return sweep(study, grid, **{"key": key(), **options})


def study(**options):
    return Study(**{"name": "toy", "version": 1, "program": toy, **options})


def returning(value):
    return swept(lambda point, key: value(point, key))


_halved = lambda point: Plan({}, {"a": point["a"] / 2})
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
    Bad(
        "result in the way of a result's axis",
        lambda: returning(lambda p, k: {"y": jnp.full(2, p["a"]), "y_dim0": p["a"]}),
        "result",
        "'y_dim0'",
    ),
    Bad("result that leaves the store", lambda: returning(lambda p, k: {"../y": p["a"]}), "result", "'../y'"),
    Bad(
        "a result of terabytes",
        lambda: returning(lambda p, k: {"y": p["a"] * jnp.zeros((10**6, 10**6))}),
        "chunk",
        "TiB",
    ),
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
    Bad(
        "prepare of a name",
        lambda: swept(study(prepare=_halved), Grid(a="x")),
        "a",
        "'x'",
    ),
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
    Bad(
        "table the wrong way round",
        lambda: plotting.heatmap(_ax(), [1, 2], [1, 2, 3], PAIR.T, label="v"),
        "values",
        "(2, 3)",
    ),
    Bad("columns that differ", lambda: plotting.write_csv("x.csv", {"a": [1, 2], "b": [1, 2, 3]}), "columns", "(3,)"),
]
TABLE = {"axes": AXES, "sweeps": SWEEPS, "fit": FIT, "theory": THEORY}


@pytest.mark.parametrize("bad", entries(TABLE))
def test_bad_input_is_refused_in_a_paragraph_before_anything_is_written(bad, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_refusal(bad)
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_another_tree_is_refused(tmp_path):
    save_tree(tmp_path / "c", {"a": np.ones(2)})
    with pytest.raises(ValueError, match="belongs to another run") as error:
        load_tree(tmp_path / "c", {"a": np.ones(3)})
    check_message(str(error.value), "checkpoint", "float64[3]")
