"""Rows of a matrix added up by the ones of a table."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import bit_product, packed
from jaxsnn.core.bit_product import LEAST, WORTH

RNG = np.random.default_rng(0)
MODULE = "jaxsnn.core.bit_product"  # the module; the name in `core` is the function
LARGE = 300, 400, 64  # rows, columns, and columns of x: large enough that ones are counted
# nothing, a single one, rare, uneven, and more than pays
TABLES = {
    "zeros": lambda rows, columns: np.zeros((rows, columns), bool),
    "one": lambda rows, columns: np.arange(rows * columns).reshape(rows, columns) == rows * columns - 1,
    "rare": lambda rows, columns: RNG.random((rows, columns)) < 0.03,
    "uneven": lambda rows, columns: RNG.random((rows, columns)) < np.linspace(0, 0.1, rows)[:, None],
    "one full row": lambda rows, columns: np.repeat(np.arange(rows)[:, None] == 7, columns, axis=1),
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


SHAPES = [(3, 5, 2), (1001, 70, 65), (70, 1001, 65), (1, 70_000, 64)]


@pytest.mark.parametrize(("kind", "shape"), [*((kind, LARGE) for kind in TABLES), *(("rare", each) for each in SHAPES)])
def test_the_product_by_bits_is_the_product_of_matrices(kind, shape):
    words, table, x = both(TABLES[kind], shape)
    close(jax.jit(bit_product)(words, x), table @ x)


@pytest.mark.parametrize("kind", TABLES)
def test_its_gradient_is_the_product_with_the_table_on_its_side(kind):
    words, table, x = both(TABLES[kind], LARGE)
    due = normal(LARGE[0], LARGE[2])
    ours = jax.jit(lambda x: jax.vjp(lambda x: bit_product(words, x), x)[1](due)[0])(x)
    close(ours, table.T @ due)


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

    ours = jax.jit(jax.vmap(of(bit_product), axes))(laid(bits, axes[0]), laid(xs, axes[1]))
    plain = jax.jit(jax.vmap(of(jnp.matmul), axes))(laid(numbers, axes[0]), laid(xs, axes[1]))
    close(ours, plain)


def test_a_gradient_summed_over_a_batch_is_one_product_on_its_side():
    """Not one for each sample: those would be as large as the weights each."""
    words = packed(jnp.asarray(RNG.random((8, 300, 400)) < 0.03))
    total = lambda x: jnp.sum(jax.vmap(bit_product, (0, None))(words, x) ** 2)
    text = str(jax.make_jaxpr(jax.grad(total))(normal(400, 64)))
    assert "of_rows=True" in text
    assert "[8,400,64]" not in text
    assert "[400,64]" in text


def test_what_is_tested_here_is_large_enough_to_count_ones():
    assert np.prod(LARGE) > WORTH
    assert min(LARGE) >= LEAST


@pytest.mark.parametrize(("kind", "added"), [("rare", True), ("common", False), ("one full row", False)])
@pytest.mark.parametrize("side", ["value", "gradient"])
def test_rare_ones_are_added_and_common_ones_multiplied(kind, added, side, monkeypatch):
    """A NaN that no one meets is seen by a product of matrices alone. As one thread would choose."""
    monkeypatch.setattr(sys.modules[MODULE], "_threads", lambda: 1)
    rows, columns, m = 4 * LARGE[0], *LARGE[1:]
    table = TABLES[kind](rows, columns)
    table[:, 5], table[7 if kind == "rare" else 6] = False, False
    words = packed(jnp.asarray(table))
    if side == "value":
        found = bit_product(words, normal(columns, m).at[5].set(jnp.nan))
    else:
        due = normal(rows, m).at[7 if kind == "rare" else 6].set(jnp.nan)
        found = jax.vjp(lambda x: bit_product(words, x), normal(columns, m))[1](due)[0]
    if side == "gradient" and kind == "one full row":
        return  # on its side it is one in every row
    assert np.isfinite(found).all() == added


def test_a_full_row_among_many_empty_ones_is_not_cut_short():
    """There are few ones in all, and more in one row than a list holds."""
    words, table, x = both(TABLES["one full row"], (120_000, 200, 64))
    close(bit_product(words, x), table @ x)


@pytest.mark.parametrize("kind", ["rare", "common"])
def test_void_rows_are_not_numbers_and_leave_the_gradient_none(kind):
    words, table, x = both(TABLES[kind], LARGE)
    void = jnp.arange(LARGE[0]) == 17
    product, back = jax.vjp(lambda x: bit_product(words, x, void), x)
    np.testing.assert_array_equal(np.isnan(product), np.broadcast_to(void[:, None], product.shape))
    close(product[:17], (table @ x)[:17])
    assert np.isnan(back(jnp.ones_like(product))[0]).all()


@pytest.mark.parametrize("shape", [(0, 5, 3), (4, 5, 0), (4, 1, 3)], ids=str)
def test_nothing_is_a_table_too(shape):
    words, table, x = both(TABLES["common"], shape)
    for axes in ((None, None), (0, None), (None, 0), (0, 0)):
        given = [each if axis is None else each[None] for each, axis in zip((words, x), axes, strict=True)]
        found = jax.vmap(bit_product, axes, axis_size=1)(*given)
        close(found[0], table @ x)


def test_a_table_of_another_width_is_refused():
    with pytest.raises(ValueError, match="x has 40 rows"):
        bit_product(packed(jnp.zeros((3, 65), bool)), jnp.ones((40, 2)))


def test_numbers_of_double_precision_are_added_too():
    words, table, x = both(TABLES["rare"], LARGE)
    with jax.enable_x64(True):
        found = bit_product(words, jnp.asarray(np.asarray(x, float)))
        assert found.dtype == jnp.float64
    np.testing.assert_allclose(found, np.asarray(table, float) @ np.asarray(x, float), rtol=1e-12, atol=1e-12)


SHARDED = """
import jax, jax.numpy as jnp, numpy as np
jax.config.update("jax_num_cpu_devices", 2)
from jax.sharding import PartitionSpec as P
from jaxsnn.gradients import spike_product
mesh = jax.make_mesh((2,), ("part",), axis_types=(jax.sharding.AxisType.Auto,))
for time, pre, post in ((8, 5, 3), (400, 300, 64)):
    weight = jax.random.normal(jax.random.key(0), (post, pre))
    spikes = (jax.random.uniform(jax.random.key(1), (time, pre)) < 0.05).astype(float)
    found = []
    for product in (spike_product, lambda w, s: s @ w.T):
        of = jax.shard_map(product, mesh=mesh, in_specs=(P(), P("part")), out_specs=P("part"))
        found.append(jax.jit(jax.grad(lambda w, s: jnp.sum(jnp.sin(of(w, s))), (0, 1)))(weight, spikes))
    for ours, plain in zip(*found):
        np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-4)
"""


def test_a_gradient_is_summed_over_devices():
    done = subprocess.run([sys.executable, "-c", SHARDED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_numbers_of_half_precision_are_added_up_in_full():
    words, table, x = both(lambda *shape: RNG.random(shape) < 0.1, (2000, 3000, 64))
    found = bit_product(words, x.astype(jnp.bfloat16)).astype(jnp.float32)
    np.testing.assert_allclose(found, table @ x.astype(jnp.bfloat16).astype(jnp.float32), rtol=0.02, atol=0.3)
