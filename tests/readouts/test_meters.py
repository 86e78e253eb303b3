"""What holds for every meter: one step is a block of one, types do not change, double precision is kept."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Span
from jaxsnn.readouts import (
    Correlation,
    DecayingMoments,
    Events,
    Fano,
    Intervals,
    LocalVariation,
    Moments,
    Packet,
    Rate,
    SameNeuron,
    Seen,
    SpikeCount,
    Synchrony,
)

from .replay import DT, shown

METERS = {
    "moments": lambda: Moments("output.error", shape=2, first=5, last=30),
    "decaying": lambda: DecayingMoments("output.error", rate=[0.5, 2.0], shape=2, first=5),
    "count": lambda: SpikeCount("output.spikes", shape=5, first=5),
    "rate": lambda: Rate("output.count", first=5, last=30),
    "intervals": lambda: Intervals("output.spikes", shape=5, first=5),
    "fano": lambda: Fano("output.count", bin_steps=6, first=5),
    "local variation": lambda: LocalVariation("output.spikes", shape=5, first=5),
    "correlation": lambda: Correlation("output.spikes", bin_steps=6, neurons=5, first=5),
    "synchrony": lambda: Synchrony(neurons=5, first=5),
    "packet": lambda: Packet(every=3, first=5),
    "events": lambda: Events(first=5),
    "same neuron": lambda: SameNeuron(neurons=5, first=5),
}


def watched(meter, steps=40):
    record = jax.tree.map(lambda a: jnp.asarray(a, jnp.zeros(()).dtype), shown(steps))
    dt = jnp.asarray(DT, jnp.zeros(()).dtype)
    return meter.init(jax.random.key(0)), Seen(record.error, record), Span(jnp.int32(0), dt, (), steps)


def types(tree):
    return [(leaf.shape, leaf.dtype, leaf.weak_type) for leaf in jax.tree.leaves(tree)]


@pytest.mark.parametrize("name", METERS)
def test_steps_one_by_one_leave_the_state_of_a_whole_block(name):
    meter = METERS[name]()
    with jax.enable_x64():
        meter = jax.tree.map(lambda a: a.astype(jnp.float64) if a.dtype == jnp.float32 else a, meter)
        state, seen, span = watched(meter)
        both = lambda state, seen: (span.each(meter.step, state, seen)[0], meter.unroll(state, seen, span)[0])
        stepped, block = jax.jit(both)(state, seen)
        for one, other in zip(jax.tree.leaves(stepped), jax.tree.leaves(block), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
        assert types(stepped) == types(block) == types(state)
        assert all(leaf.dtype in (jnp.float64, jnp.int32) for leaf in jax.tree.leaves(state))


@pytest.mark.parametrize("name", METERS)
def test_the_state_keeps_its_types_and_a_meter_shows_nothing(name):
    meter = METERS[name]()
    state, seen, span = watched(meter)
    after, shows = jax.eval_shape(lambda: meter.unroll(state, seen, span))
    assert types(after) == types(state)
    assert shows == ()
    assert all(leaf.dtype in (jnp.float32, jnp.int32) for leaf in jax.tree.leaves(state))
