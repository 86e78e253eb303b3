"""One number for all networks that are mapped together."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxsnn.core import least


def test_alone_a_number_is_the_least():
    assert int(least(jnp.int32(3))) == 3


def test_mapped_networks_share_the_least_over_every_axis_that_is_mapped():
    numbers = jnp.asarray([[4, 2, 9], [5, 7, 3]], jnp.int32)
    np.testing.assert_array_equal(jax.vmap(least)(numbers[0]), [2, 2, 2])
    np.testing.assert_array_equal(jax.jit(jax.vmap(jax.vmap(least)))(numbers), np.full((2, 3), 2))
    within = jax.vmap(lambda row, other: least(row) + other, (0, None))
    np.testing.assert_array_equal(jax.vmap(within, (None, 0))(numbers[0], jnp.asarray([0, 10])), [[2] * 3, [12] * 3])


def test_a_loop_up_to_it_keeps_nothing_aside_for_networks_that_have_ended():
    """Under vmap a loop with an end of its own for each network selects at every turn between old and new numbers."""

    def loop(end, x):
        return jax.lax.while_loop(lambda now: now[0] < end, lambda now: (now[0] + 1, now[1] * 2), (jnp.int32(0), x))[1]

    ends, x = jnp.asarray([3, 5], jnp.int32), jnp.ones(2)
    text = lambda f: jax.jit(jax.vmap(f)).lower(ends, x).as_text()
    assert "stablehlo.select" in text(loop)
    assert "stablehlo.select" not in text(lambda end, x: loop(least(end), x))
    np.testing.assert_array_equal(jax.vmap(lambda end, x: loop(least(end), x))(ends, x), [8, 8])
