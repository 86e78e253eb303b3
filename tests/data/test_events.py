"""Frames of events: every event counts once, in the window in which it falls."""

import numpy as np
import pytest

from jaxsnn.data import Events, ImageEvents, channel_frames, image_frames, padded

EVENTS = Events(np.array([12.0, 12.5, 21.9, 22.0, 41.0, 52.0]), np.array([0, 4, 5, 699, 10, 10]))


def test_events_fall_into_windows_from_the_first_one_on_and_neighbours_are_summed():
    found = channel_frames(EVENTS, channels=700, group=5)
    expected = np.zeros((4, 140))  # 40 ms from the first event to the last, which lies on the very end
    expected[0, [0, 1]] = [2, 1]
    expected[1, 139] = 1
    expected[2, 2] = 1
    expected[3, 2] = 1
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.uint8


def test_the_form_of_delay_learning_is_that_of_a_loop_over_windows():
    random = np.random.default_rng(1)
    time, channel = np.sort(random.uniform(30, 900, 3000)), random.integers(0, 700, 3000)
    shifted = time - time[0]
    expected = np.zeros((int(np.ceil(shifted[-1] / 10)), 140))
    for step in range(len(expected)):
        inside = (shifted >= 10 * step) & ((shifted < 10 * (step + 1)) | (step == len(expected) - 1))
        for one in channel[inside]:
            expected[step, one // 5] += 1
    np.testing.assert_array_equal(channel_frames(Events(time, channel), channels=700, group=5), expected)


def test_time_may_begin_at_zero_and_an_end_may_be_cut_or_appended():
    whole = channel_frames(EVENTS, channels=700, from_first=False)
    assert whole.shape == (6, 700)
    assert whole[1].sum() == 2
    assert whole.sum() == 6
    assert channel_frames(EVENTS, channels=700, from_first=False, steps=3).sum() == 4
    longer = channel_frames(EVENTS, channels=700, from_first=False, steps=9)
    np.testing.assert_array_equal(longer[:6], whole)
    assert longer[6:].sum() == 0


CAMERA = ImageEvents(
    np.array([0.0, 1.0, 2.5, 10.0]), np.array([0, 2, 2, 1]), np.array([1, 0, 0, 1]), np.array([1, 0, 0, 1])
)


def test_image_events_keep_their_pixel_and_polarity():
    found = image_frames(CAMERA, size=(2, 3), window=5.0)
    expected = np.zeros((2, 2, 2, 3))
    expected[0, 1, 1, 0] = 1
    expected[0, 0, 0, 2] = 2
    expected[1, 1, 1, 1] = 1
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("steps", [1, 3, 4, 7])
def test_without_a_window_the_whole_recording_is_cut_into_equal_parts(steps):
    found = image_frames(CAMERA, size=(2, 3), steps=steps)
    assert found.shape == (steps, 2, 2, 3)
    expected = np.bincount(np.minimum((CAMERA.time / 10 * steps).astype(int), steps - 1), minlength=steps)
    np.testing.assert_array_equal(found.sum(axis=(1, 2, 3)), expected)


def test_events_of_one_instant_make_one_frame():
    one = Events(np.array([3.0, 3.0]), np.array([1, 1]))
    np.testing.assert_array_equal(channel_frames(one, channels=2), [[0, 2]])
    at_once = CAMERA._replace(time=np.full(4, 2.0))
    assert image_frames(at_once, size=(2, 3), steps=2).sum(axis=(1, 2, 3)).tolist() == [4, 0]


def test_padding_is_marked_and_empty():
    x, mask = padded([np.ones((2, 3), np.uint8), np.full((4, 3), 2, np.uint8)], steps=3)
    np.testing.assert_array_equal(mask, [[True, True, False], [True] * 3])
    np.testing.assert_array_equal(x[:, :, 0], [[1, 1, 0], [2, 2, 2]])
    assert x.dtype == np.uint8
    assert padded([np.ones((2, 3)), np.ones((4, 3))]).x.shape == (2, 4, 3)


BAD = {
    "a channel beyond": (
        lambda: channel_frames(EVENTS, channels=600),
        r"events.channel = \[699\]: must be whole and lie in 0 to 599",
    ),
    "no events": (lambda: channel_frames(Events(np.zeros(0), np.zeros(0, int)), channels=3), "there are none"),
    "a group that does not fit": (
        lambda: channel_frames(EVENTS, channels=700, group=3),
        "group = 3: must divide the 700",
    ),
    "no window": (lambda: image_frames(CAMERA, size=(2, 3)), "steps = None: is needed"),
    "a window of nothing": (lambda: channel_frames(EVENTS, channels=700, window=0.0), "window = 0.0: must be positive"),
    "a pixel beyond": (lambda: image_frames(CAMERA, size=(2, 2), window=1.0), r"events.x = \[2, 2\]"),
    "a time before zero": (
        lambda: channel_frames(EVENTS._replace(time=EVENTS.time - 20), channels=700, from_first=False),
        "events.time = .*not negative",
    ),
    "a time that is no number": (
        lambda: channel_frames(EVENTS._replace(time=EVENTS.time * np.nan), channels=700),
        "events.time = .*finite",
    ),
    "more than a byte": (
        lambda: channel_frames(Events(np.zeros(300), np.zeros(300, int)), channels=1),
        "dtype = 'uint8': must hold counts up to 300; pass dtype=np.uint16",
    ),
    "a channel between two": (
        lambda: channel_frames(EVENTS._replace(channel=EVENTS.channel + 0.5), channels=700),
        "must be whole",
    ),
    "another number of times": (
        lambda: channel_frames(EVENTS._replace(time=EVENTS.time[:1]), channels=700),
        "events.time.size = 1: must be as many",
    ),
    "a time that never ends": (
        lambda: channel_frames(Events(np.array([0.0, 1e15]), np.array([0, 1])), channels=2),
        "events.time = .*is the most; mend the file",
    ),
    "counts that are no whole numbers": (
        lambda: channel_frames(EVENTS, channels=700, dtype=np.float32),
        "dtype = 'float32': must be a type of whole numbers",
    ),
    "no samples": (lambda: padded([]), "samples = 0"),
    "frames that differ": (lambda: padded([np.ones((2, 3)), np.ones((2, 4))]), "must have frames of one shape"),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_what_cannot_be_counted_is_refused(case):
    act, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        act()
