"""Statistics that a model gathers travel through a fit: into the model, the best one, and the checkpoint."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxsnn.engine import simulate
from jaxsnn.fit import Batches, descend_all, fit, fit_grid, free, leaf_paths
from jaxsnn.layers import Norm, inference
from jaxsnn.networks import Chain
from jaxsnn.synapses import Dense

TRAIN = {"*.weight": free(), "*.gain": free()}
DATA = np.random.default_rng(0).normal(1.0, 2.0, (12, 4, 2)).astype(np.float32)
KEY = jax.random.key(3)
BATCHES = Batches(DATA, 4, key=jax.random.key(1))


def model():
    return Chain(Dense(np.array([[1.0, 0.5]])), Norm(1, axis="batch"))


def run(cell, xs):
    return jax.vmap(lambda x: simulate(cell, x, dt=1.0, key=KEY), axis_name="batch")(xs)


def loss(cell, batch, key):
    del key
    final, ys = run(cell, batch)
    return jnp.mean(jnp.square(ys - 1)), {}, final


def rising(cell, key):
    """A score that is best at the first judgement, and two metrics."""
    del key
    ys = run(inference(cell), jnp.asarray(DATA))[1]
    return cell.cells[1].running.mean[0], {"mean": cell.cells[1].running.mean[0], "output": jnp.mean(ys)}


def go(rate=0.0, steps=6, **options):
    given = {"batches": BATCHES, "validate": rising, "every": 2} | options
    return fit(loss, model(), TRAIN, optimizer=optax.sgd(rate), steps=steps, key=KEY, **given)


def gathered(steps):
    """Mean and variance after so many batches, weights unchanged."""
    mean, variance = 0.0, 1.0
    for step in range(steps):
        currents = BATCHES(step) @ np.array([1.0, 0.5])
        mean, variance = 0.9 * mean + 0.1 * currents.mean(), 0.9 * variance + 0.1 * currents.var(ddof=1)
    return mean, variance


@pytest.fixture(scope="module")
def fitted():
    return go()


def test_the_model_of_the_best_score_comes_with_the_statistics_of_that_time(fitted):
    means = [gathered(step)[0] for step in (2, 4, 6)]
    assert np.argmin(means) == 0, "the toy must be best early"
    running = fitted.model.cells[1].running
    np.testing.assert_allclose([running.mean[0], running.variance[0]], gathered(2), rtol=1e-5)


def test_metrics_of_a_judgement_stand_in_the_history_beside_the_score(fitted):
    history = fitted.history
    judged = np.array([1, 3, 5])
    np.testing.assert_allclose(history.score[judged], [gathered(n + 1)[0] for n in judged], rtol=1e-5)
    np.testing.assert_array_equal(history.held_out["mean"], history.score)
    assert np.isfinite(history.held_out["output"][judged]).all()
    assert np.isnan(history.held_out["output"][[0, 2, 4]]).all()


def test_no_path_names_running_statistics():
    assert not [path for path in leaf_paths(model()) if "running" in path]


def test_a_fit_that_gathers_goes_on_to_the_same_bits_after_a_stop(tmp_path):
    whole = go(0.1, validate=None)

    def interrupted(step):
        if step == 3:
            raise KeyboardInterrupt
        return BATCHES(step)

    file = tmp_path / "fit.checkpoint"
    with pytest.raises(KeyboardInterrupt, match="after 3 of 6 steps"):
        go(0.1, validate=None, batches=interrupted, checkpoint=file)
    again = go(0.1, validate=None, checkpoint=file)
    jax.tree.map(np.testing.assert_array_equal, again.model, whole.model)
    assert whole.model.cells[1].running.mean[0] != 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validate": lambda cell, key: (1.0, {"score": 2.0})}, "must not be called score"),
        ({"validate": lambda cell, key: jnp.ones(2)}, r"validate = .float32\[2\].: must be one real number"),
    ],
)
def test_judgements_that_mean_nothing_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        go(steps=2, **options)


def test_a_loss_that_keeps_the_statistics_to_itself_is_refused():
    silent = lambda cell, batch, key: loss(cell, batch, key)[:2]
    with pytest.raises(ValueError, match="'0 Running nodes': must hold the 1 Running nodes that the model gathers"):
        fit(silent, model(), TRAIN, optimizer=optax.sgd(0.1), steps=1, key=KEY, batches=BATCHES)
    used = fit(silent, inference(model()), TRAIN, optimizer=optax.sgd(0.1), steps=1, key=KEY, batches=BATCHES)
    assert used.model.cells[1].running.mean[0] == 0  # stands still, as the model does that is used


@pytest.mark.slow
def test_grids_of_fits_and_traced_fits_gather_as_a_fit_does():
    one = lambda cell, key: loss(cell, jnp.asarray(DATA), key)
    options = {"optimizer": optax.sgd(0.1), "steps": 3, "key": KEY}
    alone = fit(one, model(), TRAIN, **options).model.cells[1].running
    traced = descend_all(one, model(), TRAIN, **options).model.cells[1].running
    scaled = lambda point: Chain(Dense(point["scale"] * jnp.array([[1.0, 0.5]])), Norm(1, axis="batch"))
    many = fit_grid(one, scaled, {"scale": [2.0, 1.0]}, TRAIN, common=True, **options).model.cells[1].running
    np.testing.assert_allclose(traced.variance, alone.variance, rtol=1e-5)
    np.testing.assert_allclose(many.variance[1], alone.variance, rtol=1e-5)
    assert abs(many.variance[0] - alone.variance) > 0.1
