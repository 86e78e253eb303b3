"""The descents on the noise: claims and figures on a made-up world with a known best noise, and small networks."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.noise_descent import preset
from experiments.noise_descent.claims import CLAIMS
from experiments.noise_descent.descent import CONSTANTS, STUDY, _prepare, follow
from experiments.noise_descent.joint import COMPARED, JOINT, heterogeneous, patterns
from experiments.noise_descent.likelihood import HORIZONS
from experiments.noise_descent.panels import estimated
from experiments.noise_descent.slopes import built, measure, rule_of
from jaxsnn.claims import evaluate
from jaxsnn.engine import run_steps
from paper_figures import noise_descent as figures
from tests.laws.quick import quick_jit

pytestmark = pytest.mark.slow  # half a minute of compiling

BEST = estimated(1.0, 0.4, 8)


def made_up(off, better):
    """Programs without a network: log variance is a parabola about BEST, descents end `off` beside it in log noise."""

    def noisy(key, scale):
        return scale * jax.random.normal(key)

    def fake_follow(point, key):
        x = jnp.log(point["noise"] / BEST)
        end = BEST * jnp.exp(jnp.asarray(off, x.dtype) + noisy(key, 0.004))
        one = jnp.ones(())
        return {
            "noise_end": end, "slope": 2 * x + noisy(key, 0.01), "spread": 0.1 * one, "less": (x > 0).astype(float),
            "variance": jnp.exp(x * x + noisy(key, 0.01)) * (1 + 0.01 * x * noisy(key, 1.0)), "rate": one,
            "finite": one, "path": jnp.full(point["windows"], 1.0) * end,
        }  # fmt: skip

    def fake_truncations(point, key):
        x = jnp.log(point["noise"] / BEST)
        return {f"slope_{i}": 2 * x + noisy(key, 0.01) for i in range(len(HORIZONS))} | {"variance": jnp.exp(x * x)}

    def fake_joint(point, key):
        ratio = jnp.exp(2 * (jnp.log(jnp.asarray(better, point["noise"].dtype)) + noisy(key, 0.003)))
        one = jnp.ones(())
        found = {f"variance_{name}": ratio if name.startswith("joint") else one for name in COMPARED}
        last = {"noise_alone": one, "noise_joint": one, "thresholds_joint": one, "weights_joint": one}
        others = {f"{what}_{name}": one for what in ("rate", "active") for name in COMPARED}
        return found | last | others | {"path": jnp.ones((point["windows"], 4))}

    fakes = {STUDY.name: fake_follow, "noise_descent.truncated": fake_truncations, JOINT.name: fake_joint}

    def of(panel):
        return replace(panel, study=replace(panel.study, program=fakes[panel.study.name]))

    return {name: of(panel).run() for name, panel in preset("smoke").items()}


@pytest.fixture(scope="module")
def world():
    return made_up(off=0.0, better=0.9)


@pytest.fixture(scope="module")
def other_world():
    return made_up(off=0.3, better=1.1)


def verdicts(data):
    return {record["id"]: record["verdict"] for record in evaluate(CLAIMS, data)}


def test_a_descent_that_ends_on_the_minimum_holds_and_one_beside_it_fails(world, other_world):
    right, wrong = verdicts(world), verdicts(other_world)
    assert (right["close"], wrong["close"], wrong["two-errors"]) == ("holds", "fails", "fails")
    assert (right["joint"], wrong["joint"]) == ("holds", "fails")


def test_what_a_preset_does_not_run_is_undecided(world):
    found = verdicts(world)
    assert found["overflow"] == found["noise-driven"] == found["committed"] == "undecided"


def test_the_figures_are_drawn_with_their_numbers_beside_them(world, tmp_path):
    drawn = figures.draw(world, preset("smoke"), tmp_path)
    assert [figure.name for figure in drawn] == ["descents", "slopes", "stops", "truncation", "joint"]
    for figure in drawn:
        assert figure.path_png.stat().st_size > 10_000
        assert figure.csv.read_text().count("\n") > 2


def point_of(**changes):
    small = {"neurons": 4, "leak": 1.0, "delay": 0.4, "noise": 1.0, "ring": 8, "length": 10.0, "windows": 3}
    plan = _prepare({**CONSTANTS, **small, **changes})
    return {**plan.static, **{name: jnp.asarray(value, jnp.float32) for name, value in plan.arrays.items()}}


def test_central_differences_ask_for_more_noise_below_the_optimum_and_for_less_above():
    point = point_of()
    one = lambda noise, key: follow({**point, "noise": noise}, key)["slope"]
    keys = jax.random.split(jax.random.key(0), 8)
    slopes = quick_jit(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))(jnp.asarray([0.2, 5.0]), keys)
    low, high = np.mean(slopes, axis=1) / (np.std(slopes, axis=1) / np.sqrt(8))
    assert low < -3
    assert high > 3


def test_the_event_gradient_leaves_the_path_as_it_is():
    """Rate and log variance by the event rule are those of the network run alone on the same noise."""
    point, key = point_of(windows=1), jax.random.key(3)
    net = built(point, rule_of("event"), jnp.ones(()))
    window, start = point["window"], jnp.zeros((), jnp.int32)

    def both(log):
        state = net.init(key)
        found = measure(point, rule_of("event"), log, state, start, key)
        drive = jnp.ones((window, 1))
        _, y = run_steps(net, state, drive, start=start, steps=window, dt=point["dt"], stream=key, block=100)
        return found, y.error[window // 4 :, 0], y.count[window // 4 :]

    found, error, count = quick_jit(both)(jnp.zeros(()))
    np.testing.assert_allclose(found.rate, np.mean(count) / point["dt"], rtol=0.02)
    np.testing.assert_allclose(np.exp(found.height), np.var(error), rtol=0.05)
    assert np.isfinite(found.slope)


def test_spreads_keep_the_means_and_their_patterns_are_orthogonal_enough():
    z = patterns(16)
    np.testing.assert_allclose(z.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose((z**2).mean(axis=1), 1)
    assert abs(np.mean(z[0] * z[1])) < 0.2
    point = point_of(neurons=16)
    net = heterogeneous(point, jnp.asarray([0.0, 0.3, 0.1], jnp.float32))
    np.testing.assert_allclose(np.mean(net.decoder), 1, rtol=1e-6)
    np.testing.assert_allclose(np.mean(net.threshold_shift), 0, atol=1e-6)


def test_a_ring_that_is_too_short_and_a_rule_without_a_name_are_refused():
    with pytest.raises(ValueError, match="ring = 4: must be at least 8"):
        point_of(ring=4)
    with pytest.raises(ValueError, match="rule = 'nothing': must be one of"):
        point_of(rule="nothing")


@pytest.mark.slow
def test_every_claim_is_judged_on_real_networks(tmp_path):
    panels = preset("smoke")
    data = {name: panel.run() for name, panel in panels.items()}
    assert set(verdicts(data).values()) <= {"holds", "fails", "undecided"}
    assert len(figures.draw(data, panels, tmp_path)) == 5
