"""What is computed once has the value and the derivatives that it has anyway."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxsnn.core import once


def _through(x, number):
    low, high = once(number, lambda x: (jnp.sin(x), jnp.cos(x)), x)
    return jnp.sum(low * high)


def test_a_value_and_its_derivatives_pass_unchanged(getkey):
    with jax.enable_x64(True):
        x, number = jax.random.normal(getkey(), (3, 5)), jnp.int32(7)
        plain = lambda x: jnp.sum(jnp.sin(x) * jnp.cos(x))
        for made, wanted in ((_through, plain), (jax.grad(_through), jax.grad(plain))):
            np.testing.assert_allclose(made(x, number), wanted(x), rtol=1e-12)
            each = jax.jit(jax.vmap(made, (0, None)))(x, number)
            np.testing.assert_allclose(each, jax.vmap(wanted)(x), rtol=1e-12)
        along = jax.jvp(lambda x: _through(x, number), (x,), (jnp.ones_like(x),))[1]
        np.testing.assert_allclose(along, jnp.sum(jnp.cos(2 * x)), rtol=1e-12)


def test_what_many_read_is_computed_once():
    """By the compiled program: without it, each of two readers takes the sine anew."""

    def reads(x, number, stored):
        wave = once(number, jnp.sin, x) if stored else jnp.sin(x)
        return jax.lax.dynamic_update_slice(x, wave[:3] + 1, (number,)), jnp.cumsum(wave)[::2], wave[::-1] * x

    def sines(stored):
        program = jax.jit(lambda x, number: reads(x, number, stored)).lower(jnp.ones(64), jnp.int32(1))
        return program.compile().as_text().count(" sine(")

    assert sines(stored=True) == 1
    assert jax.default_backend() != "cpu" or sines(stored=False) > 1
