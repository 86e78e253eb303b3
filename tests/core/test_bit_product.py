"""Rows of a matrix added up by the ones of a table."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import bit_product, packed
from jaxsnn.core.bit_product import WORTH

RNG = np.random.default_rng(0)
LARGE = 300, 400, 64  # rows, columns, and columns of x: large enough that ones are counted
# nothing, a single one, rare, uneven, and more than pays
TABLES = {
    "zeros": lambda rows, columns: np.zeros((rows, columns), bool),
    "one": lambda rows, columns: np.arange(rows * columns).reshape(rows, columns) == rows * columns - 1,
    "rare": lambda rows, columns: RNG.random((rows, columns)) < 0.03,
    "uneven": lambda rows, columns: RNG.random((rows, columns)) < np.linspace(0, 0.1, rows)[:, None],
    "one full row": lambda rows, columns: np.broadcast_to(np.arange(rows)[:, None] == 7, (rows, columns)),
    "common": lambda rows, columns: RNG.random((rows, columns)) < 0.6,
}


def normal(*shape):
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


def both(made, shape):
    """The table as bits and as numbers, and an x for it."""
    rows, columns, m = shape
    table = made(rows, columns)
    return packed(jnp.asarray(table)), jnp.asarray(table, jnp.float32), normal(columns, m)


def close(ours, plain):
    np.testing.assert_allclose(ours, plain, rtol=1e-5, atol=3e-5)


@pytest.mark.parametrize("shape", [(3, 5, 2), LARGE, (5000, 40, 33), (40, 9000, 32), (1, 70_000, 64)], ids=str)
@pytest.mark.parametrize("kind", TABLES)
def test_the_product_by_bits_is_the_product_of_matrices(kind, shape):
    words, table, x = both(TABLES[kind], shape)
    close(jax.jit(bit_product)(words, x), table @ x)


@pytest.mark.parametrize("kind", TABLES)
def test_its_gradient_is_the_product_with_the_table_on_its_side(kind):
    words, table, x = both(TABLES[kind], LARGE)
    due = normal(LARGE[0], LARGE[2])
    ours, plain = (jax.vjp(f, x)[1](due)[0] for f in (lambda x: bit_product(words, x), lambda x: table @ x))
    close(ours, plain)


def test_it_is_linear_in_both_modes():
    words, table, x = both(TABLES["rare"], LARGE)
    slope = normal(*x.shape)
    value, moved = jax.jvp(lambda x: bit_product(words, x), (x,), (slope,))
    close(value, table @ x)
    close(moved, table @ slope)
    square = lambda product: lambda x: jnp.sum(product(x) ** 2) / 2
    through = lambda f: jax.jvp(jax.grad(f), (x,), (slope,))[1]  # a gradient differentiated once more
    close(through(square(lambda x: bit_product(words, x))), table.T @ (table @ slope))


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0), (None, 2), (1, 1)], ids=str)
@pytest.mark.parametrize("side", ["value", "gradient"])
def test_networks_may_share_bits_or_numbers(axes, side):
    rows, columns, m = LARGE
    shared = [axis is None for axis in axes]
    tables = RNG.random((1 if shared[0] else 3, rows, columns)) < 0.03
    bits, numbers = packed(jnp.asarray(tables)), jnp.asarray(tables, jnp.float32)
    xs, due = normal(1 if shared[1] else 3, columns, m), normal(rows, m)

    def laid(arrays, axis):
        return arrays[0] if axis is None else jnp.moveaxis(arrays, 0, axis)

    def of(product):
        if side == "value":
            return product
        return lambda table, x: jax.vjp(lambda x: product(table, x), x)[1](due)[0]

    ours = jax.vmap(of(bit_product), axes)(laid(bits, axes[0]), laid(xs, axes[1]))
    plain = jax.vmap(of(jnp.matmul), axes)(laid(numbers, axes[0]), laid(xs, axes[1]))
    close(ours, plain)


def test_a_gradient_summed_over_a_batch_is_one_product_on_its_side():
    """Not one for each sample: those would be as large as the weights each."""
    words = packed(jnp.asarray(RNG.random((8, 300, 400)) < 0.03))
    total = lambda x: jnp.sum(jax.vmap(bit_product, (0, None))(words, x) ** 2)
    shapes = [each.aval.shape for each in jax.make_jaxpr(jax.grad(total))(normal(400, 64)).jaxpr.eqns[-1].outvars]
    assert "bit_product" in str(jax.make_jaxpr(jax.grad(total))(normal(400, 64)))
    assert shapes == [(400, 64)]


def test_what_is_tested_here_is_large_enough_to_count_ones():
    assert np.prod(LARGE) > WORTH


def test_rare_ones_are_added_and_common_ones_multiplied():
    """Both ways are in the program, behind a condition on the number of ones."""
    words, _, x = both(TABLES["rare"], LARGE)
    text = jax.jit(bit_product).lower(words, x).as_text()
    assert "stablehlo.case" in text
    assert "stablehlo.dot_general" in text
    assert "stablehlo.while" in text
    small = jax.jit(bit_product).lower(words[:2], x).as_text()
    assert "stablehlo.case" not in small


def test_numbers_of_half_precision_are_added_up_in_full():
    words, table, x = both(lambda *shape: RNG.random(shape) < 0.1, (2000, 3000, 64))
    found = bit_product(words, x.astype(jnp.bfloat16)).astype(jnp.float32)
    np.testing.assert_allclose(found, table @ x.astype(jnp.bfloat16).astype(jnp.float32), rtol=0.02, atol=0.3)
