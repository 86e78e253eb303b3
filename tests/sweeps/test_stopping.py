"""Whatever stops a sweep (another driver, a full disk, a folder that may not be written, a signal) loses nothing."""

import contextlib
import errno
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import jax
import pytest

from jaxsnn import cli
from jaxsnn.sweeps import Grid, StoreError, Study, load, sweep, tree_hash, verify

from . import handmade

KEY = jax.random.key(3)
GRID = Grid(a=[1.0, 2.0, 3.0, 4.0, 5.0], seed=2)


def run(point, key):
    return {"y": point["a"] + jax.random.normal(key), "trace": point["a"] * jax.random.normal(key, (50,))}


STUDY = Study("small", 1, run)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return handmade.fill(handmade.make(tmp_path_factory.mktemp("whole") / "store"))


# Two drivers ----------------------------------------------------------------------------------------------------------


def child(program, *arguments, **options):
    """Another Python process, from the checkout; its output is text."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


HOLDER = """
import sys
from pathlib import Path
from tests.sweeps import handmade
store = handmade.make(Path(sys.argv[1]))
with store.writing():
    store.write((0, 0), handmade.arrays(store, (0, 0)))
    print("writing", flush=True)
    sys.stdin.readline()
"""


def test_a_second_driver_is_told_who_writes_and_goes_on_once_that_one_is_killed(whole, tmp_path):
    store = handmade.make(tmp_path / "store")
    with child(HOLDER, store.folder) as first:
        assert first.stdout.readline() == "writing\n", first.stderr.read()
        said = rf"is being written elsewhere \(process {first.pid} on .*wait for it"
        with pytest.raises(ValueError, match=said), store.writing():
            pass
        assert load(store.folder).attrs["chunks_finished"] == 1  # reading is possible meanwhile
        first.kill()
    assert (store.side / "lock").exists()  # which says nothing: its process is gone
    handmade.fill(store)
    assert tree_hash(store.folder) == tree_hash(whole.folder)
    assert list(store.side.iterdir()) == []


def test_the_second_of_two_sweeps_of_one_process_is_refused_and_harms_nothing(tmp_path):
    said = []

    def again(place, progress):
        with pytest.raises(ValueError, match=f"process {os.getpid()} on") as refused:
            sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path / "store")
        said.append(refused.value)

    data = sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path / "store", on_segment=again)
    assert len(said) == 3
    assert data.equals(sweep(STUDY, GRID, key=KEY, chunk=2))
    assert verify(tmp_path / "store") == []


def test_where_there_are_no_locks_two_drivers_leave_the_bytes_of_one(whole, tmp_path, monkeypatch, caplog):
    import fcntl

    def unknown(handle, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unknown)
    store = handmade.make(tmp_path / "store")
    failed = []

    def drive():
        try:
            with store.writing():
                for place in store.layout.ids:
                    store.write(place, handmade.arrays(store, place))
                store.complete()
        except BaseException as error:
            failed.append(error)

    drivers = [threading.Thread(target=drive) for _ in range(4)]
    for one in drivers:
        one.start()
    for one in drivers:
        one.join()
    assert not failed
    assert tree_hash(store.folder) == tree_hash(whole.folder)
    assert "start one sweep on it at a time" in caplog.text


# Disks ----------------------------------------------------------------------------------------------------------------


def failing_after(monkeypatch, count, code):
    """From the count-th flush of a file on, the disk gives this error. (Folders are flushed where they can be.)"""
    flush, seen = os.fsync, []

    def fsync(handle):
        if stat.S_ISREG(os.fstat(handle).st_mode):
            seen.append(handle)
            if len(seen) > count:
                raise OSError(code, os.strerror(code))
        flush(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def test_a_disk_that_is_full_at_any_write_leaves_a_store_that_goes_on(whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        seen = failing_after(patch, 10**6, errno.ENOSPC)
        handmade.fill(handmade.make(tmp_path / "count"))
    assert len(seen) == len([p for p in whole.folder.rglob("*") if p.is_file()])  # each file is flushed once
    for count in range(0, len(seen), 3):
        store = handmade.make(tmp_path / f"store{count}")
        with monkeypatch.context() as patch:
            failing_after(patch, count, errno.ENOSPC)
            with pytest.raises((OSError, ValueError), match="No space left"):
                handmade.fill(store)
        if (store.folder / "manifest.json").exists():
            assert not [damage for damage in verify(store.folder) if "next sweep writes it" not in damage.what]
        handmade.fill(store)
        assert tree_hash(store.folder) == tree_hash(whole.folder)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EFBIG, errno.EIO, errno.EDQUOT])
def test_a_disk_that_fails_on_the_way_is_said_in_one_sentence(tmp_path, monkeypatch, code):
    folder = tmp_path / "store"

    def fill_up(place, progress):
        if place == (0, 1):
            failing_after(patch, 0, code)

    with monkeypatch.context() as patch:
        said = (
            rf"^sweep stopped with 1 of 3 chunks finished \(.*store cannot be written: {os.strerror(code)}\); the same"
        )
        with pytest.raises(StoreError, match=said) as stop:
            sweep(STUDY, GRID, key=KEY, chunk=2, store=folder, on_segment=fill_up)
    assert (stop.value.errno, stop.value.exit_code) == (code, 1)
    assert load(folder).attrs["chunks_finished"] == 1
    ran = set()
    sweep(STUDY, GRID, key=KEY, chunk=2, store=folder, on_segment=lambda place, _: ran.add(place))
    assert ran == {(0, 1), (0, 2)}
    sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path / "straight")
    assert tree_hash(folder) == tree_hash(tmp_path / "straight")


def unwritable(tmp_path, monkeypatch, kind):
    if kind == "a file in the way":
        (tmp_path / "runs").write_text("mine")
        return tmp_path / "runs" / "x"
    if kind == "a folder of the system":
        return Path("/proc/store")
    if kind == "no permission":
        if os.geteuid() == 0:
            pytest.skip("the superuser may write everywhere")
        (tmp_path / "runs").mkdir(mode=0o500)
        return tmp_path / "runs" / "x"
    failing_after(monkeypatch, 0, errno.EROFS)
    return tmp_path / "store"


@pytest.mark.parametrize("kind", ["a file in the way", "a folder of the system", "no permission", "read-only"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(tmp_path, monkeypatch, kind):
    folder = unwritable(tmp_path, monkeypatch, kind)
    ran = []
    with pytest.raises(ValueError, match=rf"store {re.escape(str(folder))} cannot be written \(.*name a folder that"):
        sweep(STUDY, GRID, key=KEY, store=folder, on_segment=lambda *_: ran.append(1))
    assert not ran


def test_a_finished_store_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    folder = tmp_path / "store"
    data = sweep(STUDY, GRID, key=KEY, chunk=2, store=folder)
    (folder / "complete.json").unlink()
    failing_after(monkeypatch, 0, errno.EROFS)
    assert sweep(STUDY, GRID, key=KEY, chunk=2, store=folder).equals(data)
    monkeypatch.undo()
    sweep(STUDY, GRID, key=KEY, chunk=2, store=folder)
    assert verify(folder) == []


# Signals, and the command line ----------------------------------------------------------------------------------------

SOURCE = """
import jax
import jax.numpy as jnp
from jaxsnn.sweeps import Study

def run(point, key):
    def step(x, _):
        return jnp.sin(x + jax.random.normal(key)), None
    return {"y": jax.lax.scan(step, point["a"], None, length=300_000)[0]}

STUDY = Study("slow", 1, run, chunk=1)
"""
COMMAND = ["-m", "jaxsnn.cli", "sweep", "study.py", "--a", "0:1:{points}", "--seeds", "2", "--store", "store"]


def command(folder, points=400, prefix=()):
    (folder / "study.py").write_text(SOURCE)
    words = [word.format(points=points) for word in COMMAND]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    options = {"cwd": folder, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    with hearing_ctrl_c():
        return subprocess.Popen([*prefix, sys.executable, *words], **options)


@contextlib.contextmanager
def hearing_ctrl_c():
    """What a shell starts in the background ignores Ctrl-C, and so would all that it starts in turn."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)]
)
def test_a_signal_stops_a_sweep_with_a_sentence_and_its_exit_code(tmp_path, number, code):
    with command(tmp_path) as sweeping:
        deadline = time.monotonic() + 120
        while len(list((tmp_path / "store" / "markers").glob("*.json"))) < 2 and time.monotonic() < deadline:
            assert sweeping.poll() is None, sweeping.stderr.read()
            time.sleep(0.02)
        sweeping.send_signal(number)
        _, said = sweeping.communicate(timeout=60)
    assert sweeping.returncode == code, said
    assert "Traceback" not in said
    found = re.search(r"sweep stopped with (\d+) of 400 chunks finished", " ".join(said.split()))
    assert found, said
    assert "goes on from there" in " ".join(said.split())
    done = load(tmp_path / "store").attrs["chunks_finished"]
    assert done in (int(found[1]), int(found[1]) + 1)  # a chunk may be marked and not yet counted
    assert verify(tmp_path / "store") == []


def test_sigterm_means_what_it_meant_before_once_a_command_is_over(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)

    def act():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        return 0

    assert cli._guarded(act) == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_a_callback_swallows_is_heard_all_the_same():
    class Collected:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):  # the exception is raised here, where nobody can catch it
                pass

    def act():
        Collected()
        time.sleep(5)
        return 0

    assert cli._guarded(act) == 143


def test_a_store_that_fills_up_ends_a_command_with_1_and_one_that_cannot_be_made_with_2(capsys):
    def full():
        raise StoreError(errno.ENOSPC, "sweep stopped with 1 of 3 chunks finished")

    def refused():
        raise ValueError("store x cannot be written")

    assert (cli._guarded(full), cli._guarded(refused)) == (1, 2)
    assert capsys.readouterr().err.splitlines() == [
        "error: sweep stopped with 1 of 3 chunks finished",
        "error: store x cannot be written",
    ]


@pytest.mark.slow
def test_a_real_disk_that_fills_up_costs_nothing_that_was_done(tmp_path):
    """A file system of 400 kB, in a name space of its own; then the same with more room."""
    if os.name != "posix" or shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("name spaces are not allowed here")
    (tmp_path / "store").mkdir()
    script = (
        "mount -t tmpfs -o size=400k none store && { \"$@\"; code=$?; } ; mount -o remount,size=40m store; "
        "\"$@\" || exit 99; cp -r store copy; exit $code"
    )  # fmt: skip
    with command(tmp_path, 200, ["unshare", "-rm", "sh", "-c", script, "sh"]) as sweeping:
        _, said = sweeping.communicate(timeout=300)
    assert sweeping.returncode in (1, 2), said
    assert "No space left on device" in " ".join(said.split())
    assert "Traceback" not in said
    assert verify(tmp_path / "copy") == []
    assert load(tmp_path / "copy").attrs["chunks_finished"] == 200
