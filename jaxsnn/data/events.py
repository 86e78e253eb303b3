"""Events, as a sensor sends them, and frames: counts of events in windows of time. Times are in ms.

    frame[k, c] = number of events of channel c with k <= (t - t0) / window < k + 1

`channel_frames` is the form that delay learning uses (DCLS: t0 = the first event, 10 ms, groups of 5 neighbouring
channels summed, as many windows as reach the last event, which counts in the last window if it lies on its very end).
There times are kept in the 16 bits that the files have; here they are in 64, so that an event within half a millisecond
of a border may fall into the other window.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ._say import need, size_of

Number = int | float
MOST = 2**30  # counts of one sample


class Events(NamedTuple):
    """Of a line of channels."""

    time: Float[np.ndarray, " event"]  # ms
    channel: Int[np.ndarray, " event"]


class ImageEvents(NamedTuple):
    """Of a camera: polarity 1 where it became brighter, 0 where darker."""

    time: Float[np.ndarray, " event"]  # ms
    x: Int[np.ndarray, " event"]  # column
    y: Int[np.ndarray, " event"]  # row
    polarity: Int[np.ndarray, " event"]


def channel_frames(
    events: Events,
    *,
    channels: int,
    window: Number = 10.0,
    steps: int | None = None,
    group: int = 1,
    from_first: bool = True,
    dtype: Any = np.uint8,
) -> Shaped[np.ndarray, "time group"]:
    """Counts in windows of `window` ms: [time, channels / group].

    steps: windows to return; fewer cut the end off, more add empty ones; None: up to the last event. group: neighbours
    summed into one. from_first: time begins with the first event rather than at zero. dtype: ValueError if a count is
    too large for it.
    """
    size_of("channels", channels)
    size_of("group", group)
    even = channels % group == 0
    need(even, "group", group, f"must divide the {channels} channels", "pass a divisor, such as 1")
    _inside("channel", events.channel, channels)
    place = np.asarray(events.channel, np.int64) // group
    return _counts(events.time, place, (channels // group,), window, steps, from_first, dtype)


def image_frames(
    events: ImageEvents,
    *,
    size: tuple[int, int],
    window: Number | None = None,
    steps: int | None = None,
    from_first: bool = True,
    dtype: Any = np.uint8,
) -> Shaped[np.ndarray, "time 2 height width"]:
    """Counts [time, polarity, height, width]. size: (height, width) of the sensor.

    With a `window` (ms) as `channel_frames`; without one, `steps` windows of equal length from the first event to the
    last.
    """
    height, width = size
    for name, values, limit in (("x", events.x, width), ("y", events.y, height), ("polarity", events.polarity, 2)):
        _inside(name, values, limit)
    if window is None:
        need(steps is not None, "steps", steps, "is needed where there is no window", "pass steps=... or window=...")
    polarity, row, column = (np.asarray(part, np.int64) for part in (events.polarity, events.y, events.x))
    place = (polarity * height + row) * width + column
    return _counts(events.time, place, (2, height, width), window, steps, from_first, dtype)


def _inside(name: str, values: np.ndarray, limit: int) -> None:
    out = values[(values < 0) | (values >= limit) | (values != np.floor(values))]
    allowed, remedy = f"must be whole and lie in 0 to {limit - 1}", "is this another sensor?"
    need(out.size == 0, f"events.{name}", out[:3].tolist(), allowed, remedy)


def _counts(time, place, shape, window, steps, from_first, dtype):
    time = np.asarray(time, np.float64)
    allowed, remedy = "must be a type of whole numbers", "pass np.uint16, and convert after"
    need(np.dtype(dtype).kind in "iu", "dtype", np.dtype(dtype).name, allowed, remedy)
    need(time.size > 0, "events", 0, "there are none", "leave this sample out")
    both = f"must be as many as the {place.size} places"
    need(time.size == place.size, "events.time.size", time.size, both, "pass one time for each event")
    begin = time.min() if from_first or window is None else 0.0
    good = bool(np.all(np.isfinite(time))) and bool(time.min() >= begin)
    need(good, "events.time", time.min(), "must be finite, and not negative", "pass from_first=True, or mend the file")
    if window is None:
        whole = size_of("steps", steps)
        reach = (time - begin) / max(time.max() - begin, np.finfo(np.float64).tiny) * whole
    else:
        need(0 < window < math.inf, "window", window, "must be positive and finite", "pass a length in ms")
        reach = (time - begin) / window
        whole = max(1, math.ceil(reach.max()))
    row = np.minimum(np.minimum(reach, 2.0**62).astype(np.int64), whole - 1)  # the very end is in the last window
    steps = whole if steps is None else size_of("steps", steps)
    kept, cells = row < steps, math.prod(shape)
    many = f"makes {steps} windows of {cells} counts, and {MOST} counts is the most"
    need(steps * cells <= MOST, "events.time", time.max(), many, "mend the file, or pass steps=... to cut its end off")
    count = np.bincount(row[kept] * cells + place[kept], minlength=steps * cells)
    limit = np.iinfo(dtype).max
    remedy = "pass dtype=np.uint16, or a shorter window"
    need(count.max() <= limit, "dtype", np.dtype(dtype).name, f"must hold counts up to {count.max()}", remedy)
    return count.astype(dtype).reshape(steps, *shape)


class Padded(NamedTuple):
    """Samples of different lengths in one array."""

    x: Shaped[np.ndarray, "sample time ..."]
    mask: Bool[np.ndarray, "sample time"]  # False where a sample has ended


def padded(samples: Sequence[np.ndarray], steps: int | None = None) -> Padded:
    """Frames [time, ...] of many samples, with empty ones appended up to `steps` (None: the longest sample's).

    A sample that is longer loses its end.
    """
    need(len(samples) > 0, "samples", len(samples), "there are none", "pass at least one")
    shapes = {(sample.shape[1:], sample.dtype.name) for sample in samples}
    remedy = "bin them all alike"
    need(len(shapes) == 1, "samples", sorted(map(str, shapes)), "must have frames of one shape and type", remedy)
    longest = max(len(sample) for sample in samples)
    steps = longest if steps is None else size_of("steps", steps)
    x = np.zeros((len(samples), steps, *samples[0].shape[1:]), samples[0].dtype)
    mask = np.zeros((len(samples), steps), bool)
    for number, sample in enumerate(samples):
        length = min(len(sample), steps)
        x[number, :length], mask[number, :length] = sample[:length], True
    return Padded(x, mask)
