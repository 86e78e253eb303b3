"""Whoever runs the chunks, the store is the same; workers may die, and studies that cannot be found are refused."""

import json
import logging
import os
import re
import sys
import warnings

import jax
import pytest

from jaxsnn.cli import main
from jaxsnn.sweeps import Grid, Study, load, sweep, tree_hash
from jaxsnn.sweeps.engines import ENGINES, Dask, Processes, Submitit, find_engine
from jaxsnn.sweeps.engines.engine import Finished, Watch
from jaxsnn.sweeps.engines.results import load_result, result_path, save_result
from jaxsnn.sweeps.job import make_job
from jaxsnn.sweeps.order import Order, heard, leave_results, open_order, write_order
from jaxsnn.sweeps.source import Source, find_source, load_source

from . import drivers, toys
from .drivers import constant, deadly, elsewhere, failing, kill

KEY = jax.random.key(17)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The store of a sweep in this process."""
    folder = tmp_path_factory.mktemp("straight") / "store"
    return folder, drivers.run(folder, "inline")


def same(folder, straight):
    return tree_hash(folder) == tree_hash(straight[0]) and load(folder).equals(straight[1])


def workers_of(pid=None):
    return [child for child in drivers.children(pid or os.getpid()) if b"jaxsnn.worker" in commandline(child)]


def commandline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


# Processes ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_is_replaced_and_the_store_is_that_of_one_process(straight, tmp_path, caplog):
    seen = []

    def murder(place, progress):
        if len(seen) == 4:
            kill(workers_of()[0])
        seen.append((place, progress.done, progress.total))

    with caplog.at_level(logging.WARNING, "jaxsnn"):
        drivers.run(tmp_path, "processes", on_segment=murder)
    assert same(tmp_path, straight)
    assert "was killed by SIGKILL at chunk" in caplog.text
    assert {done for _, done, _ in seen} >= {400, 1600, 4000}
    assert [path.name for path in (tmp_path / "side").iterdir()] == ["runs.json"]
    assert not workers_of()


@pytest.mark.slow
def test_two_workers_with_a_core_each_give_the_store_of_one_core(tmp_path):
    drivers.run(tmp_path / "inline", "inline", cores=1)
    drivers.run(tmp_path / "processes", "processes", workers=2)
    assert tree_hash(tmp_path / "processes") == tree_hash(tmp_path / "inline")


@pytest.mark.slow
def test_ctrl_c_lets_the_worker_save_its_state_and_ends_it(straight, tmp_path):
    def stop(place, progress):
        if progress.total == 4000 and progress.done >= 800:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"sweep stopped with . of 5 chunks .*goes on from there"):
        drivers.run(tmp_path, "processes", on_segment=stop)
    assert not workers_of()
    assert not (tmp_path / "side" / "order.json").exists()
    drivers.run(tmp_path, "inline")
    assert same(tmp_path, straight)


@pytest.mark.slow
def test_a_worker_that_dies_again_and_again_is_an_error_with_the_reason(tmp_path):
    with pytest.raises(ChildProcessError, match=r"was killed by SIGKILL before it was ready.*1 in a row"):
        sweep(deadly, Grid(x=[1.0, 2.0]), key=KEY, engine=Processes(attempts=1), store=tmp_path)
    assert not workers_of()


@pytest.mark.slow
def test_a_worker_with_another_program_computes_nothing():
    with pytest.raises(ValueError, match="finds another study 'elsewhere' in .*: its program is another one"):
        sweep(elsewhere, Grid(x=[1.0, 2.0]), key=KEY, engine="processes")


@pytest.mark.slow
def test_the_command_line_runs_a_users_own_file_in_workers(tmp_path, capsys):
    (tmp_path / "own.py").write_text("def run(point, key):\n    return {'y': 2.0 * point['x']}\n")
    assert main(["sweep", str(tmp_path / "own.py"), "--x", "0.5:1.5:3", "--seeds", "1", "--engine", "processes"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["0.5,0,1", "1,0,2", "1.5,0,3"]


# Orders ---------------------------------------------------------------------------------------------------------------


def job(run=toys.STUDY, grid=toys.GRID, **options):
    return make_job(run, grid, key=KEY, **options)


def test_an_order_leads_to_the_same_job():
    made = job(chunk=2, constants={"duration": 10.0}, independent=True)
    again, cores = open_order(write_order(made, 2).to_text())
    assert cores == 2
    assert (again.spec, again.layout, again.code) == (made.spec, made.layout, made.code)
    assert json.loads(write_order(made, 2).to_text())["constants"] == {"duration": 10.0}


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("spec", "another name or version"),
        ("layout", "other chunks"),
        ("code", "another one"),
        ("inputs", "numbers of"),
    ],
)
def test_an_order_of_a_study_that_has_changed_is_refused(field, said):
    order = write_order(job(), 2)
    changed = order._replace(expected={**order.expected, field: "another"})
    with pytest.raises(ValueError, match=f"{said}.*start the sweep again"):
        open_order(changed.to_text())


def test_what_is_no_order_is_refused():
    for text in ("", "{", "[1]", '{"grid": 1}', json.dumps({**write_order(job(), 1)._asdict(), "source": 3})):
        with pytest.raises(ValueError, match="no order for a worker"):
            Order.from_text(text)


@pytest.mark.parametrize(
    ("run", "point"),
    [
        (toys.STUDY, {"sigma": 1.0, "rate": 1.0}),
        (toys.plain, {"shift": 1.0, "scale": 1.0}),
        (constant, {"x": 1.0}),
        (toys.HOLDER, {"a": 1.0, "steps": 10}),
    ],
    ids=["study", "function", "here", "program"],
)
def test_a_study_is_found_by_its_name_and_loaded_from_there(run, point):
    source = find_source(make_job(run, Grid(**point), key=KEY).study)
    found = load_source(source)
    assert found is run or found.program is run
    assert source.file.endswith("drivers.py" if run is constant else "toys.py")


def local():
    return lambda point, key: {"y": point["x"]}


@pytest.mark.parametrize("engine", ["processes", "submitit"])
@pytest.mark.parametrize(
    "run", [local(), Study("renamed", 1, constant), Study("constant", 1, constant, segment=50)], ids=["a", "b", "c"]
)
def test_a_study_that_no_other_process_can_find_is_refused_before_anything_is_written(engine, run, tmp_path):
    with pytest.raises(ValueError, match=r"cannot be found by another process.*STUDY = Study\(.*engine='inline'"):
        sweep(run, Grid(x=[1.0]), key=KEY, engine=engine, store=tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_name_that_exists_only_in_a_script_run_as_one_is_explained(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("x = 1\n")
    with pytest.raises(ValueError, match="only when the file is run as a script; move it above"):
        load_source(Source("script", str(script), "run", (str(tmp_path),)))


def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "import jax\nfrom jaxsnn.sweeps import Grid, sweep\n"
        "def run(point, key):\n    return {'y': point['x']}\n"
        "sweep(run, Grid(x=[1.0]), key=jax.random.key(0), engine='processes')\n"
    )
    with pytest.raises(ValueError, match=r"unguarded.py starts a sweep when it is imported.*below `if __name__ == "):
        load_source(Source("unguarded", str(script), "run", (str(tmp_path),)))


# Results on their way -------------------------------------------------------------------------------------------------


def test_a_result_that_a_killed_sweep_left_behind_is_taken_and_a_damaged_one_is_not(tmp_path, caplog):
    made = job(toys.plain, toys.PLAIN_GRID, chunk=5)
    (one, two) = ENGINES["inline"](made, made.layout.ids, Watch())
    store = tmp_path / "store"
    side = store / "side"
    marked = one._replace(arrays={**one.arrays, "draw": one.arrays["draw"] + 1.0})
    sweep(toys.plain, toys.PLAIN_GRID, key=KEY, chunk=5, store=store)
    for marker in (store / "markers").iterdir():
        marker.unlink()
    save_result(made, marked, side)  # its numbers are recognised
    save_result(made, two, side)
    damaged = bytearray(result_path(side, two.place).read_bytes())
    damaged[-1] ^= 1
    result_path(side, two.place).write_bytes(bytes(damaged))
    with caplog.at_level(logging.WARNING, "jaxsnn"):
        data = sweep(toys.plain, toys.PLAIN_GRID, key=KEY, chunk=5, store=store)
    assert "SHA-256" in caplog.text
    straight = sweep(toys.plain, toys.PLAIN_GRID, key=KEY, chunk=5)
    shifted = (data["draw"] - straight["draw"]).values.ravel()
    assert sorted(shifted)[:10] == [0.0] * 10
    assert sorted(shifted)[10:] == pytest.approx([1.0] * 10)
    assert [path.name for path in side.iterdir()] == ["runs.json"]


def test_a_result_of_another_sweep_is_not_taken(tmp_path):
    made, other = job(chunk=5), job(chunk=5, constants={"duration": 10.0})
    arrays = {name: jax.numpy.zeros((3, 3, *shape)) for name, (shape, _) in made.results[0].items()}
    arrays = {name: jax.device_get(array) for name, array in arrays.items()}
    save_result(made, Finished((0, 0), arrays, 0.0), tmp_path)
    assert load_result(made, (0, 0), tmp_path) is not None
    assert load_result(other, (0, 0), tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_what_a_worker_says_of_an_error_is_what_its_parent_raises(tmp_path):
    said = leave_results(write_order(broken(), 2).to_text(), [(0, 0)], str(tmp_path))
    assert isinstance(heard(said), ChildProcessError)
    assert re.search(r"TypeError: this study does not run \(line \d+ of drivers.py\)", str(heard(said)))
    order = write_order(job(), 2)
    said = leave_results(order._replace(expected={}).to_text(), [(0, 0)], str(tmp_path))
    assert isinstance(heard(said), ValueError)
    assert leave_results(order.to_text(), [(0, 1)], str(tmp_path)) == {}
    assert load_result(job(), (0, 1), tmp_path) is not None


# Clusters -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def quiet():
    """Clusters warn about what is theirs: ports, sockets at the end, slow starts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
def test_a_dask_cluster_gives_the_same_store_although_a_worker_is_killed(straight, tmp_path):
    distributed = pytest.importorskip("distributed")
    killed = []

    def murder(place, progress):
        if not killed:
            killed.append(kill(next(iter(client.run(os.getpid).values()))))

    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**settings, silence_logs=logging.CRITICAL) as cluster:
        with distributed.Client(cluster) as client:
            drivers.run(tmp_path / "store", "dask", on_segment=murder)
            assert killed
            assert same(tmp_path / "store", straight)
        with pytest.raises(ChildProcessError, match="a worker failed at chunk .*TypeError: this study does not run"):
            next(Dask(cluster.scheduler_address)(broken(), [(0, 0)], Watch()))


def broken():
    """A job whose study fails in a worker, as it would have failed here."""
    made = make_job(constant, Grid(x=[1.0]), key=KEY)
    from dataclasses import replace

    study = Study("failing", 1, failing)
    return replace(made, study=study, spec=replace(made.spec, study="failing"))


def test_dask_without_a_cluster_says_how_to_start_one(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    with pytest.raises(ValueError, match="there is no cluster; start one .*DASK_SCHEDULER_ADDRESS"):
        sweep(constant, Grid(x=[1.0]), key=KEY, engine="dask")


@pytest.mark.usefixtures("quiet")
def test_submitted_jobs_give_the_same_store(straight, tmp_path):
    pytest.importorskip("submitit")
    engine = Submitit(workers=2, cluster="local", folder=tmp_path / "jobs", poll=0.1)
    drivers.run(tmp_path / "store", engine)
    assert same(tmp_path / "store", straight)
    assert [path.name for path in (tmp_path / "store" / "side").iterdir()] == ["runs.json"]


@pytest.mark.parametrize(("engine", "module"), [("dask", "distributed"), ("submitit", "submitit")])
def test_a_cluster_whose_package_is_missing_names_the_extra(engine, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=rf"engine = '{engine}' needs .* pip install spikegrid\[{engine}\]"):
        sweep(constant, Grid(x=[1.0]), key=KEY, engine=engine)


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("steam",), "engine = 'steam': must be one of inline, processes, dask, submitit"),
        (("inline", 2), "workers = 2: engine 'inline' does not start any; .* take engine processes or submitit"),
        (("processes", 0), "workers = 0: must be an integer of at least 1"),
    ],
)
def test_an_unknown_engine_is_refused_with_the_names(arguments, said):
    with pytest.raises(ValueError, match=said):
        find_engine(*arguments)


def test_more_workers_than_cores_are_refused():
    with pytest.raises(ValueError, match=r"workers = 4: there are 2 core\(s\) for them"):
        sweep(constant, Grid(x=[1.0]), key=KEY, engine=Processes(4))
