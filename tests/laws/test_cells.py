"""What every cell of the catalogue promises."""

import dataclasses
from functools import cache, partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.core import Cell, Span, Tick, strong
from jaxsnn.engine import run_steps, simulate, streams
from tests.catalogue import CELLS
from tests.laws.quick import quick_jit

STEPS = 14
BLOCKS = (1, 7, STEPS)
every_cell = pytest.mark.parametrize(
    "entry", [pytest.param(e, id=e.name, marks=pytest.mark.slow if e.variant else ()) for e in CELLS]
)
close = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-10)


def _compare(a, b, check=close):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        check(left, right)


def _setting(entry, steps=STEPS):
    """The cell, its inputs and the key of the run, in the current precision."""
    return entry.make(), entry.inputs(jax.random.key(1), steps), jax.random.key(2)


def _functional(tree):
    """A linear function in which every number of the tree has a weight of its own."""
    leaves = [leaf.ravel() for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    return sum(jnp.sum(leaf * jnp.sin(1.0 + jnp.arange(leaf.size, dtype=leaf.dtype))) for leaf in leaves)


@partial(quick_jit, static_argnames="block")
def _graded(cell, xs, key, dt, *, block):
    """Final state and outputs, and the gradient of a functional of them for every parameter and input."""

    def loss(given):
        cell, xs = given
        result = simulate(cell, xs, dt=dt, key=key, steps=STEPS, block=block)
        return _functional(result), result

    (_, result), gradient = eqx.filter_value_and_grad(loss, has_aux=True)((cell, xs))
    return result, gradient


class _StepByStep(Cell):
    """A cell that forgets its `unroll`."""

    cell: Cell

    def init(self, key):
        return self.cell.init(key)

    def draw(self, stream, steps):
        return self.cell.draw(stream, steps)

    def step(self, state, x, tick):
        return self.cell.step(state, x, tick)


@cache
def _graded_by_name(name, block):
    entry = next(entry for entry in CELLS if entry.name == name)
    with jax.enable_x64(True):
        cell, xs, key = _setting(entry)
        return jax.tree.map(np.asarray, _graded(cell, xs, key, strong(entry.dt), block=block))


def _scaled(cell, factor):
    return jax.tree.map(lambda leaf: leaf * jnp.asarray(factor, leaf.dtype), cell)


def _named_leaves(tree):
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def _cells_within(cell):
    inner = jax.tree.leaves(cell, is_leaf=lambda node: isinstance(node, eqx.Module) and node is not cell)
    return [cell, *(part for node in inner if isinstance(node, eqx.Module) for part in _cells_within(node))]


@every_cell
def test_parameters_are_arrays_with_a_dtype_of_their_own(entry):
    cell = entry.make()
    for name, leaf in _named_leaves(cell).items():
        assert isinstance(leaf, jax.Array), name
        assert jnp.issubdtype(leaf.dtype, jnp.floating) or leaf.dtype == jnp.int32, name  # int32: an index list
        assert not leaf.weak_type, name
    for part in _cells_within(cell):
        for field in dataclasses.fields(part):
            stray = isinstance(getattr(part, field.name), float)
            assert not stray, f"{field.name} is a Python float: it has no gradient, and recompiles when changed"


DOUBLE = pytest.param(True, id="float64", marks=pytest.mark.slow)


@every_cell
@pytest.mark.parametrize("double", [pytest.param(False, id="float32"), DOUBLE])
def test_state_keeps_shape_dtype_and_strength_under_step_and_unroll(entry, double):
    with jax.enable_x64(double):
        cell, xs, key = _setting(entry, steps=3)
        wanted = jnp.float64 if double else jnp.float32
        before = jax.eval_shape(cell.init, key)

        def one(state):
            noise = jax.tree.map(lambda z: z[0], cell.draw(key, jnp.arange(3, dtype=jnp.int32)))
            tick = Tick(jnp.asarray(0, jnp.int32), strong(entry.dt), noise)
            return cell.step(state, jax.tree.map(lambda x: x[0], xs), tick)

        def many(state):
            noise = cell.draw(key, jnp.arange(3, dtype=jnp.int32))
            return cell.unroll(state, xs, Span(jnp.asarray(0, jnp.int32), strong(entry.dt), noise, 3))

        for after, ys in (jax.eval_shape(one, before), jax.eval_shape(many, before)):
            assert jax.tree.structure(after) == jax.tree.structure(before)
            for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True):
                assert (new.shape, new.dtype, new.weak_type) == (old.shape, old.dtype, False)
            for leaf in jax.tree.leaves((after, ys)):
                assert not jnp.issubdtype(leaf.dtype, jnp.floating) or leaf.dtype == wanted


@every_cell
def test_draws_are_bit_equal_for_every_block(entry):
    cell, _, key = _setting(entry)
    whole = cell.draw(key, jnp.arange(STEPS, dtype=jnp.int32))
    if not jax.tree.leaves(whole):
        return
    draw = jax.jit(lambda start, size: cell.draw(key, start + jnp.arange(size, dtype=jnp.int32)), static_argnums=1)
    for block in BLOCKS[:2]:
        for start in range(0, STEPS - block + 1, block):
            part = jax.tree.map(lambda z, a=start, b=start + block: z[a:b], whole)
            _compare(draw(start, block), part, np.testing.assert_array_equal)


@every_cell
@pytest.mark.parametrize("block", [pytest.param(1, marks=pytest.mark.slow), BLOCKS[1]])
def test_values_and_gradients_are_the_same_for_every_block(entry, block):
    _compare(_graded_by_name(entry.name, block), _graded_by_name(entry.name, STEPS))


@every_cell
@pytest.mark.slow
def test_unroll_equals_step_by_step_in_value_and_gradient(entry):
    result, (of_cell, of_inputs) = _graded_by_name(entry.name, STEPS)
    with jax.enable_x64(True):
        cell, xs, key = _setting(entry)
        if type(cell).unroll is Cell.unroll:
            return
        stepped = _graded(_StepByStep(cell), xs, key, strong(entry.dt), block=STEPS)
        _compare(stepped, (result, (_StepByStep(of_cell), of_inputs)))


@every_cell
@pytest.mark.slow
def test_a_cell_alone_is_the_same_for_every_block_within_rounding_in_float32(entry):
    if not entry.alone:
        return

    @quick_jit
    def runs(cell, xs, key, dt):
        return [simulate(cell, xs, dt=dt, key=key, steps=STEPS, block=block) for block in BLOCKS]

    stepwise, blockwise, whole = runs(*_setting(entry), strong(entry.dt))
    for run in (stepwise, blockwise):
        _compare(run, whole, partial(np.testing.assert_allclose, rtol=2e-6, atol=2e-6))


@every_cell
@pytest.mark.slow
def test_continuing_from_a_state_equals_one_run(entry):
    half = STEPS // 2
    whole, _ = _graded_by_name(entry.name, STEPS)

    @quick_jit
    def run(cell, state, xs, start, dt, stream):
        return run_steps(cell, state, xs, start=start, steps=half, dt=dt, stream=stream, block=half)

    with jax.enable_x64(True):
        cell, xs, key = _setting(entry)
        initial, stream = streams(key)
        early, late = jax.tree.map(lambda x: x[:half], xs), jax.tree.map(lambda x: x[half:], xs)
        start, dt = np.array([0, half], np.int32), strong(entry.dt)
        middle, first = run(cell, cell.init(initial), early, start[0], dt, stream)
        final, second = run(cell, middle, late, start[1], dt, stream)
        _compare((final, jax.tree.map(lambda a, b: np.concatenate([a, b]), first, second)), whole)


@every_cell
@pytest.mark.slow
def test_jitted_equals_eager(entry):
    (_, whole), _ = _graded_by_name(entry.name, STEPS)
    with jax.enable_x64(True):
        cell, xs, key = _setting(entry)
        initial, stream = streams(key)
        noise = jax.tree.map(np.asarray, cell.draw(stream, jnp.arange(STEPS, dtype=jnp.int32)))
        xs, state = jax.tree.map(np.asarray, xs), cell.init(initial)
        for n in range(2):
            x, now = jax.tree.map(lambda rows, n=n: jnp.asarray(rows[n]), (xs, noise))
            state, y = cell.step(state, x, Tick(jnp.asarray(n, jnp.int32), strong(entry.dt), now))
            _compare(y, jax.tree.map(lambda rows, n=n: rows[n], whole))


@every_cell
@pytest.mark.slow
def test_vmap_over_parameters_and_seeds_equals_a_loop(entry):
    with jax.enable_x64(True):
        cell, xs, _ = _setting(entry)
        factors, keys = jnp.array([1.0, 1.03]), jax.random.split(jax.random.key(5), 2)

        def run(factor, key):
            return simulate(_scaled(cell, factor), xs, dt=strong(entry.dt), key=key, steps=STEPS)

        grid = quick_jit(jax.vmap(jax.vmap(run, (None, 0)), (0, None)))(factors, keys)
        for i, factor in enumerate(factors):
            for j in range(2):
                alone = _graded(_scaled(cell, factor), xs, keys[j], strong(entry.dt), block=STEPS)[0]
                _compare(jax.tree.map(lambda leaf, i=i, j=j: leaf[i, j], grid), alone)


@every_cell
def test_the_same_key_gives_the_same_path_and_another_key_another(entry):
    with jax.enable_x64(True):
        cell, xs, key = _setting(entry)
        run = lambda key: _graded(cell, xs, key, strong(entry.dt), block=STEPS)[0]
        once, again, other = run(key), run(key), run(jax.random.key(3))
        _compare(once, again, np.testing.assert_array_equal)
        chance = jax.tree.leaves(jax.eval_shape(lambda: cell.draw(key, jnp.arange(1, dtype=jnp.int32))))
        pairs = zip(jax.tree.leaves(once), jax.tree.leaves(other), strict=True)
        assert any(not np.array_equal(a, b) for a, b in pairs) == bool(chance)


@every_cell
def test_one_trace_serves_every_value_of_the_parameters(entry):
    traces = []

    @jax.jit
    def once(cell: Cell, state, x, tick):
        traces.append(cell)
        return cell.step(state, x, tick)

    cell, xs, key = _setting(entry, steps=1)
    noise = jax.tree.map(lambda z: z[0], cell.draw(key, jnp.arange(1, dtype=jnp.int32)))
    tick = Tick(jnp.asarray(0, jnp.int32), strong(entry.dt), noise)
    state, x = cell.init(key), jax.tree.map(lambda x: x[0], xs)
    for factor in (1.0, 1.01, 1.02):
        once.trace(_scaled(cell, factor), state, x, tick)
    assert len(traces) == 1


@every_cell
def test_every_parameter_has_a_finite_gradient_and_it_is_zero_only_where_meant(entry):
    _, (of_cell, of_inputs) = _graded_by_name(entry.name, STEPS)
    named = _named_leaves(of_cell)
    assert set(entry.flat) <= set(named), "the catalogue names a parameter that does not exist"
    for name, gradient in named.items():
        assert np.all(np.isfinite(gradient)), name
        assert np.any(gradient != 0) == (name not in entry.flat), name
    for gradient in jax.tree.leaves(of_inputs):
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient != 0)
