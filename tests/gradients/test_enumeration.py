"""Enumeration against sums written out, and rules and scores against enumeration."""

import dataclasses
import itertools
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jaxsnn.delays import DelayLine
from jaxsnn.engine import simulate
from jaxsnn.gradients import (
    Hazard,
    NoiseDriven,
    enumerate_paths,
    expected_loss,
    one_step_score_loss,
    path_gradients,
    score_loss,
    with_mode,
)
from jaxsnn.networks import Chain, Recurrent
from jaxsnn.neurons import LIF, AdaptiveLIF, ConductanceLIF, DiscreteLIF, RefractoryLIF
from jaxsnn.synapses import Dense, FailingDense
from tests.laws.quick import quick_jit

KEY = jax.random.key(0)
XS = np.array([[0.9, 0.4], [0.7, 0.9], [0.5, 1.1]])
RULES = {
    "gaussian": lambda: NoiseDriven("gaussian", 0.3),
    "logistic": lambda: NoiseDriven("logistic", 0.3),
    "uniform": lambda: NoiseDriven("uniform", 1.1),
    "triangular": lambda: NoiseDriven("triangular", 1.3),
    "drawn twice": lambda: NoiseDriven("gaussian", 0.3, placement="membrane+escape"),
    "hazard": lambda: Hazard(1.0, 0.3),
    "softplus hazard": lambda: Hazard(2.0, 0.3, shape="softplus"),
}
every_rule = pytest.mark.parametrize("name", RULES)


def curved(final, ys):
    """A loss that no gradient of the mean would get right."""
    return jnp.sum(ys) ** 2 + jnp.sum(jnp.sin(1.0 + jnp.arange(ys.size, dtype=ys.dtype)) * ys.ravel()) + final.v[0] ** 2


def curved_count(final, ys):
    return jnp.sum(ys) ** 2


def delayed_network(rule):
    forward = LIF(3.0, np.array([0.8, 1.1]), rule, size=2)
    return Recurrent(
        forward, DelayLine(np.array([0.6, 0.85]), size=2, max_delay=3), Dense(np.array([[0.5, -1.2], [0.9, 0.3]]))
    )


def by_hand(beta, threshold, sigma, loss):
    """Expected loss of a noisy DiscreteLIF with reset to zero, pattern by pattern."""
    total = 0.0
    for pattern in itertools.product((0, 1), repeat=XS.size):
        s, v, p = np.zeros(2), np.zeros(2), 1.0
        spikes = np.reshape(pattern, XS.shape)
        for x, now in zip(XS, spikes, strict=True):
            v = beta * v * (1 - s) + x
            fired = scipy.stats.norm.cdf((v - threshold) / sigma)
            p *= np.prod(np.where(now, fired, 1 - fired))
            s = now
        total += p * loss(v, spikes)
    return total


def test_the_expected_loss_is_the_sum_over_all_patterns():
    def loss(v, spikes):
        return spikes.sum() ** 2 + v[0] * spikes[1, 1]

    with jax.enable_x64(True):
        cell = DiscreteLIF(0.8, 1.0, NoiseDriven("gaussian", 0.3), size=2, reset="zero")
        ours = expected_loss(lambda final, ys: loss(final.v, ys), cell, jnp.asarray(XS), dt=1.0, key=KEY)
        np.testing.assert_allclose(ours, by_hand(0.8, 1.0, 0.3, loss), rtol=1e-12)
        paths = enumerate_paths(cell, jnp.asarray(XS), dt=1.0, key=KEY)
        assert paths.ys.shape == (64, 3, 2)
        assert len(np.unique(np.asarray(paths.ys).reshape(64, 6), axis=0)) == 64
        np.testing.assert_allclose(jnp.sum(jnp.exp(paths.log_prob)), 1, rtol=1e-12)


@pytest.mark.parametrize("name", ["gaussian", "drawn twice", "uniform", "hazard"])
def test_the_score_function_is_the_gradient_of_the_expected_loss_to_rounding(name):
    """In weights, time constant, thresholds, delays and noise of a recurrent network with delays."""
    with jax.enable_x64(True):
        xs, loss = jnp.asarray(XS), lambda final, ys: curved(final[0], ys)
        cell = with_mode(delayed_network(RULES[name]()), "score")

        @quick_jit
        def both(cell):
            exact = lambda cell: expected_loss(loss, cell, xs, dt=0.5, key=KEY)
            probability, each = path_gradients(loss, cell, xs, dt=0.5, key=KEY, baseline=1.7)
            return jax.grad(exact)(cell), jax.tree.map(lambda g: jnp.tensordot(probability, g, 1), each)

        wanted, mean = both(cell)
        for gradient, score in zip(jax.tree.leaves(wanted), jax.tree.leaves(mean), strict=True):
            assert np.any(gradient != 0)
            np.testing.assert_allclose(score, gradient, atol=1e-8)

        leaves = lambda cell: (cell.forward.threshold, cell.line.delay, jax.tree.leaves(cell.forward.spike)[0])
        value = quick_jit(lambda cell: expected_loss(loss, cell, xs, dt=0.5, key=KEY))
        h = 1e-6
        for n, gradient in enumerate(leaves(wanted)):  # and enumeration is smooth: finite differences agree
            moved = [eqx.tree_at(lambda c, n=n: leaves(c)[n], cell, leaves(cell)[n] + d) for d in (h, -h)]
            difference = (value(moved[0]) - value(moved[1])) / (2 * h)
            np.testing.assert_allclose(difference, jnp.sum(gradient), rtol=1e-6, atol=1e-7)


@every_rule
def test_the_noise_driven_gradient_is_the_gradient_of_the_mean_where_it_is_exact(name):
    """One layer, no reset from one step to the next (beta = 0), a linear loss."""
    with jax.enable_x64(True):
        weights = jnp.asarray([[0.3, -1.0], [2.0, 0.7], [-0.4, 0.2]])
        cell = DiscreteLIF(0.0, np.array([0.8, 1.1]), RULES[name](), size=2, reset="zero")
        linear = lambda final, ys: jnp.sum(weights * ys)

        def gradient(cell, xs):
            return jax.grad(lambda c, xs: expected_loss(linear, c, xs, dt=0.5, key=KEY), (0, 1))(cell, xs)

        pair = quick_jit(lambda xs: (gradient(cell, xs), gradient(with_mode(cell, "score"), xs)))(jnp.asarray(XS))
        (passed, of_inputs), (exact, wanted) = pair
        np.testing.assert_allclose(of_inputs, wanted, rtol=1e-10)
        np.testing.assert_allclose(passed.threshold, exact.threshold, rtol=1e-10)
        for ours, theirs in zip(jax.tree.leaves(passed.spike), jax.tree.leaves(exact.spike), strict=True):
            assert np.any(theirs != 0)
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_the_noise_driven_gradient_is_biased_where_spikes_act_on_spikes():
    with jax.enable_x64(True):
        cell, loss = delayed_network(NoiseDriven()), lambda final, ys: curved(final[0], ys)
        expected = lambda cell: expected_loss(loss, cell, jnp.asarray(XS), dt=0.5, key=KEY)
        gradient = quick_jit(lambda cell: jax.grad(expected)(cell))
        ours, exact = gradient(cell).forward.threshold, gradient(with_mode(cell, "score")).forward.threshold
        assert np.max(abs(ours - exact)) > 1e-3


def test_detaching_the_reset_turns_the_sign_of_a_thresholds_gradient():
    """A higher threshold makes the first spike rarer, and the second likelier because the membrane is not reset."""
    with jax.enable_x64(True):
        assert not any(dataclasses.asdict(make(size=1))["detach_reset"] for make in (LIF, DiscreteLIF))

        @quick_jit
        def gradients():
            found = []
            for detach, mode in ((False, "score"), (False, "reverse"), (True, "reverse")):
                rule = NoiseDriven("gaussian", 0.3, mode=mode)
                cell = DiscreteLIF(0.9, 1.0, rule, size=1, reset="zero", detach_reset=detach)
                last = lambda final, ys: ys[-1, 0]
                expected = lambda c, last=last: expected_loss(last, c, jnp.asarray([[1.0], [0.3]]), dt=1.0, key=KEY)
                found.append(jax.grad(expected)(cell).threshold)
            return found

        exact, kept, detached = gradients()
        assert exact > 0.1
        assert kept > 0.05
        assert detached < -0.1


def test_sampled_scores_agree_with_enumeration_and_leaving_one_out_is_quieter():
    cell = DiscreteLIF(0.8, 1.0, NoiseDriven("gaussian", 0.3, mode="score"), size=2)
    xs, groups, paths = XS.astype(np.float32), 200, 40

    @quick_jit
    def estimates(keys):
        def one(keys, baseline):
            def loss(cell):
                final, ys = jax.vmap(lambda key: simulate(cell, xs, dt=1.0, key=key))(keys)
                return score_loss(10 + jax.vmap(curved)(final, ys), final, baseline)

            return jax.value_and_grad(loss)(cell)

        return [jax.vmap(lambda keys, baseline=baseline: one(keys, baseline))(keys) for baseline in ("loo", "none")]

    runs = estimates(jax.random.split(jax.random.key(5), (groups, paths)))
    expected = lambda c: expected_loss(lambda f, y: 10 + curved(f, y), c, xs, dt=1.0, key=KEY)
    value, exact = quick_jit(lambda c: jax.value_and_grad(expected)(c))(cell)
    (quiet, of_quiet), (_, of_loud) = runs
    assert abs(jnp.mean(quiet) - value) < 4 * jnp.std(quiet) / np.sqrt(groups)
    for gradients in (of_quiet, of_loud):
        for leaf, wanted in zip(jax.tree.leaves(gradients), jax.tree.leaves(exact), strict=True):
            assert abs(jnp.mean(leaf) - wanted) < 4 * jnp.std(leaf) / np.sqrt(groups)
    assert jnp.std(of_quiet.threshold) < 0.7 * jnp.std(of_loud.threshold)


def test_the_control_variate_of_one_step_is_unbiased_and_leaves_a_linear_loss_no_variance():
    with jax.enable_x64(True):
        u0, worth = jnp.asarray([-0.2, 0.1, 0.3]), jnp.asarray([1.0, -2.0, 0.5])
        choices = np.array(list(itertools.product((-1e30, 1e30), repeat=3)))

        @partial(quick_jit, static_argnums=0)
        def gradients(loss):
            """Exact gradient, and that of every pattern with its probability, in u and sigma."""
            rule = NoiseDriven("logistic", 0.3)
            noise = jax.tree.map(lambda z: z[0], rule.draw(KEY, jnp.arange(1, dtype=jnp.int32), (3,)))
            loud = lambda rule, u, choice: one_step_score_loss(loss, rule, u, noise._replace(choice=choice))

            def expected(rule, u):
                s = (jnp.asarray(choices) > 0).astype(u.dtype)
                p = jnp.exp(jax.vmap(lambda s: jnp.sum(rule.log_probability(u, s)))(s))
                return jnp.sum(p * jax.vmap(loss)(s)), p

            exact, p = jax.grad(expected, (0, 1), has_aux=True)(rule, u0)
            each = jax.vmap(jax.grad(loud, (0, 1)), (None, None, 0))(rule, u0, jnp.asarray(choices))
            return jax.tree.leaves(exact), p, jax.tree.leaves(each)

        for loss in (lambda s: jnp.sum(worth * s), lambda s: jnp.sum(worth * s) ** 2 + s[0] * s[2]):
            exact, p, each = gradients(loss)
            for wanted, paths in zip(exact, each, strict=True):
                np.testing.assert_allclose(jnp.tensordot(p, paths, 1), wanted, rtol=1e-10)
        exact, _, each = gradients(lambda s: jnp.sum(worth * s))
        for wanted, paths in zip(exact, each, strict=True):
            np.testing.assert_allclose(paths, np.broadcast_to(wanted, paths.shape), rtol=1e-9)


CELL = DiscreteLIF(0.8, 1.0, NoiseDriven("gaussian", 0.3, mode="score"), size=2)


def _final(count):
    keys = jax.random.split(KEY, count)
    return jax.vmap(lambda key: simulate(CELL, XS.astype(np.float32), dt=1.0, key=key)[0])(keys)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: score_loss(jnp.zeros(1), _final(1)), "baseline = 'loo': needs at least 2 paths on the first axis"),
        (lambda: score_loss(jnp.zeros(3), _final(2)), r"losses have shape \(3,\), the final state's LogProb \(2,\)"),
        (lambda: score_loss(jnp.zeros(2), _final(2), "mean"), "baseline = 'mean': must be one of loo, none"),
        (lambda: score_loss(jnp.zeros(2), _final(2), np.zeros(3)), r"baseline has shape \(3,\); must be \(\) or"),
        (lambda: score_loss(jnp.zeros(2), jnp.zeros(2)), "the state holds no LogProb: no rule of the network is in"),
        (
            lambda: enumerate_paths(DiscreteLIF(0.8, size=2), jnp.zeros((2, 2)), dt=1.0, key=KEY),
            "0 spikes to decide: must be between 1 and 18",
        ),
        (lambda: enumerate_paths(CELL, jnp.zeros((10, 2)), dt=1.0, key=KEY), "20 spikes to decide: must be between"),
        (
            lambda: enumerate_paths(
                DiscreteLIF(0.8, 1.0, NoiseDriven(placement="membrane"), size=1), jnp.zeros((2, 1)), dt=1.0, key=KEY
            ),
            "what stays in the membrane decides the spike, so no spike can be forced",
        ),
        (lambda: enumerate_paths(CELL, dt=1.0, key=KEY), "steps = None: a run without inputs needs its number"),
    ],
)
def test_what_cannot_be_scored_or_enumerated_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_layers_are_enumerated_together():
    with jax.enable_x64(True):
        rule = lambda: NoiseDriven("logistic", 0.4)
        net = Chain(LIF(3.0, 0.5, rule(), size=2), Dense(np.array([[0.9, -0.5]])), LIF(3.0, 0.2, rule(), size=1))
        paths = enumerate_paths(net, jnp.asarray(XS[:2]), dt=1.0, key=KEY)
        assert paths.log_prob.shape == (2**6,)
        np.testing.assert_allclose(jnp.sum(jnp.exp(paths.log_prob)), 1, rtol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda theta, rule: RefractoryLIF(3.0, theta, 0.1, 1.3, rule, size=1),
        lambda theta, rule: AdaptiveLIF(3.0, theta, 8.0, 0.3, rule, size=1),
    ],
    ids=["refractory", "adaptive"],
)
def test_other_neurons_are_scored_exactly_too(make):
    with jax.enable_x64(True):
        xs, loss = np.array([[2.9], [1.0], [2.2], [2.9]]), lambda final, ys: jnp.sum(ys) ** 2 + ys[3, 0]
        cell = lambda theta: make(theta, NoiseDriven("gaussian", 0.3, mode="score"))
        expected = quick_jit(
            lambda theta: jax.value_and_grad(lambda t: expected_loss(loss, cell(t), xs, dt=0.7, key=KEY))(theta)
        )
        total = jnp.sum(jnp.exp(enumerate_paths(cell(1.0), xs, dt=0.7, key=KEY).log_prob))
        np.testing.assert_allclose(total, 1, rtol=1e-12)
        h = 1e-6
        (above, _), (below, _), (_, gradient) = (expected(jnp.asarray(1.0 + d)) for d in (h, -h, 0))
        np.testing.assert_allclose(gradient, (above - below) / (2 * h), rtol=1e-6)


def test_a_neuron_that_cannot_fire_yet_has_no_pattern_in_which_it_does():
    """Refractory for two steps of one: by hand, the neuron is silent for certain in the two after a spike."""
    with jax.enable_x64(True):
        rule, steps, current = NoiseDriven("gaussian", 0.3), 4, 1.6

        def fires(v):
            return scipy.stats.norm.cdf((v - 1.0) / 0.3)

        def expected(v, wait, left):
            """Mean number of spikes in the `left` steps that remain."""
            if not left:
                return 0.0
            if wait > 0:
                return expected(v, wait - 1, left - 1)
            v = v + (1 - np.exp(-1 / 3)) * (current - v)
            return fires(v) * (1 + expected(0.0, 2, left - 1)) + (1 - fires(v)) * expected(v, 0, left - 1)

        leaky = RefractoryLIF(3.0, 1.0, 0.0, 2.0, rule, size=1)
        # a conductance whose total is one time constant of 3 and whose target is the current
        driven = ConductanceLIF(6.0, 1.0, 0.0, 2.0, reversal=[2 * current, 0.0], spike=rule, size=1)
        channels = jnp.tile(jnp.asarray([[1.0], [0.0]]), (steps, 1, 1))
        for cell, xs in ((leaky, jnp.full((steps, 1), current)), (driven, channels)):
            paths = enumerate_paths(cell, xs, dt=1.0, key=KEY)
            np.testing.assert_allclose(jnp.sum(jnp.exp(paths.log_prob)), 1, rtol=1e-12)
            count = expected_loss(lambda final, ys: jnp.sum(ys), cell, xs, dt=1.0, key=KEY)
            np.testing.assert_allclose(count, expected(0.0, 0, steps), rtol=1e-9)


def test_rules_in_score_mode_are_scored_beside_others_that_are_not():
    """Coins that pass their mean's gradient on, before neurons in score mode: for the weights that is exact."""
    with jax.enable_x64(True):
        weight, xs = jnp.asarray([[0.9, 0.7]]), jnp.ones((3, 2))
        mixed = lambda w: Chain(FailingDense(w, 0.6), LIF(3.0, 0.8, NoiseDriven("gaussian", 0.3, mode="score"), size=1))
        of = lambda w: expected_loss(curved_count, mixed(w), xs, dt=1.0, key=KEY)
        gradient, h = jax.grad(of)(weight), 1e-6
        for place in ((0, 0), (0, 1)):
            slope = (of(weight.at[place].add(h)) - of(weight.at[place].add(-h))) / (2 * h)
            assert abs(slope) > 0.1
            np.testing.assert_allclose(gradient[place], slope, rtol=1e-6)
        probability, each = path_gradients(curved_count, mixed(weight), xs, dt=1.0, key=KEY)
        mean = jnp.tensordot(probability, each.cells[0].weight, 1)
        np.testing.assert_allclose(mean, gradient, rtol=1e-9)


@pytest.mark.parametrize(
    ("cell", "given", "said"),
    [
        (DelayLine(9.0, size=1, max_delay=3), {}, "delay"),
        (LIF(size=3), {}, r"xs.shape = \(2, 1\): must be \(steps, 3\)"),
        (LIF(size=1), {"dt": -1.0}, "dt = -1.0: must be finite and positive"),
        (LIF(size=1), {"key": 3}, "key = 3: must be one typed random key"),
    ],
    ids=str,
)
def test_what_simulate_would_refuse_is_not_enumerated(cell, given, said):
    given = {"dt": 1.0, "key": KEY} | given
    with pytest.raises(ValueError, match=said):
        expected_loss(lambda final, ys: jnp.sum(ys), cell, jnp.ones((2, 1)), **given)
