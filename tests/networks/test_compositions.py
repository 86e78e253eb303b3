"""Chains, parallels and loops against their parts."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Cell, Masked, Span, substreams
from jaxsnn.delays import DelayLine
from jaxsnn.engine import simulate, streams
from jaxsnn.gradients import ArcTan
from jaxsnn.networks import Chain, Parallel, Recurrent
from jaxsnn.networks.chain import require_cells
from jaxsnn.neurons import LIF, LeakyIntegrator
from jaxsnn.noise import OrnsteinUhlenbeck, PoissonSource, WhiteNoise
from jaxsnn.synapses import DelayedDense, Dense
from tests.laws.quick import quick_jit

KEY, DT, STEPS = jax.random.key(7), 0.5, 12
WEIGHT = np.asarray(jax.random.normal(jax.random.key(1), (3, 3)))
XS = 1.5 + jax.random.normal(jax.random.key(2), (STEPS, 3))


def _alone(cell, xs, slot):
    """What a child of a composite does: the run's streams, folded with its slot."""
    initial, stream = streams(KEY)
    steps = jnp.arange(STEPS, dtype=jnp.int32)
    noise = cell.draw(jax.random.fold_in(stream, slot), steps)
    span = lambda noise: Span(steps[0], jnp.asarray(DT), noise, STEPS)
    unroll = quick_jit(lambda cell, state, xs, noise: cell.unroll(state, xs, span(noise)))
    return unroll(cell, cell.init(jax.random.fold_in(initial, slot)), xs, noise)


def test_a_chain_is_its_cells_one_after_another():
    cells = (OrnsteinUhlenbeck(3.0, 0.5, size=3), Dense(WEIGHT), LIF(5.0, 0.5, size=3))
    final, ys = simulate(Chain(*cells), XS, dt=DT, key=KEY)
    xs, states = XS, []
    for slot, cell in enumerate(cells):
        state, xs = _alone(cell, xs, slot)
        states.append(state)
    np.testing.assert_array_equal(ys, xs)
    assert 0 < ys.sum() < ys.size
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), final, tuple(states))


def test_children_of_a_composite_draw_from_streams_of_their_own():
    twins = Chain(WhiteNoise(1.0, size=3), WhiteNoise(1.0, size=3))
    _, stream = streams(KEY)
    steps = jnp.arange(STEPS, dtype=jnp.int32)
    first, second = twins.draw(stream, steps)
    assert not np.any(first == second)
    for child, alone in zip((first, second), substreams(stream, 2), strict=True):
        np.testing.assert_array_equal(child, WhiteNoise(1.0, size=3).draw(alone, steps))


def test_a_parallel_gives_every_cell_the_same_input():
    cells = (Dense(WEIGHT), LeakyIntegrator(3.0, size=3), WhiteNoise(0.3, size=3))
    expected = [_alone(cell, XS, slot)[1] for slot, cell in enumerate(cells)]
    _, apart = simulate(Parallel(*cells), XS, dt=DT, key=KEY)
    _, together = simulate(Parallel(*cells, combine="sum"), XS, dt=DT, key=KEY)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), apart, tuple(expected))
    np.testing.assert_allclose(together, sum(expected), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("form", ["line and weights", "delayed synapses"])
def test_a_loop_with_delay_d_is_the_network_unrolled_by_hand(d, form):
    with jax.enable_x64(True):
        xs, weight = np.asarray(XS, float), WEIGHT.astype(float)
        neurons = LIF(5.0, 0.5, ArcTan(0.5), size=3)
        if form == "delayed synapses":
            loop = Recurrent(neurons, DelayedDense(weight, np.full((3, 3), d * DT), max_delay=6))
        else:
            loop = Recurrent(neurons, DelayLine(d * DT, size=3, max_delay=6), Dense(weight))
        _, spikes = simulate(loop, jnp.asarray(xs), dt=DT, key=KEY)
        e, v, emitted = np.exp(-DT / 5.0), np.zeros(3), []
        for n in range(STEPS):
            heard = weight @ emitted[n - d] if n >= d else 0.0
            v = e * v + (1 - e) * (xs[n] + heard)
            emitted.append((v >= 0.5).astype(float))
            v = v - 0.5 * emitted[n]
        np.testing.assert_array_equal(spikes, emitted)
        assert 0 < np.mean(emitted) < 1


def test_the_parts_of_a_loop_draw_from_streams_of_their_own():
    noise = WhiteNoise(1.0, size=3)
    loop = Recurrent(noise, DelayLine(DT, size=3, max_delay=2), noise)
    _, stream = streams(KEY)
    steps = jnp.arange(STEPS, dtype=jnp.int32)
    forward, line, back = loop.draw(stream, steps)
    assert line == ()
    np.testing.assert_array_equal(forward, noise.draw(jax.random.fold_in(stream, 0), steps))
    np.testing.assert_array_equal(back, noise.draw(jax.random.fold_in(stream, 2), steps))
    _, ys = simulate(loop, dt=DT, key=KEY, steps=STEPS)  # y_n = y_{n-1} + both noises: a random walk
    np.testing.assert_allclose(ys, np.cumsum((forward + back) / np.sqrt(DT), axis=0), rtol=1e-4, atol=1e-5)


def test_a_loop_faster_than_one_step_is_refused():
    loop = Recurrent(LIF(size=3), DelayLine(0.3, size=3, max_delay=4))
    with pytest.raises(ValueError, match="must lie between 1 and max_delay = 4 .* in a loop the shortest delay is dt"):
        simulate(Chain(loop), XS, dt=DT, key=KEY)
    simulate(loop, XS, dt=0.3, key=KEY)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Chain(), "Chain.cells = .*needs at least one cell"),
        (lambda: require_cells("Chain.cells", (Dense(WEIGHT), "lif")), r"Chain.cells\[1\] = 'str': must be a Cell"),
        (lambda: Parallel(Dense(WEIGHT), combine="mean"), "Parallel.combine = 'mean'"),
        (
            lambda: Recurrent(LIF(size=3), Dense(WEIGHT)),
            "Recurrent.line = 'Dense': cannot be read before it is written",
        ),
    ],
)
def test_a_composite_that_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


ONE, FOUR = Dense(np.ones((1, 3))), LIF(5.0, 0.5, size=4)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (
            Chain(ONE, FOUR),
            r"Chain.cells\[1\].input.shape = \(12, 1\): must be \(steps, 4\).*sizes of Dense and LIF agree",
        ),
        (Chain(Chain(ONE), Chain(FOUR)), r"Chain.cells\[1\].input.shape = \(12, 1\)"),
        (
            Recurrent(LIF(5.0, 0.5, size=3), DelayLine(DT, size=3, max_delay=2), ONE),
            r"Recurrent: what is fed back.shape = \(1,\): must be \(3,\), since LIF takes 3 numbers",
        ),
    ],
)
def test_one_number_is_not_given_to_all_neurons_in_silence(cell, words):
    with pytest.raises(ValueError, match=words):
        simulate(cell, XS, dt=DT, key=KEY)


@pytest.mark.parametrize("cell", [Dense(WEIGHT), DelayedDense(WEIGHT, 1.0, max_delay=3), Chain(Dense(WEIGHT))])
def test_a_row_in_the_place_of_a_sequence_is_refused(cell):
    with pytest.raises(ValueError, match=r"inputs.shape = \(3,\): must be \(steps, 3\)"):
        simulate(cell, XS[0], dt=DT, key=KEY)


class Encoder(Cell):
    """A cell whose size is not what it takes."""

    size: int = eqx.field(static=True)
    input_shape: ClassVar[None] = None

    def step(self, state, x, tick):
        return state, x[0] * jnp.arange(1.0, self.size + 1)


@pytest.mark.parametrize(
    "cell", [PoissonSource(0.1, size=4), Parallel(PoissonSource(0.1, size=4), Dense(np.ones((2, 1))))]
)
def test_a_source_takes_whatever_it_is_given(cell):
    simulate(Chain(ONE, cell), XS, dt=DT, key=KEY)
    simulate(cell, XS[:, :1], dt=DT, key=KEY)


def test_a_cell_that_takes_other_numbers_than_its_size_says_so():
    _, ys = simulate(Chain(ONE, Encoder(4)), XS, dt=DT, key=KEY)
    assert ys.shape == (STEPS, 4)


def test_a_masked_input_of_another_width_is_refused():
    with pytest.raises(ValueError, match=r"inputs.shape = \(12, 3\): must be \(steps, 4\)"):
        simulate(Chain(FOUR), Masked(XS, jnp.ones(STEPS)), dt=DT, key=KEY)
