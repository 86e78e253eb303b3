"""The past of a population: both rings give back the row of the right step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.delays import FloatHistory, Nearest, PackedHistory

NEURONS, STEPS = 40, 30
DECODER = np.linspace(0.9, 1.1, NEURONS, dtype=np.float32)[None]


def _record(key):
    return jax.random.bernoulli(key, 0.2, (STEPS, NEURONS)).astype(jnp.float32)


def _filled(history, spikes):
    """The ring after all steps, and the decoded signal of each."""
    ring, decoded = history.make(), []
    for n in range(STEPS):
        ring, now, _ = history.write(ring, jnp.asarray(n, jnp.int32), jnp.asarray(DECODER), spikes[n])
        decoded.append(now)
    return ring, decoded


@pytest.mark.parametrize("make", [FloatHistory, PackedHistory])
@pytest.mark.parametrize("delay", [1, 2, 7, 12])
def test_a_delay_of_d_steps_reads_the_row_of_step_n_plus_one_minus_d(make, delay, getkey):
    history = make(NEURONS, 12)
    spikes, decoded = _record(getkey()), []
    ring = history.make()
    for n in range(STEPS):
        index = jnp.asarray(n, jnp.int32)
        ring, now, sent = history.write(ring, index, jnp.asarray(DECODER), spikes[n])
        np.testing.assert_allclose(now, DECODER @ spikes[n], rtol=1e-6)
        decoded.append(now)
        past = history.read(ring, index, jnp.asarray(delay, jnp.float32))
        assert float(sent) == spikes[n].sum()
        m = n + 1 - delay
        if m >= 0:
            np.testing.assert_array_equal(past.own, spikes[m])
            np.testing.assert_array_equal(past.decoded, decoded[m])
            assert float(past.count) == spikes[m].sum()
        else:
            assert float(past.count) == 0
            assert not np.any(past.own)


def test_a_delay_between_two_steps_is_interpolated_and_has_the_gradient_of_the_interpolation(getkey):
    history = FloatHistory(NEURONS, 12)
    ring, decoded = _filled(history, _record(getkey()))
    read = lambda delay: history.read(ring, jnp.asarray(STEPS - 1, jnp.int32), delay).decoded[0]
    at = lambda delay: decoded[STEPS - delay][0]
    np.testing.assert_allclose(read(jnp.float32(4.25)), 0.75 * at(4) + 0.25 * at(5), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(read)(jnp.float32(4.25)), at(5) - at(4), rtol=1e-5)


def test_the_nearest_kernel_of_the_float_ring_reads_what_the_packed_ring_reads(getkey):
    spikes = _record(getkey())
    rings = [FloatHistory(NEURONS, 12, kernel=Nearest()), PackedHistory(NEURONS, 12)]
    read = []
    for history in rings:
        ring, _ = _filled(history, spikes)
        read.append(history.read(ring, jnp.asarray(STEPS - 1, jnp.int32), jnp.float32(5.0)))
    np.testing.assert_allclose(read[0].decoded, read[1].decoded, rtol=1e-6)  # summed in another order
    np.testing.assert_array_equal(read[0].own, read[1].own)
    assert read[0].count == read[1].count


@pytest.mark.parametrize("make", [FloatHistory, PackedHistory])
def test_a_ring_without_room_is_refused(make):
    with pytest.raises(ValueError, match=r"max_delay = 0.*at least 1.*longest delay"):
        make(NEURONS, 0)


@pytest.mark.parametrize("delay", [1.0, 3.25, 0.75])  # below one step both taps are the newest row
def test_an_exchange_is_a_write_and_a_read_with_their_gradients(delay, getkey):
    history = FloatHistory(NEURONS, 6)
    spikes = _record(getkey())
    weigh = jax.random.normal(getkey(), (STEPS, NEURONS + 2))
    begun = jax.random.normal(getkey(), history.make().shape)

    def total(mode, ring, decoder, spikes, delay):
        def step(ring, now):
            index, spikes, weight = now
            ring, decoded, count, past = history.exchange(ring, index, decoder, spikes, delay, mode)
            return ring, jnp.concatenate([past.decoded, past.own, past.count[None]]) @ weight + count * decoded[0]

        ring, found = jax.lax.scan(step, ring, (jnp.arange(STEPS, dtype=jnp.int32), spikes, weigh))
        return jnp.sum(found) + jnp.sum(jnp.sin(ring))

    given = begun, jnp.asarray(DECODER), spikes, jnp.float32(delay)
    graded = lambda mode: jax.jit(jax.value_and_grad(lambda *a: total(mode, *a), argnums=(0, 1, 2, 3)))(*given)
    one, other = graded("reverse"), graded("forward")
    np.testing.assert_allclose(one[0], other[0], rtol=1e-6)
    for ours, theirs in zip(one[1], other[1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_gradient_of_the_gradient_of_an_exchange_is_that_of_the_plain_ring(getkey):
    history, spikes = FloatHistory(NEURONS, 6), _record(getkey())

    def total(mode, strength, delay):
        def step(ring, now):
            index, spikes = now
            decoder = jnp.asarray(DECODER)
            ring, _, _, past = history.exchange(ring, index, decoder, strength * spikes, delay, mode)
            return ring, jnp.sin(past.decoded[0]) + jnp.sum(past.own**2)

        return jnp.sum(jax.lax.scan(step, history.make(), (jnp.arange(STEPS, dtype=jnp.int32), spikes))[1])

    given = jnp.float32(0.7), jnp.float32(3.25)
    slope = lambda mode: jax.grad(lambda *a: total(mode, *a), argnums=(0, 1))
    ours = jax.jacrev(slope("reverse"), argnums=(0, 1))(*given)
    plain = jax.jacfwd(slope("forward"), argnums=(0, 1))(*given)
    np.testing.assert_allclose(np.array(ours), np.array(plain), rtol=1e-4)
    assert np.all(np.array(plain) != 0)


@pytest.mark.parametrize("wanted", ["ring", "past"])
def test_an_exchange_of_which_one_result_alone_is_asked_has_the_plain_gradient(wanted, getkey):
    history = FloatHistory(NEURONS, 6)
    spikes = _record(getkey())[0]
    begun = jax.random.normal(getkey(), history.make().shape)

    def total(mode, ring, spikes, delay):
        ring, _, _, past = history.exchange(ring, jnp.int32(9), jnp.asarray(DECODER), spikes, delay, mode)
        return jnp.sum(jnp.sin(ring if wanted == "ring" else past.own))

    graded = lambda mode: jax.grad(lambda *a: total(mode, *a), argnums=(0, 1, 2))(begun, spikes, jnp.float32(2.5))
    for ours, plain in zip(graded("reverse"), graded("forward"), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-5, atol=1e-6)


def test_an_exchange_keeps_one_row_a_step_for_the_gradient_of_the_delay_and_none_when_it_is_not_asked(getkey):
    history, spikes = FloatHistory(NEURONS, 6), _record(getkey())

    def kept(of):
        def total(strength, delay):
            def step(ring, now):
                ring, _, _, past = history.exchange(ring, *now, strength * spikes[0], delay)
                return ring, past.decoded[0]

            decoders = jnp.broadcast_to(jnp.asarray(DECODER), (STEPS, 1, NEURONS))
            return jnp.sum(jax.lax.scan(step, history.make(), (jnp.arange(STEPS, dtype=jnp.int32), decoders))[1])

        given = [jnp.float32(0.7), jnp.float32(3.25)]
        back = jax.vjp(lambda x: total(*(x if i == of else a for i, a in enumerate(given))), given[of])[1]
        return sum(a.size for a in jax.tree.leaves(back) if a.ndim > 1 and a.shape[0] == STEPS)

    row = STEPS * (NEURONS + 1)
    assert kept(1) < 1.5 * row
    assert kept(0) <= kept(1)
