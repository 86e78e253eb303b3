"""What each rule passes on, against its formula written out, however it is run and in either precision."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jaxsnn.gradients import (
    ArcTan,
    Erf,
    FastSigmoid,
    Hazard,
    Laplace,
    MultiGaussian,
    NoiseDriven,
    Rectangle,
    Sigmoid,
    StraightThrough,
    Triangle,
)
from tests.laws.quick import quick_jit

W = 0.4


def _density(frozen):
    return lambda u: (frozen.pdf(u / W) / W, -u / W * frozen.pdf(u / W) / W)


def _wide(u):
    normal = scipy.stats.norm.pdf
    h = lambda x: 1.15 * normal(x) - 0.15 * (normal(x, 1, 6) + normal(x, -1, 6))
    return h(u / W) / h(0)


def _hazard(u):
    x = 2.0 * 0.1 * np.exp(u / W)
    return x * np.exp(-x) / W, -u / W**2 * x * np.exp(-x)


FORMULAS = {  # rule, and what it passes on to u (and to its noise level)
    "fast sigmoid": (lambda: FastSigmoid(W), lambda u: 1 / (1 + abs(u / W)) ** 2),
    "arctan": (lambda: ArcTan(W), lambda u: 1 / (1 + (u / W) ** 2)),
    "sigmoid": (lambda: Sigmoid(W), lambda u: 1 / np.cosh(u / W / 2) ** 2),
    "erf": (lambda: Erf(W, normalize="area"), lambda u: scipy.stats.norm.pdf(u, scale=W)),
    "triangle": (lambda: Triangle(W), lambda u: np.maximum(0, 1 - abs(u / W))),
    "rectangle": (lambda: Rectangle(W, normalize="area"), lambda u: (abs(u) < W) / (2 * W)),
    "laplace": (lambda: Laplace(W, normalize="area"), lambda u: scipy.stats.laplace.pdf(u, scale=W)),
    "multi-gaussian": (lambda: MultiGaussian(W), _wide),
    "straight through": (StraightThrough, np.ones_like),
    "per unit time": (lambda: ArcTan(W, rate=3.0, dt=0.2), lambda u: 0.6 / (1 + (u / W) ** 2)),
    "gaussian noise": (lambda: NoiseDriven("gaussian", W), _density(scipy.stats.norm())),
    "logistic noise": (lambda: NoiseDriven("logistic", W), _density(scipy.stats.logistic())),
    "uniform noise": (lambda: NoiseDriven("uniform", W), _density(scipy.stats.uniform(-1, 2))),
    "triangular noise": (lambda: NoiseDriven("triangular", W), _density(scipy.stats.triang(0.5, -1, 2))),
    "hazard": (lambda: Hazard(2.0, W, dt=0.1), _hazard),
}
LEVEL = {NoiseDriven: "sigma", Hazard: "temperature"}


@pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])
@pytest.mark.parametrize("name", FORMULAS)
def test_what_is_passed_on_is_the_formula_in_either_direction_under_jit_vmap_and_scan(name, double):
    make, formula = FORMULAS[name]
    with jax.enable_x64(double):
        rule = make()
        drawn = np.random.default_rng(3)
        dtype = np.float64 if double else np.float32
        u, back = (drawn.uniform(-1.2, 1.2, (4, 5)).astype(dtype) for _ in range(2))
        noise = rule.draw(jax.random.key(0), jnp.arange(4, dtype=jnp.int32), (5,))

        @quick_jit
        def passed(rule, u, back):
            pull = lambda rule, u, noise, back: jax.vjp(lambda rule, u: rule(u, noise), rule, u)[1](back)
            each, of_u = jax.vmap(pull, (None, 0, 0, 0))(rule, u, noise, back)

            def scanned(rule, u):
                return jax.lax.scan(lambda _, now: (None, rule(*now)), None, (u, noise))[1]

            whole, of_u_scanned = jax.vjp(scanned, rule, u)[1](back)
            forward = dataclasses.replace(rule, mode="forward")
            still = jax.tree.map(jnp.zeros_like, forward)
            pushed = jax.jvp(scanned, (forward, u), (still, back))[1]
            return each, of_u, whole, of_u_scanned, pushed

        each, of_u, whole, of_u_scanned, pushed = passed(rule, jnp.asarray(u), jnp.asarray(back))
        wanted = formula(u.astype(float))
        slope, of_level = wanted if isinstance(wanted, tuple) else (wanted, None)
        within = {"rtol": 1e-11, "atol": 1e-12} if double else {"rtol": 1e-4, "atol": 1e-5}
        close = partial(np.testing.assert_allclose, **within)
        for got in (of_u, of_u_scanned, pushed):
            assert got.dtype == dtype
            close(got, slope * back)
        if of_level is not None:
            level = LEVEL[type(rule)]
            close(getattr(each, level), np.sum(of_level * back, axis=1))
            close(getattr(whole, level), np.sum(of_level * back))
