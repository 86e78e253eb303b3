"""The burst task: its optimal delays solve it exactly, nothing but time tells its classes, and jitter makes it hard."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsnn import simulate
from jaxsnn.data import Bursts, sequence_detection
from jaxsnn.networks import Chain
from jaxsnn.neurons import DiscreteLIF
from jaxsnn.synapses import DelayedDense

TASK = Bursts()
OTHERS = [Bursts(classes=3, channels=7, spikes=2), Bursts(spikes=3, stretch=2, wander=5, margin=0)]
SAMPLES = 40  # everywhere, so that few programs are compiled


def drawn(task, key, *noise):
    """x, label and onset, in NumPy."""
    return tuple(np.asarray(part) for part in task.draw(key, SAMPLES, *noise))


def fired(task, x, delay):
    """Spikes [sample, time, class] of one neuron without memory for each class, behind delay lines."""
    neurons = DiscreteLIF(beta=0.0, threshold=task.threshold, size=task.classes, reset="zero")

    def run(delay, x):
        lines = DelayedDense(jnp.ones((task.classes, task.channels)), delay, max_delay=task.longest)
        one = lambda x: simulate(Chain(lines, neurons), x, dt=1.0, key=jax.random.key(0))[1]
        return jax.vmap(one)(x)

    return np.asarray(jax.jit(run)(np.asarray(delay, np.float32), x.astype(np.float32)))


@pytest.mark.parametrize("task", [TASK, *(pytest.param(task, marks=pytest.mark.slow) for task in OTHERS)], ids=str)
def test_delay_lines_with_the_optimal_delays_and_one_neuron_a_class_solve_the_task_exactly(task, getkey):
    x, label, onset = drawn(task, getkey())
    expected = np.zeros((SAMPLES, task.steps, task.classes))
    for burst in range(task.spikes):
        expected[np.arange(SAMPLES), onset + task.longest + burst, label] = 1
    np.testing.assert_array_equal(fired(task, x, task.delay), expected)
    np.testing.assert_array_equal(task.decide(x), label)


@pytest.mark.parametrize("task", [TASK, *OTHERS], ids=str)
def test_all_bursts_meet_in_the_right_class_and_as_few_as_stated_in_the_others(task, getkey):
    x, label, _ = drawn(task, getkey())
    most = np.asarray(task.coincidences(x)).max(axis=1)
    right = np.arange(task.classes) == label[:, None]
    np.testing.assert_array_equal(most[right], task.channels)
    assert most[~right].max() == task.overlap == -(-task.spikes // task.stretch)


def test_any_common_shift_is_as_good_and_other_delays_are_not(getkey):
    x, label, _ = drawn(TASK, getkey())
    shifted = TASK.delay - TASK.delay.min(axis=1, keepdims=True)
    assert not np.array_equal(shifted, TASK.delay)
    np.testing.assert_array_equal(fired(TASK, x, shifted).any(axis=1), np.arange(4) == label[:, None])
    np.testing.assert_allclose(TASK.misfit(TASK.delay + 1.5), 0, atol=1e-6)
    wrong = TASK.delay.copy()
    wrong[0] = wrong[0, ::-1]  # off by -7, -5 ... 7
    assert not fired(TASK, x, wrong)[label == 0, :, 0].any()
    np.testing.assert_allclose(TASK.misfit(wrong.astype(float)), [21**0.5, 0, 0, 0], atol=1e-6)


def test_counts_tell_nothing_and_classes_are_equally_many(getkey):
    x, label, _ = drawn(TASK, getkey(), 3.0)
    np.testing.assert_array_equal(x.sum(axis=1), np.ones((SAMPLES, TASK.channels)))
    np.testing.assert_array_equal(np.bincount(label), np.full(4, 10))
    assert x.dtype == np.uint8
    assert x.shape == (SAMPLES, TASK.steps, TASK.channels)


def test_jitter_moves_spikes_by_its_standard_deviation_and_makes_mistakes(getkey):
    places, right = [], []
    for _ in range(5):
        x, label, onset = drawn(TASK, getkey(), 2.0)
        places.append(x.argmax(axis=1) - onset[:, None] - TASK.offset[label])
        right.append([np.mean(np.asarray(TASK.decide(x, width)) == label) for width in (1, 5)])
    moved = np.concatenate(places)
    spread = (4 + 1 / 12) ** 0.5  # rounded to steps
    assert abs(moved.std() - spread) < 4 * spread / (2 * moved.size) ** 0.5
    assert abs(moved.mean()) < 4 * spread / moved.size**0.5
    narrow, wide = np.mean(right, axis=0)
    assert 0.4 < narrow < wide < 0.95


def test_noise_adds_the_stated_share_of_spikes(getkey):
    x, _, _ = drawn(TASK, getkey(), 0.0, 0.02)
    expected = 0.02 * x.size
    assert abs(int(x.sum()) - SAMPLES * TASK.channels - expected) < 4 * expected**0.5


def test_samples_are_a_function_of_the_key_and_jitter_may_be_traced(getkey):
    key, levels = getkey(), np.array([0.0, 2.0], np.float32)
    many = jax.jit(jax.vmap(lambda jitter: TASK.draw(key, SAMPLES, jitter)))(levels)
    for number in range(2):
        np.testing.assert_array_equal(many.x[number], drawn(TASK, key, float(levels[number]))[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Bursts(classes=0), "Bursts.classes = 0"),
        (lambda: Bursts(channels=1), "one channel has no pattern"),
        (lambda: Bursts(channels=4, spikes=6), "4 would meet in a wrong class.*stretch the pattern"),
        (lambda: Bursts(margin=-1), "Bursts.margin = -1"),
        (lambda: Bursts().draw(jax.random.key(0), 0), "samples = 0"),
        (lambda: Bursts().draw(jax.random.key(0), 4, jitter=-1.0), "jitter = -1.0: must lie in 0 to inf"),
        (lambda: Bursts().draw(jax.random.key(0), 4, noise=1.5), "noise = 1.5: must lie in 0 to 1"),
        (lambda: sequence_detection(2.5), "lead = 2.5: must be a positive multiple of dt = 1.0"),
        (lambda: sequence_detection(duration=40.0), "duration = 40.0"),
    ],
)
def test_a_task_that_is_none_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def potentials(task, delay, dt):
    """Largest potential [sample, output] of leaky integrators with exponential synapses, in closed form."""
    time = dt * np.arange(task.x.shape[1])
    shape = lambda t: np.where(t > 0, np.exp(-t / task.tau_mem) - np.exp(-t / task.tau_syn), 0)
    found = np.zeros((2, 2))
    for sample, output in np.ndindex(2, 2):
        begun = [dt * int(task.x[sample, :, j].argmax()) + delay[output, j] for j in range(2)]
        found[sample, output] = sum(shape(time - begin) for begin in begun).max()
    return found


def test_the_order_of_two_inputs_is_told_by_the_optimal_delays_and_mistaken_with_those_at_the_start():
    task = sequence_detection(lead=10.0, dt=0.5)
    np.testing.assert_array_equal(task.x.sum(axis=1), np.ones((2, 2)))
    best = potentials(task, task.optimal, 0.5)
    np.testing.assert_array_equal(best.argmax(axis=1), task.label)
    np.testing.assert_allclose(np.diag(best), 2 * 0.25, rtol=1e-3)  # both at once: twice the peak, at tau_mem log 2
    np.testing.assert_array_equal(potentials(task, task.start, 0.5).argmax(axis=1), 1 - task.label)
