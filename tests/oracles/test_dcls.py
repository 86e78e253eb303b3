"""Our delayed synapses, schedules and optimisers against those of the public `dcls` package and of PyTorch.

tests/oracles/dcls.json holds what they computed, tests/oracles/dcls.py says how. There the parameter is a position P in
a kernel of T taps, and the kernel is a correlation: tap n of T weighs the input T - 1 - n steps ago. So

    delay = T - 1 - floor(T/2) - P             width = |SIG| + 0.27 of "gauss", |SIG| + 1 of "max"

The package divides by (sum + 1e-7) where we divide by the sum, which is at least 1 here, and works in double precision
as this test does: so 1e-6 is the tolerance of everything, relative to the largest entry.
"""

import json
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.hammouamri_2023 import schedule
from jaxsnn.delays import Gaussian, Nearest, Triangular
from jaxsnn.engine import simulate
from jaxsnn.synapses import DelayedDense
from tests.laws.quick import quick_jit

RECORD = json.loads(Path(__file__).with_name("dcls.json").read_text())
NAMED = {f"{one['version']}, {one['taps']} taps, {one['kernels']}, SIG {one['sig']:g}": one for one in RECORD["layers"]}
TOLERANCE = 1e-6


def _array(layer, name):
    return np.asarray(layer[name], float)


def _delay(layer):
    taps = layer["taps"]
    return taps - 1 - taps // 2 - _array(layer, "position")


def _kernel(layer):
    if layer["version"] == "gauss":
        return Gaussian(layer["sig"] + schedule.EXTRA)
    return Triangular(layer["sig"] + 1.0)


def _close(ours, wanted):
    np.testing.assert_allclose(ours, wanted, atol=TOLERANCE * np.abs(wanted).max(), rtol=0)


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def _shares(layer, kernel):
    """[lag, post, pre, kernel]"""
    lags = jnp.arange(layer["taps"], dtype=jnp.int32)
    of = quick_jit(lambda delay: kernel.weights(delay, lags, last=layer["taps"] - 1))
    return np.asarray(of(jnp.asarray(_delay(layer))))


def _weighed(layer, shares):
    """As the package orders it: [post, pre, tap]."""
    return np.moveaxis(np.sum(_array(layer, "weight") * shares, axis=-1), 0, -1)[..., ::-1]


@pytest.mark.parametrize("name", NAMED)
def test_kernel_masses_are_those_of_dcls_with_delay_for_position(name):
    layer = NAMED[name]
    _close(_weighed(layer, _shares(layer, _kernel(layer))), _array(layer, "kernel"))


SHORT = [name for name in NAMED if "SIG 1.3" in name or "SIG 0.23" in name]  # compiled in every run of the tests
REST = [pytest.param(name, marks=pytest.mark.slow) for name in NAMED if name not in SHORT]


@pytest.mark.parametrize("name", SHORT + REST)
def test_output_and_gradients_of_a_layer_are_those_of_dcls(name):
    """Several taps in one synapse are several synapses."""
    layer = NAMED[name]
    after = (layer["taps"] - 1) // 2
    xs = np.pad(_array(layer, "input").transpose(0, 2, 1), ((0, 0), (0, after), (0, 0)))
    cotangent = _array(layer, "cotangent").transpose(0, 2, 1)
    weight, delay = (np.moveaxis(a, -1, 0) for a in (_array(layer, "weight"), _delay(layer)))
    make = lambda w, d: DelayedDense(w, d, max_delay=layer["taps"] - 1, kernel=_kernel(layer))

    @quick_jit
    def graded(given):
        def loss(given):
            weight, delay, xs = given
            run = lambda x, w, d: simulate(make(w, d), x, dt=1.0, key=jax.random.key(0))[1]
            each = lambda w, d: jax.vmap(run, (0, None, None))(xs, w, d)
            y = sum(each(w, d) for w, d in zip(weight, delay, strict=True))
            return jnp.sum(cotangent * y), y

        return jax.value_and_grad(loss, has_aux=True)(given)

    (_, y), (by_weight, by_delay, by_xs) = graded(tuple(jnp.asarray(a) for a in (weight, delay, xs)))
    _close(y.transpose(0, 2, 1), _array(layer, "output"))
    _close(np.moveaxis(by_weight, 0, -1), _array(layer, "by_weight"))
    _close(by_xs[:, : xs.shape[1] - after].transpose(0, 2, 1), _array(layer, "by_input"))
    if layer["version"] == "gauss":  # the triangular kernel of the test has a kink at each whole position
        _close(-np.moveaxis(by_delay, 0, -1), _array(layer, "by_position"))


def test_the_rounded_network_has_one_tap_of_the_full_weight():
    for layer in NAMED.values():
        if layer["version"] != "max":
            continue
        shares = _shares(layer, Nearest())
        assert set(np.unique(shares)) == {0.0, 1.0}
        _close(_weighed(layer, shares), _array(layer, "kernel"))


def test_the_width_falls_as_in_the_released_training_loop():
    every = lambda row: jax.vmap(lambda epoch: schedule.width(epoch, row["taps"], row["epochs"]))
    rows = RECORD["widths"]
    for row, ours in zip(rows, quick_jit(lambda: [every(r)(jnp.arange(r["epochs"] + 1)) for r in rows])(), strict=True):
        assert ours[-1] == pytest.approx(0.5, abs=1e-7)
        # recorded in single precision, one product an epoch
        np.testing.assert_allclose(ours, np.asarray(row["sig"]) + 0.27, rtol=1e-5)


def test_the_rates_are_those_of_pytorch_s_schedules():
    def three(row):
        of = lambda function, *rest: jax.vmap(lambda epoch: function(epoch, row["epochs"], *rest))(
            jnp.arange(row["epochs"])
        )
        return (
            of(schedule.weight_rate, row["highest"]),
            of(schedule.weight_beta),
            of(schedule.delay_rate, row["positions"]),
        )

    found = quick_jit(lambda: [three(row) for row in RECORD["rates"]])()
    for row, (rate, beta, position) in zip(RECORD["rates"], found, strict=True):
        np.testing.assert_allclose(rate, row["rate"], rtol=1e-9)
        np.testing.assert_allclose(beta, row["beta1"], rtol=1e-9)
        np.testing.assert_allclose(position, row["position_rate"], rtol=1e-9, atol=1e-15)


def test_the_weights_move_as_with_pytorch_s_adam():
    row = RECORD["adam"]
    optimizer = schedule.weight_optimizer(row["epochs"], row["each_epoch"], highest=row["highest"], decay=row["decay"])
    value = jnp.asarray(row["start"])

    def step(carry, gradient):
        value, state = carry
        with jax.numpy_dtype_promotion("standard"):
            moves, state = optimizer.update(gradient, state, value)
        value = eqx.apply_updates(value, moves)
        return (value, state), value

    def run(value, gradients):
        with jax.numpy_dtype_promotion("standard"):
            state = optimizer.init(value)
        return jax.lax.scan(step, (value, state), gradients)[1]

    values = quick_jit(run)(value, jnp.asarray(row["gradients"]))
    np.testing.assert_allclose(values, row["values"], rtol=1e-7)
