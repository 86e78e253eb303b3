"""Whatever is killed, and whenever, nothing that was finished is lost or changed, and the rest comes out the same."""

import random
import signal

import pytest

from jaxsnn.sweeps import load, tree_hash, verify
from jaxsnn.sweeps.faults import POINTS

from . import drivers
from .drivers import alive, children, kill, wait_for

VICTIMS = ("worker", "parent", "both")
CHUNKS = 5


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """Stores that nobody has disturbed, with their data, by the number of devices: 1 or 2."""
    folders = {cores: tmp_path_factory.mktemp("straight") / "store" for cores in (1, 2)}
    return {
        cores: (path, drivers.run(path, "inline", grid=drivers.LONG, cores=cores)) for cores, path in folders.items()
    }


def finished(store):
    return sorted(path for path in (store / "markers").glob("*.json") if not path.name.startswith("."))


def content(store):
    """The markers of finished chunks, and the bytes of the arrays of these chunks."""
    found = {}
    for marker in finished(store):
        found[marker] = marker.read_bytes()
        chunk = marker.stem.split("_")[1]
        for file in (store / "group_0").glob(f"*/c/{chunk}/**/*"):
            if file.is_file():
                found[file] = file.read_bytes()
    return found


def killed_at_a_named_point(store, point, chance, engine):
    most = 4 if point == "store creation" else CHUNKS
    parent = drivers.start(store, engine, JAXSNN_FAULT=f"{point}:{chance.randint(1, most)}")
    workers = wait_for(lambda: children(parent.pid) or parent.poll() is not None) if engine == "processes" else []
    workers = workers if isinstance(workers, list) else []
    parent.communicate(timeout=120)
    return parent.returncode == -signal.SIGKILL, workers


def killed_at_a_random_time(store, victim, chance, workers):
    """When a number of chunks is finished, and a moment later."""
    parent = drivers.start(store, "processes", workers)
    started = wait_for(lambda: children(parent.pid))
    count, pause = chance.randint(0, CHUNKS - 1), chance.uniform(0.0, 0.2)
    wait_for(lambda: len(finished(store)) >= count or parent.poll() is not None)
    with pytest.raises(AssertionError, match="in vain"):
        wait_for(lambda: False, pause)
    running = parent.poll() is None
    started = children(parent.pid) or started
    doomed = {"worker": started[:1], "parent": [parent.pid], "both": [parent.pid, *started]}[victim]
    for pid in doomed:
        kill(pid)
    _, said = parent.communicate(timeout=120)
    if victim == "worker":
        assert parent.returncode == 0, said
        assert len(finished(store)) == CHUNKS
    return running, started


def survives(store, straight, kind, seed):
    """Whether it was killed before its end; the assertions are the test."""
    chance, size = random.Random(f"{kind} {seed}"), 1
    if kind in POINTS:
        caught, workers = killed_at_a_named_point(store, kind, chance, chance.choice(["inline", "processes"]))
    else:
        size = 1 + seed % 2  # two workers have one device each
        caught, workers = killed_at_a_random_time(store, kind, chance, size)
    folder, expected = straight[2 // size]
    wait_for(lambda: not any(alive(pid) for pid in workers))  # they end by themselves
    before = content(store)
    data = drivers.run(store, "inline", grid=drivers.LONG, cores=2 // size)
    assert {path: path.read_bytes() for path in before} == before
    assert data.equals(expected)
    assert tree_hash(store) == tree_hash(folder)
    assert verify(store) == []
    assert load(store).equals(expected)
    leftovers = {path.name for path in (store / "side").iterdir()} - {"order.json"}
    assert not [name for name in leftovers if name.endswith((".result", ".checkpoint", ".tmp"))]
    return caught


WORKER, BOTH = (pytest.param(kind, marks=pytest.mark.slow) for kind in ("worker", "both"))


@pytest.mark.parametrize("kind", [WORKER, "parent", BOTH, "between arrays", "marker temporary"])
def test_a_sweep_that_is_killed_ends_in_the_store_of_one_that_was_not(kind, straight, tmp_path):
    survives(tmp_path / "store", straight, kind, seed=1 if kind == "both" else 0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*VICTIMS, *POINTS])
def test_sweeps_killed_at_many_moments_end_in_the_same_store(kind, straight, tmp_path):
    """Fifty and a few more, over all victims and points."""
    times = 7
    caught = [survives(tmp_path / str(seed), straight, kind, seed) for seed in range(1, times + 1)]
    assert sum(caught) >= times - 3, "most must be killed before their end, or this shows nothing"
