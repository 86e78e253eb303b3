"""The gradient of a sum over networks that `vmap` maps is the sum of their gradients, whatever of them is mapped."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn import simulate
from jaxsnn.core import mapped_with
from jaxsnn.delays import FloatHistory
from jaxsnn.gradients import Erf, FastSigmoid, NoiseDriven, Triangle
from jaxsnn.networks import Chain
from jaxsnn.neurons import LIF
from jaxsnn.synapses import Dense

WIDTHS = jnp.array([0.1, 0.5, 2.0])
RULES = {
    "width": lambda w, mode: FastSigmoid(w, mode=mode),
    "rate": lambda w, mode: Triangle(1.0, rate=w, mode=mode),
    "noise-driven": lambda w, mode: NoiseDriven(surrogate=Erf(w), mode=mode),
}


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("make", RULES.values(), ids=RULES)
def test_networks_that_differ_in_what_their_spikes_pass_on_share_the_gradient_of_their_weights(make, mode, getkey):
    xs = jax.random.bernoulli(getkey(), 0.5, (20, 3)).astype(jnp.float32)
    weight, target = jax.random.normal(getkey(), (2, 3)), jax.random.normal(getkey(), (3, 20, 2))

    def loss(weight, width, wanted):
        cell = Chain(Dense(weight), LIF(5.0, spike=make(width, mode), size=2))
        return jnp.sum((simulate(cell, xs, dt=1.0, key=jax.random.key(1))[1] - wanted) ** 2)

    gradient = jax.grad if mode == "reverse" else jax.jacfwd
    together = gradient(lambda w: jnp.sum(jax.vmap(loss, (None, 0, 0))(w, WIDTHS, target)))(weight)
    each = [gradient(loss)(weight, *one) for one in zip(WIDTHS, target, strict=True)]
    assert np.any(np.asarray(sum(each)) != 0)
    np.testing.assert_allclose(together, sum(each), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axes", [(None, None, 0), (0, None, None), (None, 0, None), (0, None, 0), (None, 0, 0)])
def test_rings_of_which_some_arguments_are_mapped_have_the_plain_gradient(axes, getkey):
    history = FloatHistory(2, 3)
    shapes = (5, 3), (2,), ()
    given = [
        jax.random.uniform(getkey(), shape if axis is None else (3, *shape), minval=1, maxval=3)
        for shape, axis in zip(shapes, axes, strict=True)
    ]

    def one(mode, ring, spikes, delay):
        ring, _, _, past = history.exchange(ring, jnp.int32(7), jnp.array([[1.0, 2.0]]), spikes, delay, mode)
        return jnp.sum(past.own**2) + past.decoded[0] + jnp.sum(ring**2)

    total = lambda mode: lambda *a: jnp.sum(jax.vmap(lambda *b: one(mode, *b), axes)(*a))
    graded = [jax.jit(jax.grad(total(mode), argnums=(0, 1, 2)))(*given) for mode in ("reverse", "forward")]
    for ours, plain in zip(*graded, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-5)


def test_an_array_is_mapped_with_others_in_every_level_and_order_of_derivatives():
    of = lambda x, y: jnp.sum(jnp.sin(mapped_with(x, y)) * 2)
    x, ys = jnp.arange(3.0), jnp.ones((4, 5))
    mapped = jax.vmap(jax.vmap(of, (None, 0)), (None, 0))
    np.testing.assert_allclose(mapped(x, ys), jnp.full((4, 5), of(x, ys)), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(lambda x: mapped(x, ys).sum())(x), 20 * jax.grad(of)(x, ys), rtol=1e-6)
    np.testing.assert_allclose(jax.jit(jax.hessian(of))(x, ys), np.diag(-2 * np.sin(x)), atol=1e-6)
    assert mapped_with(x, ()) is x
