"""A small store that is made by hand, so that hundreds of its copies can be hurt in seconds: nothing is compiled."""

import numpy as np

from jaxsnn.sweeps.layout import Chunk, Group, Layout
from jaxsnn.sweeps.spec import Spec
from jaxsnn.sweeps.store import Store

GRID = {"factors": [[["noise", [0.5, 1.0, 2.0, 4.0, 8.0]]], [["kind", ["a", "b"]]]], "seed": [0, 1, 2]}
LAYOUT = Layout(
    chunk=2,
    groups=(
        Group({"kind": "a"}, 2, 100, False, (Chunk((0, 2), 1), Chunk((4, 6), 1), Chunk((8,), 1))),
        Group({"kind": "b"}, 2, 100, True, (Chunk((1, 3), 2), Chunk((5, 7), 3), Chunk((9,), 3))),
    ),
)
RESULTS = [{"error": ((), "float32"), "trace": ((4,), "float64")}] * 2


def make(folder, *, key=0, code=("a" * 64, "b" * 64), layout=LAYOUT, grid=GRID, results=RESULTS):
    """The store, empty; nothing is written."""
    spec = Spec("study", "1", grid, {"duration": 20.0}, {"impl": "fry", "data": [0, key]}, False).to_json()
    return Store(folder, spec, layout, list(code), results, len(grid["seed"]), ("trace",))


def arrays(store, place):
    """What the chunk's results are, by its place alone."""
    rng = np.random.default_rng(place)
    points = len(store.layout.chunk_of(place).points)
    shapes = store.results[place[0]].items()
    return {name: rng.normal(size=(points, store.seeds, *shape)).astype(dtype) for name, (shape, dtype) in shapes}


def fill(store, places=None):
    """Write these chunks (default: all that are not finished)."""
    done = set(store.finished())
    with store.writing():
        for place in places if places is not None else store.layout.ids:
            if place not in done:
                store.write(place, arrays(store, place))
        store.complete()
    return store
