"""A backward pass that is cut to a memory: how, and that the numbers stay."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.engine import memory, nothing, simulate
from jaxsnn.engine.blocks import run_block
from jaxsnn.engine.memory import Footprint, footprint, nest
from jaxsnn.networks import Chain
from jaxsnn.neurons import LIF
from jaxsnn.noise import WhiteNoise
from jaxsnn.synapses import Dense

STEPS = 300
NET = lambda: Chain(WhiteNoise(0.5, size=4), Dense(0.3 * jnp.ones((8, 4))), LIF(5.0, 1.0, size=8))


def loss(net, key, **options):
    return jnp.sum(jnp.square(simulate(net, jnp.ones((STEPS, 4)), dt=0.5, key=key, **options)[1]))


@pytest.mark.slow
def test_gradients_do_not_depend_on_the_memory(getkey):
    key = getkey()
    with jax.enable_x64(True):
        plain, *tight = (jax.grad(loss)(NET(), key, memory=m) for m in (1e9, 2e4, 6e3))
        for other in tight:
            for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(other), strict=True):
                np.testing.assert_allclose(b, a, rtol=1e-10, atol=1e-12)


def test_a_long_backward_pass_takes_about_the_memory_that_it_was_given(getkey):
    """By the compiler's own count of temporary bytes; plain, it takes 50 times as much."""
    key, xs = getkey(), jnp.ones((20_000, 4))
    final = lambda net, memory: jnp.sum(simulate(net, xs, dt=0.5, key=key, memory=memory, record=nothing)[0][2].v)

    def taken(memory):
        program = jax.jit(jax.grad(lambda net: final(net, memory))).lower(NET()).compile()
        return program.memory_analysis().temp_size_in_bytes

    assert taken(2e5) < 4e5  # and what the compiler needs besides
    assert taken(1e9) > 3e6


def test_the_footprint_counts_what_a_step_leaves_behind():
    one = footprint(NET(), jnp.ones((STEPS, 4)), dt=jnp.float32(0.5), key=jax.random.key(0), steps=STEPS)
    assert one.state == 8 * 4  # the membranes
    assert 8 * 4 * 2 <= one.step <= 8 * 4 * 12  # a handful of arrays of 8 neurons and 4 inputs


def test_the_footprint_of_another_cell_of_the_same_kind_is_not_traced_again(getkey, monkeypatch):
    traced = []
    monkeypatch.setattr(memory, "run_block", lambda *run: traced.append(run) or run_block(*run))
    net = lambda: Chain(Dense(jnp.ones((7, 4))), LIF(5.0, 1.0, size=7))  # of sizes that no other test takes
    ask = lambda: footprint(net(), jnp.ones((STEPS, 4)), dt=jnp.float32(0.5), key=getkey(), steps=STEPS)
    assert ask() == ask()
    assert len(traced) == 2  # two lengths, once


@pytest.mark.parametrize("memory", [1e9, 1e6, 1e5, 3e4])
def test_a_nesting_covers_the_run_and_keeps_its_word(memory):
    steps, of = 100_000, Footprint(64, 400)
    found = nest(steps, of, memory)
    assert found.memory <= memory
    last, stretches = steps, 0
    for size in found.sizes:
        stretches += -(-last // size)
        last = size
    real = stretches * of.state + last * of.step if found.sizes else steps * of.step
    assert real <= 1.2 * memory
    assert list(found.sizes) == sorted(found.sizes, reverse=True)


def test_the_shallowest_nesting_that_fits_is_taken():
    depths = [len(nest(100_000, Footprint(64, 400), memory).sizes) for memory in (1e9, 1e6, 1e5, 3e4)]
    assert depths == sorted(depths)
    assert depths[0] == 0
    assert depths[-1] > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory": 100.0}, "needs at least .* allow more"),
        ({"memory": -1.0}, "memory = -1"),
        ({"memory": 1e6, "block": 10}, "drop block = 10"),
    ],
)
def test_a_memory_that_cannot_be_kept_is_refused(options, message, getkey):
    with pytest.raises(ValueError, match=message):
        loss(NET(), getkey(), **options)
