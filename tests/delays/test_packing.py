"""Spikes as bits."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays.packing import count, pack, unpack, word_count

SIZES = [1, 31, 32, 33, 64, 100, 128, 129, 200]


@pytest.mark.parametrize("neurons", SIZES)
def test_unpacking_gives_back_what_was_packed(neurons):
    spikes = np.random.default_rng(neurons).random((20, neurons)) < 0.3
    for row in spikes:
        packed, _ = pack(jnp.asarray(row), jnp.ones((1, neurons)))
        assert packed.shape == (word_count(neurons),)
        np.testing.assert_array_equal(unpack(packed, neurons), row)
        assert float(count(packed)) == row.sum()


@pytest.mark.parametrize("neurons", [32, 33])
def test_bit_b_of_word_k_is_neuron_32_k_plus_b(neurons):
    for i in range(neurons):
        packed, _ = pack(jnp.arange(neurons) == i, jnp.ones((1, neurons)))
        for k, word in enumerate(packed):
            assert int(word) == (1 << i % 32 if k == i // 32 else 0)


@pytest.mark.parametrize("neurons", SIZES)
@pytest.mark.parametrize("signals", [1, 3])
def test_packing_returns_the_decoded_signal_too(neurons, signals):
    rng = np.random.default_rng(neurons)
    spikes, decoder = rng.random(neurons) < 0.3, rng.normal(size=(signals, neurons)).astype(np.float32)
    _, decoded = pack(jnp.asarray(spikes), jnp.asarray(decoder))
    assert decoded.shape == (signals,)
    np.testing.assert_allclose(decoded, decoder.astype(float) @ spikes, rtol=1e-5, atol=1e-5)
