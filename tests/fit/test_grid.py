"""Many fits in one program: each is the fit that it would be alone, and one that breaks does not stop the others."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxsnn.fit import descend_all, fit, fit_grid, free, positive

from .toys import loss, model

POINTS = {"tau": [3.0, 4.0, 9.0], "rate": [0.05, 0.1, 0.1]}


def grid(loss=loss, points=None, **options):
    given = {"optimizer": lambda point: optax.adam(point["rate"]), "steps": 30, "per_call": 30} | options
    make = lambda point: model(1.0, point["tau"], 4.6)
    return fit_grid(loss, make, points or POINTS, {"*.tau": positive()}, key=jax.random.key(4), **given)


@pytest.mark.slow
def test_each_fit_of_a_grid_is_the_fit_that_it_would_be_alone():
    many = grid(common=True)
    assert many.history.loss.shape == (30, 3)
    assert many.model.cells[1].weight.shape == (3, 1, 2)
    for i, (tau, rate) in enumerate(zip(*POINTS.values(), strict=True)):
        options = {"optimizer": optax.adam(rate), "steps": 30, "per_call": 30, "key": jax.random.key(4)}
        one = fit(loss, model(1.0, tau, 4.6), {"*.tau": positive()}, **options)
        np.testing.assert_allclose(many.history.loss[:, i], one.history.loss, rtol=1e-4)
        np.testing.assert_allclose(many.values["cells.2.tau"][i], one.values["cells.2.tau"], rtol=1e-5)


@pytest.mark.slow
def test_restarts_find_the_truth_from_different_sides():
    found = grid(steps=150, per_call=50)
    np.testing.assert_allclose(found.values["cells.2.tau"], 6.0, rtol=0.03)
    assert (found.stopped.broken == -1).all()


def test_a_fit_that_breaks_stands_still_and_the_others_go_on():
    def fragile(cell, key):
        return loss(cell, key) + 0 * jnp.sqrt(8.5 - cell.cells[2].tau)

    found = grid(fragile, common=True)
    assert list(found.stopped.broken) == [-1, -1, 0]
    assert found.values["cells.2.tau"][2] == 9.0
    whole = grid(common=True)
    np.testing.assert_allclose(found.values["cells.2.tau"][:2], whole.values["cells.2.tau"][:2], rtol=1e-6)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ({"tau": [3.0, 4.0], "rate": [0.1]}, "must be one number of fits"),
        ({"tau": 3.0, "rate": 0.1}, "must be one number of fits"),
        ({"tau": [3.0, -1.0], "rate": [0.1, 0.1]}, "LeakyIntegrator.tau"),
    ],
)
def test_points_that_make_no_grid_are_refused(points, message):
    with pytest.raises(ValueError, match=message):
        grid(points=points)


@pytest.mark.slow
def test_a_traced_fit_is_the_same_fit_and_can_be_vmapped():
    train, key = {"*.tau": positive()}, jax.random.key(4)
    options = {"optimizer": optax.adam(0.1), "steps": 20}
    whole = fit(loss, model(1.0, 3.0, 4.6), train, key=key, per_call=20, **options)
    run = lambda tau, key: descend_all(loss, model(1.0, tau, 4.6), train, key=key, **options)
    many = jax.jit(jax.vmap(run, (0, None)))(jnp.asarray([3.0, 9.0]), key)
    np.testing.assert_allclose(many.loss[0], whole.history.loss, rtol=1e-4)
    np.testing.assert_allclose(many.path["cells.2.tau"][0], whole.history.values["cells.2.tau"], rtol=1e-5)
    assert list(many.broken) == [-1, -1]


def test_the_fit_of_a_grid_that_begins_with_what_a_cell_refuses_is_named():
    make = lambda point: model(delay=point["delay"])
    with pytest.raises(ValueError, match=r"fit 2: DelayLine.delay = 8.5: must lie between 0 and max_delay = 8"):
        fit_grid(
            loss,
            make,
            {"delay": [1.0, 2.0, 8.5]},
            {"cells.1.weight": free()},
            optimizer=optax.sgd(0.1),
            steps=1,
            key=jax.random.key(0),
        )
