"""Convolution of feature maps against the sum written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import simulate
from jaxsnn.synapses import Convolution
from jaxsnn.synapses.patches import as_product
from tests.laws.quick import quick_jit

RNG = np.random.default_rng(1)
WEIGHT, BIAS = RNG.normal(size=(3, 2, 3, 2)), RNG.normal(size=3)
XS = RNG.normal(size=(4, 2, 6, 7))


def by_hand(xs, stride, padding):
    padded = np.pad(xs, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = (padded.shape[2] - 3) // stride + 1, (padded.shape[3] - 2) // stride + 1
    out = np.zeros((len(xs), 3, rows, columns))
    for y, x in np.ndindex(rows, columns):
        patch = padded[:, :, stride * y : stride * y + 3, stride * x : stride * x + 2]
        out[:, :, y, x] = BIAS + np.einsum("tiab,oiab->to", patch, WEIGHT)
    return out


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_a_convolution_is_its_sum(stride, padding):
    with jax.enable_x64(True):
        cell = Convolution(WEIGHT, BIAS, stride=stride, padding=padding)
        run = quick_jit(lambda cell, xs: simulate(cell, xs, dt=1.0, key=jax.random.key(0))[1])
        np.testing.assert_allclose(run(cell, jnp.asarray(XS)), by_hand(XS, stride, padding), atol=1e-12)


def test_time_and_batch_are_one_product():
    cell = Convolution(WEIGHT.astype(np.float32), stride=2)
    batch = jnp.zeros((5, *XS.shape), jnp.float32)
    run = lambda xs: jax.vmap(lambda x: simulate(cell, x, dt=1.0, key=jax.random.key(0))[1])(xs)
    text = jax.jit(run).lower(batch).as_text()
    lines = [line for line in text.splitlines() if "dot_general" in line or "stablehlo.convolution" in line]
    assert len(lines) == 1
    assert "tensor<5x4x" in lines[0]  # five samples of four steps
    assert "batching_dims" not in lines[0]


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_patches_and_the_convolution_of_jax_agree_with_their_gradients(stride, padding):
    pad = ((padding, padding), (padding, padding))
    own = lambda xs, weight: jax.lax.conv_general_dilated(xs, weight, (stride, stride), pad)
    ours = lambda xs, weight: as_product(xs, weight, stride, padding)
    both = lambda f: quick_jit(lambda xs, weight: jax.vjp(f, xs, weight)[1](jnp.cos(f(xs, weight))))
    with jax.enable_x64(True):
        xs, weight = jnp.asarray(XS), jnp.asarray(WEIGHT)
        np.testing.assert_allclose(ours(xs, weight), own(xs, weight), atol=1e-12)
        for found, wanted in zip(both(ours)(xs, weight), both(own)(xs, weight), strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-11)
