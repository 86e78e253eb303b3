"""Trainings of a grid: kept as they come, never lost, never mixed with others, and the same whatever happens."""

import signal
import sys

import jax
import numpy as np
import pytest

from jaxsnn.sweeps import Grid
from jaxsnn.trainings import Trainings, kept, learning_curves, sources_of
from jaxsnn.trainings.progress import fraction_done, seconds_left

from . import toys


def constant(point, key, checkpoint, *, gain=2.0, fail=False):
    """Nothing is trained; the numbers follow from point, key and constants."""
    if fail and point["x"] == 2:
        raise ValueError("it does not converge")
    checkpoint.write_bytes(b"")
    noise = np.random.default_rng(np.asarray(jax.random.key_data(key)).tolist()).standard_normal()
    return {"y": np.float64(gain * point["x"] + noise), "n": np.int32(point["x"])}, {"curve": [1.0, 0.5]}


def begun(point, key, checkpoint, *, gain=2.0, fail=False):
    kept(checkpoint.with_name("checkpoint-trained"), {"w": np.zeros(2)}, lambda: {"w": np.ones(2)})
    raise RuntimeError("stop")


def ragged(point, key, checkpoint):
    return {"y": np.zeros(point["x"])}


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return toys.write(tmp_path_factory.mktemp("lines"), lines=toys.TRAINING, drive=toys.DRIVER)


@pytest.fixture
def panel_of_lines(lines, monkeypatch):
    """The toy's panel in this process."""
    monkeypatch.setattr("jaxsnn.fit.driver.SAVE_EVERY", 0.0)  # the toy sets it too; this takes it back
    monkeypatch.syspath_prepend(str(lines))
    return __import__("lines").PANEL


def test_a_training_that_is_killed_half_way_ends_in_the_store_of_one_that_was_not(lines, panel_of_lines, tmp_path):
    kill = tmp_path / "kill"
    kill.write_text("2 7")  # at the seventh step of the second point
    killed = toys.start(lines, tmp_path / "killed", TOY_KILL=str(kill))
    panel_of_lines.run(tmp_path / "straight")
    assert toys.end(killed)[0] == -signal.SIGKILL
    unfinished = list((tmp_path / "killed" / "side").glob("*/checkpoint"))
    assert [fraction_done(path) for path in unfinished] == [7 / 12]
    assert len(list((tmp_path / "killed" / "runs").glob("*/done.json"))) == 1
    panel_of_lines.run(tmp_path / "killed")
    assert toys.content(tmp_path / "killed") == toys.content(tmp_path / "straight")
    assert not list((tmp_path / "killed" / "side").glob("*/checkpoint"))


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["worker", "both"])
def test_workers_give_the_same_bits_whoever_is_killed(victim, lines, tmp_path):
    straight, store, kill = tmp_path / "straight", tmp_path / "store", tmp_path / "kill"
    assert toys.end(toys.start(lines, straight))[0] == 0
    kill.write_text("2 7")
    process = toys.start(lines, store, 2, TOY_KILL=str(kill))
    if victim == "both":
        toys.wait_for(lambda: not kill.exists() or process.poll() is not None)
        process.kill()
        toys.end(process)
        process = toys.start(lines, store, 2)
    code, _, err = toys.end(process)
    assert code == 0, err
    assert toys.content(store) == toys.content(straight)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_an_interrupt_says_how_to_go_on_and_loses_nothing(workers, lines, tmp_path):
    (lines / "slow.py").write_text(toys.TRAINING.replace("STEPS = 12", "STEPS = 400").replace("0.1)", "1e-3)"))
    (lines / "drive_slow.py").write_text(toys.DRIVER.replace("lines", "slow"))
    store = tmp_path / "store"
    process = toys.start(lines, store, workers, script="drive_slow")
    toys.wait_for(lambda: list(store.glob("side/*/checkpoint")))
    process.send_signal(signal.SIGINT)
    code, _, err = toys.end(process)
    assert code != 0
    assert "KeyboardInterrupt: trainings stopped with 0 of 2 finished (fit stopped after" in err
    assert f"the same call with store='{store}' goes on from there" in err
    assert list(store.glob("side/*/checkpoint"))


# The store -----------------------------------------------------------------------------------------------------------


def panel(**changes):
    return Trainings(**{"train": constant, "grid": Grid(x=[1, 2], seed=2), "constants": {"gain": 3.0}, **changes})


def test_the_dataset_has_the_axes_of_the_grid_and_says_what_it_took(tmp_path):
    told = []
    data = panel().run(tmp_path / "s", on_progress=told.append)
    assert data["y"].dims == ("x", "seed")
    assert data["y"].shape == (2, 2)
    # common random numbers: one seed has the same key at every point
    assert np.allclose(data["y"].sel(x=2) - data["y"].sel(x=1), 3.0)
    assert data["n"].values.tolist() == [[1, 1], [2, 2]]
    assert data.attrs["finished"] == data.attrs["trainings"] == 4
    assert data.attrs["wall_seconds"] > 0
    assert data.attrs["peak_bytes"] > 1e6
    assert '"curve": [1.0, 0.5]' in data.attrs["records"]
    assert [status.done for status in told if status.finished] == [1, 2, 3, 4]
    assert panel().load(tmp_path / "s").identical(data)
    before = toys.content(tmp_path / "s")
    assert panel().run(tmp_path / "s").identical(data)
    assert toys.content(tmp_path / "s") == before


def test_more_seeds_keep_what_is_there_and_whole_seeds_can_be_looked_at_half_way(tmp_path):
    two = panel().run(tmp_path / "s")
    more = panel(grid=Grid(x=[1, 2, 3], seed=3))
    with pytest.raises(ValueError, match="no seed has all its points finished yet"):
        more.load(tmp_path / "s", whole_seeds=True)
    wider = panel(grid=Grid(x=[1, 2], seed=3))
    assert wider.load(tmp_path / "s", whole_seeds=True)["seed"].values.tolist() == [0, 1]
    assert np.isnan(wider.load(tmp_path / "s")["y"].sel(seed=2)).all()
    runs = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "s" / "runs").iterdir()}
    three = more.run(tmp_path / "s")
    assert three["y"].sel(x=[1, 2], seed=[0, 1]).equals(two["y"])
    assert {name: (tmp_path / "s" / "runs" / name).stat().st_mtime_ns for name in runs} == runs


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"constants": {"gain": 4.0}}, r"made by other trainings \(constants: .*4.*\); name another folder"),
        ({"key": 1}, "key:"),
        ({"version": 2}, "version:"),
        ({"train": ragged, "constants": {}}, "study:"),
    ],
)
def test_a_store_of_something_else_is_refused(changes, said, tmp_path):
    panel(grid=Grid(x=[1])).run(tmp_path / "s")
    with pytest.raises(ValueError, match=said):
        panel(**changes).run(tmp_path / "s")


def test_a_folder_that_holds_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(ValueError, match="holds 'thesis.txt' and no trainings"):
        panel().run(tmp_path)


def test_results_of_other_sources_are_refused_unless_they_are_trusted(tmp_path):
    panel().run(tmp_path / "s")
    code = tmp_path / "s" / "code.json"
    code.write_text(code.read_text().replace('"tests/trainings/test_trainings.py": "', '"tests/trainings/old.py": "'))
    with pytest.raises(ValueError, match=r"old.py is no longer used; tests/trainings/test_trainings.py is new.*trust"):
        panel().run(tmp_path / "s")
    panel().run(tmp_path / "s", trust=True)
    panel().run(tmp_path / "s")  # which stays so


def test_what_other_sources_began_is_not_gone_on_with_unless_it_is_trusted(tmp_path):
    with pytest.raises(RuntimeError, match="stop"):
        panel(train=begun).run(tmp_path / "s")
    assert not (tmp_path / "s" / "runs").exists()
    code = tmp_path / "s" / "code.json"
    code.write_text(code.read_text().replace('"tests/trainings/test_trainings.py": "', '"tests/trainings/old.py": "'))
    with pytest.raises(ValueError, match="was made by other code .*old.py is no longer used"):
        panel(train=begun).run(tmp_path / "s")


def test_records_that_lack_something_are_left_out_of_what_is_said_of_times(tmp_path):
    panel().run(tmp_path / "s")
    for record in (tmp_path / "s" / "side").glob("*/record.json"):
        record.write_text('{"seconds": 1.0}')
    assert "wall_seconds" not in panel().load(tmp_path / "s").attrs


def test_a_damaged_result_is_noticed(tmp_path):
    panel().run(tmp_path / "s")
    file = next((tmp_path / "s" / "runs").glob("*/result.npz"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match="is damaged.*result.npz has another SHA-256; delete"):
        panel().run(tmp_path / "s")


def test_a_checkpoint_that_cannot_be_read_costs_the_run_and_nothing_else(panel_of_lines, tmp_path, capsys):
    one = Trainings(panel_of_lines.train, Grid(slope=[1]), {"samples": 32}, key=3)
    side = tmp_path / "s" / "side" / one.trainings[0].id
    side.mkdir(parents=True)
    (side / "checkpoint").write_bytes(b"jaxsnn checkpoint 1\n" + b"0" * 80)
    assert np.isfinite(one.run(tmp_path / "s")["fitted"]).all()
    assert "is damaged" in capsys.readouterr().err


# What a training may be, and may return ------------------------------------------------------------


def test_what_cannot_be_trained_is_said_with_its_point(tmp_path):
    with pytest.raises(ValueError, match="training x = 2, seed = 0: it does not converge"):
        panel(constants={"fail": True}).run(tmp_path / "s")
    assert panel(constants={"fail": True}).load(tmp_path / "s").attrs["finished"] == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"constants": {"epochs": 3}}, r"cannot be called with .* the constants epochs: got an unexpected keyword"),
        ({"constants": {"x": 3}}, "must not name axes"),
        ({"train": 3}, "must be a function"),
        ({"grid": [1]}, "must be a Grid"),
        ({"key": -1}, "key = -1"),
    ],
)
def test_a_panel_that_cannot_be_run_is_refused_when_it_is_made(changes, said):
    with pytest.raises(ValueError, match=said):
        panel(**changes)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (None, "it must return a dict of arrays"),
        ({"x": 1.0}, "is an axis of the grid"),
        ({"word": "good"}, "results hold numbers"),
        (({"y": 1.0}, {"loss": float("nan")}), "facts that cannot be written as JSON"),
    ],
)
def test_what_a_training_may_not_return_is_said(made, said):
    with pytest.raises(ValueError, match=said):
        panel(train=lambda point, key, checkpoint: made, constants={}).run()


def test_results_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"'y' is float64\[1\] at x = 1, seed = 0 and float64\[2\] at x = 2.*pad"):
        panel(train=ragged, constants={}).run()


@pytest.mark.parametrize("workers", [-1, 1.5, True])
def test_a_bad_number_of_workers_is_refused(workers):
    with pytest.raises(ValueError, match="workers"):
        panel().run(workers=workers)


def test_workers_need_a_function_that_they_can_find_and_a_core_each():
    with pytest.raises(ValueError, match="cannot be found by a worker"):
        panel(train=lambda point, key, checkpoint: {"y": 1.0}, constants={}).run(workers=1)
    with pytest.raises(ValueError, match="must be at most"):
        panel().run(workers=1000)


# Sources, curves, progress ------------------------------------------------------------


def test_sources_are_the_files_that_a_function_uses_and_no_others(tmp_path, monkeypatch):
    files = {
        "pkg/__init__": "from .used import thing as thing\nfrom .unused import other as other\n",
        "pkg/used": "from jaxsnn.neurons import LIF\nthing = LIF\n",
        "pkg/unused": "other = 1\n",
        "pkg/work": "from . import thing\nfrom jaxsnn.plotting import figure\ndef train():\n    from .late import x\n",
        "pkg/late": "x = 1\n",
    }
    (tmp_path / "pkg").mkdir()
    toys.write(tmp_path, **files)
    monkeypatch.syspath_prepend(str(tmp_path))
    import pkg.work

    found = sources_of(pkg.work.train)
    assert {"pkg/work.py", "pkg/used.py", "pkg/late.py", "jaxsnn/neurons/lif.py", "jaxsnn/core/cell.py"} <= set(found)
    assert not {"pkg/unused.py", "pkg/__init__.py", "jaxsnn/neurons/adaptive_lif.py"} & set(found)
    assert not [name for name in found if name.startswith("jaxsnn/plotting")]
    (tmp_path / "pkg" / "late.py").write_text('"""Now with a word about x."""\n\nx = 1  # one\n')
    assert sources_of(pkg.work.train) == found
    (tmp_path / "pkg" / "late.py").write_text("x = 2\n")
    changed = sources_of(pkg.work.train)
    assert [name for name in found if found[name] != changed[name]] == ["pkg/late.py"]


def test_a_package_counts_with_what_its_init_takes_from_beside_it(tmp_path, monkeypatch):
    files = {
        "whole/__init__": "from . import helper\nfrom .constants import A\nB = 1\n\ndef train(): return helper\n",
        "whole/helper": "f = 1\n",
        "whole/constants": "A = 1\n",
        "whole/beside": "from whole import helper, B\ndef train(): return helper\n",
    }
    (tmp_path / "whole").mkdir()
    toys.write(tmp_path, **files)
    monkeypatch.syspath_prepend(str(tmp_path))
    import whole.beside

    own = {"whole/__init__.py", "whole/helper.py", "whole/constants.py"}
    assert set(sources_of(whole.train)) == own
    assert set(sources_of(whole.beside.train)) == own | {"whole/beside.py"}


def test_curves_are_means_over_epochs():
    from jaxsnn.fit.history import empty_history

    history = empty_history(6, (), ["loss"], {}, [])
    history.write(0, {"loss": np.asarray([4.0, 2.0, 1.0, np.nan])}, {})
    history.done, history.seconds, history.compile_seconds = 4, 5.0, 1.0
    found = learning_curves(history, 2)
    assert found["curves"]["loss"] == [3.0, 1.0]
    assert found["curves"]["score"] == [None, None]
    assert found["seconds_per_epoch"] == 2.0


def test_what_was_trained_is_kept_while_the_rest_is_done(tmp_path):
    like, place = {"w": np.zeros(2, np.float32)}, tmp_path / "checkpoint-trained"
    assert kept(place, like, lambda: {"w": np.ones(2, np.float32)})["w"].sum() == 2
    assert kept(place, like, pytest.fail)["w"].sum() == 2
    with pytest.raises(ValueError, match="must have the structure and shapes"):
        kept(tmp_path / "other", like, lambda: {"w": np.ones(3, np.float32)})


def test_the_peak_of_a_run_is_its_own():
    from jaxsnn.trainings.one import forget_peak, peak_bytes

    ballast = np.ones(50_000_000)
    before = peak_bytes()
    assert before > ballast.nbytes
    del ballast
    forget_peak()
    if sys.platform == "linux":
        assert peak_bytes() < before - 200e6


def test_the_time_left_follows_from_what_was_done():
    assert seconds_left([], 3, [(0.0, 10.0)], 1) is None
    assert seconds_left([], 1, [(0.5, 10.0)], 1) == 20 * 1.5
    assert seconds_left([10.0, 30.0], 2, [(0.25, 5.0), (0.75, 5.0)], 2) == 20 * 3 / 2
