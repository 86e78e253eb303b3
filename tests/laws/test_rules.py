"""What every spike rule of the catalogue promises."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.catalogue import RULES
from tests.laws.quick import quick_jit

every_rule = pytest.mark.parametrize("entry", RULES, ids=[entry.name for entry in RULES])

U = (-2.0, -0.4, -0.05, 0.0, 0.05, 0.2, 3.0)


def _setting(entry):
    rule, u = entry.make(), jnp.array(U)
    noise = jax.tree.map(lambda z: z[0], rule.draw(jax.random.key(0), jnp.arange(1, dtype=jnp.int32), u.shape))
    return rule, u, noise


def _tangents_of(tree):
    return jax.tree.map(lambda leaf: jnp.full_like(leaf, 0.7), tree)


@every_rule
@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
def test_spikes_are_zero_or_one_in_the_dtype_of_the_membrane(entry, double):
    with jax.enable_x64(double):
        rule, u, noise = _setting(entry)
        s = rule(u, noise)
        assert (s.shape, s.dtype, s.weak_type) == (u.shape, jnp.float64 if double else jnp.float32, False)
        assert set(np.unique(s)) <= {0.0, 1.0}


@every_rule
def test_far_below_threshold_is_silent_and_far_above_fires(entry):
    rule, u, noise = _setting(entry)
    assert np.all(rule(u - 1e3, noise) == 0)
    assert np.all(rule(u + 1e3, noise) == 1)


@every_rule
def test_backward_pass_is_the_transpose_of_the_declared_tangent(entry):
    with jax.enable_x64(True):
        rule, u, noise = _setting(entry)
        d_rule, d_u, d_s = _tangents_of(rule), jnp.cos(u), jnp.sin(1 + u)
        declared = jnp.vdot(d_s, rule.tangent(u, noise, d_rule, d_u))
        back_rule, back_u = jax.vjp(lambda rule, u: rule(u, noise), rule, u)[1](d_s)
        pulled = sum(jnp.vdot(a, b) for a, b in zip(jax.tree.leaves(back_rule), jax.tree.leaves(d_rule), strict=True))
        np.testing.assert_allclose(pulled + jnp.vdot(back_u, d_u), declared, rtol=1e-12)
        assert declared != 0


@every_rule
def test_forward_mode_is_the_declared_tangent(entry):
    with jax.enable_x64(True):
        rule, u, noise = _setting(entry)
        forward = dataclasses.replace(rule, mode="forward")
        d_rule, d_u = _tangents_of(forward), jnp.cos(u)
        s, d_s = jax.jvp(lambda rule, u: rule(u, noise), (forward, u), (d_rule, d_u))
        np.testing.assert_array_equal(s, rule(u, noise))
        np.testing.assert_allclose(d_s, rule.tangent(u, noise, _tangents_of(rule), d_u), rtol=1e-12)


@every_rule
def test_parameters_have_no_gradient_exactly_where_the_catalogue_says_so(entry):
    rule, u, noise = _setting(entry)
    gradient = jax.grad(lambda rule: jnp.sum(rule(u, noise) * jnp.cos(u)))(rule)
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradient):
        assert np.all(np.isfinite(leaf))
        assert bool(np.any(leaf != 0)) == (jax.tree_util.keystr(path) not in entry.flat)


@every_rule
def test_vmap_over_membranes_and_parameters_equals_a_loop(entry):
    rule, u, noise = _setting(entry)
    factors = jnp.array([1.0, 1.3])

    def pulled(factor, u):
        scaled = jax.tree.map(lambda leaf: leaf * factor, rule)
        s, back = jax.vjp(lambda u: scaled(u, noise), u)
        return s, back(jnp.ones_like(u))[0]

    grid = quick_jit(jax.vmap(pulled))(factors, jnp.stack([u, u + 0.1]))
    for n, factor in enumerate(factors):
        for together, alone in zip(grid, pulled(factor, u + (0.0, 0.1)[n]), strict=True):
            np.testing.assert_allclose(together[n], alone, rtol=1e-6)


@every_rule
def test_draws_are_bit_equal_for_every_block(entry):
    rule, steps = entry.make(), jnp.arange(6, dtype=jnp.int32)
    whole = rule.draw(jax.random.key(0), steps, (3,))
    parts = [rule.draw(jax.random.key(0), steps[n : n + 2], (3,)) for n in (0, 2, 4)]
    jax.tree.map(lambda a, *b: np.testing.assert_array_equal(a, jnp.concatenate(b)), whole, *parts)
