"""Fitting: what is trained moves to the truth, within its bounds, and a stopped fit ends with the same bits."""

import os

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxsnn.engine import simulate
from jaxsnn.fit import Batches, History, NotFinite, between, fit, free, positive
from jaxsnn.fit.loop import checkpoint_path
from jaxsnn.gradients import Triangle
from jaxsnn.networks import Chain
from jaxsnn.neurons import LIF
from jaxsnn.synapses import Dense

from .toys import loss, model

TRAIN = {"cells[1].weight": free(), "cells.2.tau": positive(), "*.delay": between(0, 7)}
RATES = {"*.delay": optax.adam(0.1), "*": optax.adam(0.03)}


def run(steps=400, **options):
    given = {"optimizer": RATES, "key": jax.random.key(1), "per_call": 50} | options
    return fit(loss, model(), TRAIN, steps=steps, **given)


@pytest.fixture(scope="module")
def fitted():
    return run()


def test_weight_time_constant_and_delay_are_recovered_together(fitted):
    assert fitted.values["cells.2.tau"] == pytest.approx(6.0, rel=0.02)
    assert fitted.values["cells.0.delay"] == pytest.approx(4.6, abs=0.05)
    np.testing.assert_allclose(fitted.values["cells.1.weight"], 1.0, rtol=0.02)
    assert fitted.history.loss[-1] < 1e-3 * fitted.history.loss[0]
    assert fitted.model.cells[2].tau == fitted.values["cells.2.tau"]


def test_the_history_keeps_what_was_fitted_and_draws_itself(fitted):
    assert fitted.history.values["cells.0.delay"].shape == (400,)
    assert fitted.history.values["cells.0.delay"][0] == pytest.approx(2.3)
    assert len(fitted.history.plot().axes) == 1 + 3


@pytest.mark.parametrize("bound", [between(0.0, 3.0), between(0.0, 3.0, "sigmoid")], ids=str)
def test_a_bound_is_never_crossed(bound):
    found = fit(
        loss, model(), {"*.delay": bound}, optimizer=optax.adam(0.3), steps=60, key=jax.random.key(0), per_call=30
    )
    path = found.history.values["cells.0.delay"]
    assert path.max() <= 3.0
    assert path[-1] > 2.8  # the truth lies beyond, so the fit leans on the bound


def test_a_fit_that_was_interrupted_goes_on_to_the_same_bits(tmp_path):
    data = Batches(np.arange(12.0, dtype=np.float32), 4, key=jax.random.key(5))
    scaled = lambda cell, batch, key: loss(cell, key) * (1 + jnp.mean(batch))
    options = {"optimizer": optax.adam(0.03), "steps": 20, "key": jax.random.key(2), "per_call": 2}
    options |= {"validate": loss, "every": 4}
    whole = fit(scaled, model(), TRAIN, batches=data, **options)
    calls = []

    def interrupted(step):
        calls.append(step)
        if step == 13:
            raise KeyboardInterrupt
        return data(step)

    file = tmp_path / "fit.checkpoint"
    with pytest.raises(KeyboardInterrupt, match="after 12 of 20 steps.*goes on from there"):
        fit(scaled, model(), TRAIN, batches=interrupted, checkpoint=file, **options)
    calls.clear()
    again = fit(scaled, model(), TRAIN, batches=lambda n: calls.append(n) or data(n), checkpoint=file, **options)
    assert sorted(set(calls)) == [0, 1, *range(12, 20)]  # the first two show the shape of a batch
    assert not file.exists()
    for path, value in whole.values.items():
        np.testing.assert_array_equal(again.values[path], value)
    np.testing.assert_array_equal(again.history.loss, whole.history.loss)
    np.testing.assert_array_equal(again.history.score, whole.history.score)


def test_a_checkpoint_of_another_fit_is_refused(tmp_path):
    def three_steps(step):
        if step > 2:
            raise KeyboardInterrupt
        return np.float32(0)

    def go(rate):
        ignoring = lambda cell, batch, key: loss(cell, key)
        options = {"batches": three_steps, "checkpoint": tmp_path / "fit.checkpoint", "key": jax.random.key(0)}
        return fit(ignoring, model(), TRAIN, optimizer=optax.sgd(rate), steps=10, **options)

    with pytest.raises(KeyboardInterrupt):
        go(0.1)
    with pytest.raises(ValueError, match="belongs to another fit: its code differ"):
        go(0.2)


def test_an_interrupt_while_the_device_works_costs_nothing_but_the_call(tmp_path, monkeypatch):
    """A call is asked for in an instant and waited for where its rows are written down: there an interrupt comes."""
    options = {"optimizer": optax.adam(0.1), "steps": 8, "key": jax.random.key(2), "per_call": 2}
    options |= {"validate": lambda a, key: jnp.abs(a["a"]), "every": 4}
    go = lambda **more: fit(lambda a, key: (a["a"] - 3) ** 2, {"a": jnp.float32(0)}, {"a": free()}, **options, **more)
    whole, write = go(), History.write

    def interrupted(history, step, series, values):
        write(history, step, series, values)
        if step == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(History, "write", interrupted)
    with pytest.raises(KeyboardInterrupt, match="after 4 of 8 steps"):
        go(checkpoint=tmp_path / "fit")
    monkeypatch.setattr(History, "write", write)
    again = go(checkpoint=tmp_path / "fit")
    np.testing.assert_array_equal(again.values["a"], whole.values["a"])
    np.testing.assert_array_equal(again.history.loss, whole.history.loss)
    np.testing.assert_array_equal(again.history.score, whole.history.score)


@pytest.mark.parametrize(("other", "said"), [({"start": 5.0}, "start"), ({"data": 2.0}, "first batch")])
def test_a_checkpoint_is_not_taken_up_from_another_start_or_with_other_data(tmp_path, other, said):
    def go(start=0.0, data=1.0, stop=None):
        def batches(step):
            if step == stop:
                raise KeyboardInterrupt
            return np.float32(data)

        loss = lambda a, batch, key: (a["a"] - batch) ** 2
        return fit(loss, {"a": jnp.float32(start)}, {"a": free()}, optimizer=optax.sgd(0.1), steps=10, batches=batches,
                   key=jax.random.key(0), checkpoint=tmp_path / "fit")  # fmt: skip

    with pytest.raises(KeyboardInterrupt):
        go(stop=5)
    with pytest.raises(ValueError, match=f"belongs to another fit: its {said} differ"):
        go(**other)
    assert go().history.done == 10


def test_a_loss_that_is_not_finite_stops_with_the_step_the_leaf_and_a_checkpoint(tmp_path):
    def bad(cell, key):
        return loss(cell, key) + jnp.sqrt(cell.cells[2].tau - 2.95)  # not a number once tau has fallen far enough

    file = tmp_path / "fit.checkpoint"
    message = r"at step \d+: not finite are the loss, 1 entries of cells\.2\.tau.*fit\.checkpoint holds.*Lower the rate"
    with pytest.raises(NotFinite, match=message):
        fit(bad, model(), {"*.tau": free()}, optimizer=optax.sgd(0.1), steps=50, key=jax.random.key(0), checkpoint=file)
    assert file.exists()


@pytest.mark.parametrize("steps", [1, 5])
def test_parameters_that_are_no_numbers_any_more_are_no_success_though_the_loss_is_one(steps):
    silent = lambda a, key: jnp.where(a["a"] > 0, a["a"] ** 2, 0.0)  # as a network that NaN keeps from firing
    message = "at step 0: not finite are 1 entries of a"
    with pytest.raises(NotFinite, match=message):
        fit(silent, {"a": jnp.float32(1.0)}, {"a": free()}, optimizer=optax.sgd(float("nan")), steps=steps,
            key=jax.random.key(0))  # fmt: skip


def test_a_checkpoint_is_not_taken_up_by_a_fit_that_is_judged_otherwise(tmp_path):
    def go(score, stop=None):
        def batches(step):
            if step == stop:
                raise KeyboardInterrupt
            return np.float32(0)

        loss = lambda a, batch, key: a["a"] ** 2
        options = {"batches": batches, "validate": lambda a, key: score * a["a"], "checkpoint": tmp_path / "fit"}
        return fit(loss, {"a": jnp.float32(1.0)}, {"a": free()}, optimizer=optax.sgd(0.1), steps=10, every=2,
                   key=jax.random.key(0), **options)  # fmt: skip

    with pytest.raises(KeyboardInterrupt):
        go(1.0, stop=5)
    with pytest.raises(ValueError, match="belongs to another fit: its validate differ"):
        go(2.0)
    assert go(1.0).history.done == 10


def test_a_fit_that_broke_in_its_last_steps_is_broken_when_it_is_called_again(tmp_path):
    bad = lambda a, key: jnp.where(a["a"] < 0.75, jnp.nan, 1.0) * a["a"] ** 2
    options = {"optimizer": optax.sgd(0.1), "steps": 5, "per_call": 5, "key": jax.random.key(0)}
    for _ in range(3):
        with pytest.raises(NotFinite, match="at step 2"):
            fit(bad, {"a": jnp.float32(1.0)}, {"a": free()}, checkpoint=tmp_path / "fit.checkpoint", **options)


def test_early_stopping_gives_the_model_with_the_best_held_out_score():
    truth = lambda cell, key: jnp.square(cell.cells[2].tau - 4.0)  # lies on the way from 3 to 6
    found = run(200, validate=truth, every=5, patience=4, per_call=5)
    assert found.stopped.reason == "the held-out score stopped improving"
    assert found.stopped.step < 200
    assert found.values["cells.2.tau"] == pytest.approx(4.0, abs=0.2)


def test_a_fit_that_is_shorter_than_the_time_to_its_first_judgement_is_judged_at_its_end():
    found = run(3, validate=lambda cell, key: -cell.cells[2].tau, every=10, per_call=1)
    assert np.isfinite(found.history.score[2])
    assert found.values["cells.2.tau"] > 3.0  # not the model with which it began


def test_scores_that_are_no_numbers_choose_the_last_model():
    found = run(4, validate=lambda cell, key: jnp.nan * cell.cells[2].tau, every=2, per_call=2)
    assert found.values["cells.2.tau"] > 3.0


@pytest.mark.slow
def test_forward_mode_takes_the_same_path_as_reverse_mode():
    options = {"optimizer": optax.adam(0.03), "steps": 6, "key": jax.random.key(3), "per_call": 6}
    one, two = (fit(loss, model(), TRAIN, mode=mode, **options) for mode in ("reverse", "forward"))
    for path in one.values:
        np.testing.assert_allclose(one.values[path], two.values[path], rtol=2e-4)


WRONG = [
    ({"train": {"cells.1.wait": free()}}, r"no such array of floats; it has cells\.1\.weight"),
    ({"train": {"cells.0.max_delay": free()}}, "no such array of floats"),
    ({"train": {}}, "must map paths to bounds"),
    ({"train": {"*.tau": 3.0}}, r"must be free\(\), positive\(\) or between"),
    ({"train": {"*.tau": between(4, 9)}}, r"cells\.2\.tau = 3\.?0?: must be in \[4, 9\] to begin a fit"),
    ({"train": {"*.tau": free(), "cells.2.*": free()}}, r"names 'cells\.2\.tau' twice"),
    ({"optimizer": {"*.weight": optax.sgd(0.1)}}, r"has nothing for 'cells\.2\.tau'"),
    ({"optimizer": {"*": optax.sgd(0.1), "*.tau": optax.sgd(0.1)}}, r"optimizer\['\*\.tau'\] moves no trained"),
    ({"optimizer": 0.1}, "must be an optax optimiser"),
    ({"steps": 0}, "steps = 0: must be an integer of at least 1"),
    ({"key": 3}, r"must be one typed random key; make it with jax\.random\.key"),
    ({"patience": 3}, "patience = 3: must come with validate"),
    ({"mode": "both"}, 'must be "reverse" or "forward"'),
    ({"record": ["cells.0.size"]}, "must be trained"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG, ids=[m[:30] for _, m in WRONG])
def test_bad_input_is_refused_with_a_remedy(wrong, message):
    given = {"train": {"*.tau": positive()}, "optimizer": optax.sgd(0.1), "steps": 3, "key": jax.random.key(0)} | wrong
    with pytest.raises(ValueError, match=message):
        fit(loss, model(), given.pop("train"), **given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: between(3, 3), "the lower first"),
        (lambda: between(0, float("nan")), "two finite numbers"),
        (lambda: between(0, 1, "wrap"), '"cut" or "sigmoid"'),
        (lambda: positive(float("inf")), "must be finite"),
    ],
)
def test_a_bound_that_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("start", "bound", "words"),
    [
        (9.5, free(), r"DelayLine.delay = 9.5: must lie between 0 and max_delay = 8 steps"),
        (
            2.0,
            between(0, 9),
            r"DelayLine.delay = 9.*lie between 0 and max_delay.*\(the bound of cells.0.delay lets it reach 9: ",
        ),
        (2.0, between(-1, 8), r"DelayLine.delay = -1.*the bound of cells.0.delay lets it reach -1: narrow it"),
        (2.0, between(0, 9, "sigmoid"), r"the bound of cells.0.delay lets it reach 8.991"),
    ],
)
def test_a_delay_that_the_line_cannot_hold_is_refused_at_the_start_and_at_the_ends_of_its_bound(start, bound, words):
    called = []

    def measured(cell, key):
        called.append(1)
        return loss(cell, key)

    options = {"optimizer": optax.sgd(1e-3), "steps": 1, "key": jax.random.key(0)}
    with pytest.raises(ValueError, match=words):
        fit(measured, model(delay=start), {"cells.0.delay": bound}, **options)
    fit(loss, model(delay=2.0), {"cells.0.delay": between(0, 8)}, **options)  # what it can hold is not refused
    assert len(called) <= 2  # nothing was compiled


def test_forward_mode_with_a_rule_for_reverse_mode_says_which_rules_it_needs():
    def rates(spike):
        return Chain(Dense(jnp.full((3, 2), 0.7)), LIF(5.0, 1.0, size=3, spike=spike))

    def loss(network, key):
        return jnp.mean(simulate(network, jnp.ones((20, 2)), dt=1.0, key=key)[1])

    options = {"optimizer": optax.sgd(1e-3), "steps": 2, "key": jax.random.key(0), "mode": "forward"}
    with pytest.raises(ValueError, match=r'mode = "forward": .*rule for reverse mode only; .*mode="forward"'):
        fit(loss, rates(Triangle(0.5)), {"cells.1.tau": positive()}, **options)
    assert fit(loss, rates(Triangle(0.5, mode="forward")), {"cells.1.tau": positive()}, **options).stopped.step == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_checkpoint_where_nothing_can_be_written_is_refused_at_once(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="checkpoint = .*must be where you may write"):
        checkpoint_path(tmp_path / "fit.npz")


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_a_fit_whose_gradients_were_all_zero_says_that_nothing_was_trained(slope, caplog):
    line = lambda a, key: slope * a["a"] + 1.0
    fit(line, {"a": jnp.float32(1.0)}, {"a": free()}, optimizer=optax.sgd(0.1), steps=3, key=jax.random.key(0))
    assert ("nothing was trained" in caplog.text) == (slope == 0)
