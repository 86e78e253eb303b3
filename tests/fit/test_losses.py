"""Losses against what they are by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn.fit import Batches, cross_entropy, rate_loss, readout_loss, spike_time_loss, van_rossum

INF = np.inf


def train(*steps, length=4000):
    return jnp.zeros((length, 1)).at[np.asarray(steps, int)].set(1.0)


def test_one_extra_spike_is_a_van_rossum_distance_of_one_half():
    """(1/tau) int exp(-2 t/tau) dt, to the width of a step."""
    assert float(van_rossum(train(50), train(), 2.0, 0.01)) == pytest.approx(0.5, rel=0.01)


def test_van_rossum_distance_of_a_shifted_spike_is_one_minus_the_overlap():
    """Twice 1/2, less the overlap of the two filtered trains, exp(-shift/tau)."""
    distance = float(van_rossum(train(100), train(300), 2.0, 0.01))
    assert distance == pytest.approx(1 - np.exp(-2.0 / 2.0), rel=0.01)


def test_rate_loss_is_zero_at_the_target_rate():
    spikes = jnp.tile(jnp.asarray([1.0, 0.0, 0.0, 0.0]), 10)[:, None]
    assert float(rate_loss(spikes, 0.5, 0.5)) == pytest.approx(0.0, abs=1e-12)
    assert float(rate_loss(spikes, 0.2, 0.5)) == pytest.approx(0.09, rel=1e-5)


def test_spike_times_are_compared_pair_by_pair_and_missing_ones_have_a_price_and_no_gradient():
    times, target = jnp.asarray([[1.0, 3.0, INF], [INF, INF, INF]]), jnp.asarray([[1.5, INF], [2.0, INF]])
    value, slope = jax.value_and_grad(spike_time_loss)(times, target, 0.1)
    assert float(value) == pytest.approx((0.25 + 2 * 0.1) / 2)
    np.testing.assert_allclose(slope, [[-0.5, 0, 0], [0, 0, 0]], atol=1e-7)


def test_readout_loss_is_the_mean_squared_distance():
    assert float(readout_loss(jnp.ones((5, 2)), jnp.zeros((5, 2)))) == 2.0


@pytest.mark.parametrize("form", ["step", "mean", "sum"])
def test_cross_entropy_takes_the_three_forms_of_the_papers(form, getkey):
    logits = jax.random.normal(getkey(), (6, 4))
    softmax = lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    z = np.asarray(logits, float)
    by_hand = {
        "step": -np.log(softmax(z)[:, 2]).mean(),
        "mean": -np.log(softmax(z.mean(0))[2]),
        "sum": -np.log(softmax(softmax(z).sum(0))[2]),
    }[form]
    assert float(cross_entropy(logits, jnp.int32(2), form)) == pytest.approx(by_hand, rel=1e-5)
    padded = jnp.concatenate([logits, 50 * jnp.ones((3, 4))])
    mask = jnp.arange(9) < 6
    assert float(cross_entropy(padded, jnp.int32(2), form, mask.astype(float))) == pytest.approx(by_hand, rel=1e-5)


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="must be one of step, mean, sum"):
        cross_entropy(jnp.zeros((3, 2)), jnp.int32(0), "total")


def test_an_epoch_shows_every_sample_once_and_the_next_one_in_another_order():
    data = Batches({"x": np.arange(12)}, 4, key=jax.random.key(0))
    first, second = (np.concatenate([data(e * 3 + i)["x"] for i in range(3)]) for e in (0, 1))
    assert sorted(first) == sorted(second) == list(range(12))
    assert list(first) != list(second)
    np.testing.assert_array_equal(data(4)["x"], Batches({"x": np.arange(12)}, 4, key=jax.random.key(0))(4)["x"])


@pytest.mark.parametrize("size", [0, 13, 2.5, True])
def test_a_batch_that_does_not_fit_is_refused(size):
    with pytest.raises(ValueError, match="from 1 to the number of samples, 12"):
        Batches(np.arange(12), size, key=jax.random.key(0))


@pytest.mark.parametrize("dtype", [bool, jnp.int32, jnp.uint8])
def test_recorded_trains_of_truth_values_or_whole_numbers_are_as_far_apart_as_those_of_floats(dtype):
    one, other = train(8, length=20), train(3, 12, length=20)
    wanted = van_rossum(one, other, 2.5, 0.5)
    np.testing.assert_allclose(van_rossum(one.astype(dtype), other.astype(dtype), 2.5, 0.5), wanted, rtol=1e-6)
    np.testing.assert_allclose(van_rossum(one.astype(dtype), other, 2.5, 0.5), wanted, rtol=1e-6)
    np.testing.assert_allclose(
        readout_loss(one.astype(dtype), other.astype(dtype)), readout_loss(one, other), rtol=1e-6
    )


@pytest.mark.parametrize("form", ["step", "mean", "sum"])
@pytest.mark.parametrize("label", [-1, 4, 100])
def test_a_label_that_is_no_class_is_refused_or_when_traced_gives_no_number(form, label):
    logits = jnp.zeros((6, 4))
    with pytest.raises(ValueError, match=f"label = {label}: must be an integer from 0 to 3"):
        cross_entropy(logits, jnp.int32(label), form)
    loss, gradient = jax.jit(jax.value_and_grad(lambda z, at: cross_entropy(z, at, form)))(logits, jnp.int32(label))
    assert np.isnan(loss)
    assert not np.any(np.isinf(gradient))


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (jnp.zeros((2, 4), jnp.int32), r"label.shape = \(4,\): must be \(\)"),
        (jnp.zeros(2), "label = .*float32.*: must be an"),
    ],
    ids=["rows", "floats"],
)
def test_labels_of_another_shape_or_type_are_refused_while_they_are_traced(labels, shown):
    with pytest.raises(ValueError, match=shown):
        jax.vmap(cross_entropy)(jnp.zeros((2, 6, 4)), labels)


@pytest.mark.parametrize("shape", [(1,), (6, 1), (5,)])
def test_a_mask_of_another_length_is_refused(shape):
    with pytest.raises(ValueError, match=r"mask.shape = .*: must be \(6,\), \[time\]"):
        cross_entropy(jnp.zeros((6, 4)), jnp.int32(1), mask=jnp.ones(shape))


def test_wanted_times_may_be_whole_numbers_and_must_be_numbers():
    times = jnp.array([[1.0, 2.5, jnp.inf]])
    assert float(spike_time_loss(times, jnp.array([[1]]))) == float(spike_time_loss(times, jnp.array([[1.0]]))) == 0
    with pytest.raises(ValueError, match="target = .*inf where there is none"):
        spike_time_loss(times, jnp.array([[jnp.nan]]))


def test_a_batch_of_trains_is_no_train():
    """Under test the annotation is the first to say so."""
    with pytest.raises((ValueError, TypeError), match="spikes"):
        van_rossum(jnp.zeros((2, 6, 4)), jnp.zeros((2, 6, 4)), 10.0, 1.0)


def test_a_spike_time_that_is_no_number_is_not_one_that_is_missing():
    for times, target in (([[np.nan, 3.0]], [[2.0]]), ([[1.0, 3.0]], [[np.nan]])):
        found = jax.jit(lambda t, w: spike_time_loss(t, w, missing=0.5))(jnp.asarray(times), jnp.asarray(target))
        assert np.isnan(found)


def test_spike_times_are_a_mean_over_the_wanted_spikes():
    assert float(spike_time_loss(jnp.asarray([[3.0, INF]]), jnp.asarray([[1.0, 5.0]]))) == pytest.approx(4.0 / 2)
