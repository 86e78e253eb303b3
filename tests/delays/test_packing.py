"""Spikes as bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import packed, word_count
from jaxsnn.delays.packing import count, pack

SIZES = [1, 31, 32, 33, 64, 100, 128, 129, 200]


@pytest.mark.parametrize("neurons", SIZES)
def test_bits_are_packed_and_counted_as_everywhere(neurons):
    spikes = jnp.asarray(np.random.default_rng(neurons).random((20, neurons)) < 0.3)
    found = jax.jit(jax.vmap(lambda row: pack(row, jnp.ones((1, neurons)))[0]))(spikes)
    assert found.shape == (20, word_count(neurons))
    np.testing.assert_array_equal(found, packed(spikes))
    np.testing.assert_array_equal(jax.vmap(count)(found), np.sum(spikes, axis=1))


@pytest.mark.parametrize("neurons", SIZES)
@pytest.mark.parametrize("signals", [1, 3])
def test_packing_returns_the_decoded_signal_too(neurons, signals):
    rng = np.random.default_rng(neurons)
    spikes, decoder = rng.random(neurons) < 0.3, rng.normal(size=(signals, neurons)).astype(np.float32)
    _, decoded = pack(jnp.asarray(spikes), jnp.asarray(decoder))
    assert decoded.shape == (signals,)
    np.testing.assert_allclose(decoded, decoder.astype(float) @ spikes, rtol=1e-5, atol=1e-5)
