"""A sweep gives every network what it would have given alone, and says beforehand what it will not do."""

import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from jaxsnn.engine import Once, Plan, Program, Simulation, simulate
from jaxsnn.sweeps import Finished, Grid, Study, plan_sweep, single, sweep
from jaxsnn.sweeps.engines import Processes, inline

from .toys import GRID, HOLDER, HOLDER_GRID, PLAIN_GRID, STUDY, network, plain, prepare, program, result

KEY = jax.random.key(20)


@pytest.fixture(scope="module")
def data():
    return sweep(STUDY, GRID, key=KEY)


def test_the_data_have_the_axes_of_the_grid_and_tell_where_they_come_from(data):
    assert data["variance"].dims == ("sigma", "rate", "seed")
    assert data["each"].dims == ("sigma", "rate", "seed", "each_dim0")
    assert data["sigma"].values.tolist() == [0.5, 1.0, 2.0]
    assert data["seed"].values.tolist() == [0, 1, 2]
    assert data.attrs["study"] == "ornstein"
    assert '"data": [0, 20]' in data.attrs["key"]
    assert data.attrs["updates"] == 3 * 3 * (50 + 100 + 400) / 1
    assert data.attrs["updates_per_second"] > 0
    assert data.attrs["compile_seconds"] <= data.attrs["wall_seconds"]
    assert "jax" in data.attrs["versions"]


def test_the_variance_of_the_process_is_the_closed_form():
    grid = Grid(sigma=1.0, rate=[0.5, 2.0], seed=64)
    variance = sweep(STUDY, grid, key=KEY, constants={"duration": 60.0})["variance"].isel(sigma=0)
    error = variance.std("seed", ddof=1) / np.sqrt(64)
    expected = 1 / (2 * variance["rate"])
    assert (abs(variance.mean("seed") - expected) < 4 * error).all()
    assert (error < 0.1 * expected).all()


def test_points_that_differ_in_sigma_share_their_noise(data):
    scaled = data["x"] / data["sigma"]
    assert np.allclose(scaled, scaled.isel(sigma=0), rtol=1e-5)
    assert np.unique(data["x"].isel(sigma=0).values).size == 9  # rate (its dt) and seed change the noise


def test_independent_points_have_noise_of_their_own():
    x = sweep(STUDY, GRID, key=KEY, independent=True)["x"]
    assert np.unique((x / x["sigma"]).values.round(5)).size == 27


@pytest.mark.parametrize("independent", [False, True])
def test_the_chunk_and_the_number_of_devices_do_not_change_the_numbers(independent):
    options = {"key": KEY, "independent": independent}
    reference = sweep(plain, PLAIN_GRID, chunk=100, cores=2, **options)
    for chunk, cores in ((1, 1), (3, 2)):
        other = sweep(plain, PLAIN_GRID, chunk=chunk, cores=cores, **options)
        assert (other["draw"] == reference["draw"]).all()
        # in units of what is added: a shift of 1 may leave next to nothing of it
        off = abs(other["mean"] - reference["mean"]) / np.maximum(reference["scale"], 1)
        assert (off <= np.finfo(np.float32).eps).all()


def test_a_long_program_gives_the_same_numbers_in_any_chunk_on_any_device(data):
    for chunk, cores in ((1, 1), (2, 2)):
        other = sweep(STUDY, GRID, key=KEY, chunk=chunk, cores=cores)
        assert (other["steps"] == data["steps"]).all()
        xr.testing.assert_allclose(other, data, rtol=2e-6)


def test_the_same_sweep_twice_is_the_same_to_the_bit(data):
    assert sweep(STUDY, GRID, key=KEY).equals(data)


def test_a_point_has_exactly_its_own_number_of_steps_whatever_its_chunk_needs(data):
    steps = data["steps"].isel(sigma=0, seed=0).values
    assert steps.tolist() == [50, 100, 400]


def test_a_point_whose_segments_are_done_stays_as_it_is(getkey):
    """Without a window the last value of x is that after the point's own segments, not after those of its chunk."""
    study = Study("raw", 1, program, lambda p: prepare(p)._replace(noise={}), segment=100, chunk=8)
    together = sweep(study, Grid(sigma=1.0, rate=[1.0, 4.0], seed=3), key=KEY)
    short = Study("raw", 1, program, lambda p: prepare(p)._replace(noise={}), segment=100, chunk=1)
    alone = sweep(short, Grid(sigma=1.0, rate=[1.0, 4.0], seed=3), key=KEY)
    xr.testing.assert_allclose(alone, together, rtol=2e-6)


def test_a_point_run_alone_gives_its_value_in_the_sweep(data):
    for independent in (False, True):
        table = sweep(STUDY, GRID, key=KEY, independent=True) if independent else data
        one = single(STUDY, {"sigma": 2.0, "rate": 4.0}, key=KEY, seed=2, independent=independent)
        found = table.sel(sigma=2.0, rate=4.0, seed=2)
        values = one.run()
        assert values["x"] == pytest.approx(float(found["x"]), rel=2e-6)
        assert values["variance"] == pytest.approx(float(found["variance"]), rel=2e-6)


def test_a_point_run_alone_can_be_recorded_step_by_step(data):
    one = single(STUDY, {"sigma": 2.0, "rate": 1.0}, key=KEY, seed=1)
    final, path = simulate(
        network(one.values), dt=one.values["dt"], key=one.key, steps=one.steps, block=10, record=lambda s, y: s.x[0]
    )
    assert path.shape == (100,)
    assert float(path[-1]) == pytest.approx(float(data["x"].sel(sigma=2.0, rate=1.0, seed=1)), rel=2e-6)
    assert float(jnp.mean(path**2)) == pytest.approx(float(data["variance"].sel(sigma=2.0, rate=1.0, seed=1)), rel=1e-5)
    assert final.weight == 100


def test_a_point_of_a_larger_grid_has_the_numbers_of_the_smaller_one(data):
    bigger = sweep(STUDY, Grid(rate=[0.5, 4.0, 8.0], sigma=[2.0, 0.1], seed=[2, 7, 8]), key=KEY)
    a = bigger["x"].sel(rate=4.0, sigma=2.0, seed=2)
    assert float(a) == pytest.approx(float(data["x"].sel(rate=4.0, sigma=2.0, seed=2)), rel=2e-6)


def test_zipped_axes_share_a_dimension_of_the_data():
    grid = Grid.zip(shift=[0.0, 1.0, 2.0], scale=[1.0, 2.0, 2.0]) * Grid(seed=2)
    found = sweep(plain, grid, key=KEY)
    assert found["mean"].dims == ("shift_scale", "seed")
    assert found["scale"].dims == ("shift_scale",)
    full = sweep(plain, Grid(shift=2.0, scale=2.0, seed=2), key=KEY)
    assert np.allclose(found["mean"].isel(shift_scale=2), full["mean"].squeeze())


def test_names_and_static_sizes_make_groups_of_their_own():
    def run(point, key):
        sign = 1 if point["kind"] == "up" else -1
        return {"y": sign * point["a"] * jnp.ones(())}

    found = sweep(run, Grid(kind="up,down", a=[1.0, 2.0]), key=KEY)
    assert found["y"].sel(kind="down").values.ravel().tolist() == [-1, -2]
    plan = plan_sweep(run, Grid(kind="up,down", a=[1.0, 2.0]), key=KEY)
    assert (plan.programs, plan.chunks) == (2, 2)


def test_a_carry_may_hold_the_point_itself_and_the_key():
    found = sweep(HOLDER, HOLDER_GRID, key=KEY)
    assert found["sum"].sel(steps=30, seed=1).values.tolist() == [4, 8, 12]
    assert found["sum"].sel(steps=10, seed=1).values.tolist() == [2, 4, 6]
    assert found["again"].sel(steps=30, seed=0).values.tolist() == [1, 2, 3]
    one = single(HOLDER, {"a": 2.0, "steps": 30}, key=KEY, seed=1)
    assert float(found["draw"].sel(a=2.0, steps=30, seed=1)) == float(one.run()["draw"])


def test_a_grid_of_one_point_without_axes_or_arrays_runs():
    assert float(sweep(lambda point, key: {"y": jnp.ones(())}, Grid(), key=KEY)["y"].item()) == 1.0


def test_nothing_compiles_after_the_first_chunk_of_a_group(caplog):
    marks = []

    def watch(place, progress):
        if progress.done == progress.total:
            marks.append(len(caplog.records))

    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        grid = Grid(sigma="1:3:3", rate=[0.5, 1.0, 4.0], seed=4)  # shapes of its own, which nothing has compiled yet
        sweep(STUDY, grid, key=KEY, chunk=2, on_segment=watch)
        sweep(STUDY, grid, key=KEY, chunk=2, independent=True, on_segment=watch)
    compiled = [(i, r.getMessage()) for i, r in enumerate(caplog.records) if r.getMessage().startswith("Compiling")]
    assert compiled  # the records are what this test thinks they are
    six, five = marks[:6], marks[6:]  # chunks of each sweep: 3 classes of 3 points, and 9 points of one class
    assert len(five) == 5
    assert [m for i, m in compiled if six[0] <= i < six[-1] or five[0] <= i] == []


def test_the_same_program_with_other_numbers_compiles_nothing(data, caplog):
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        other = sweep(STUDY, Grid(sigma=[0.1, 0.2, 5.0], rate=[0.5, 1.0, 4.0], seed=[7, 8, 9]), key=jax.random.key(1))
    assert [r.getMessage() for r in caplog.records if r.getMessage().startswith("Compiling")] == []
    assert other.attrs["compile_seconds"] < 0.01
    assert (other["variance"].mean("seed") != data["variance"].mean("seed").values).all()


def test_an_engine_gets_the_job_and_yields_finished_chunks(data):
    asked = []

    def backwards(job, ids, watch):
        asked.extend(ids)
        for one in inline(job, list(reversed(ids)), watch):
            yield Finished(one.place, one.arrays, one.compile_seconds)

    assert sweep(STUDY, GRID, key=KEY, engine=backwards).equals(data)
    assert len(asked) == len(set(asked)) == 3


def test_numbers_that_are_not_finite_are_data_and_one_sentence(caplog):
    def run(point, key):
        return {"root": jnp.sqrt(point["a"]), "cv": point["a"] / 0.0, "fine": point["a"]}

    study = Study("roots", 1, run, undefined=("cv",))
    with caplog.at_level(logging.WARNING, "jaxsnn"):
        found = sweep(study, Grid(a=[-1.0, 0.0, 4.0], seed=2), key=KEY)
    assert np.isnan(found["root"].values[0]).all()
    assert found.attrs["warning"] == "4 of 6 networks have results that are not finite: cv, root"
    assert [r.getMessage() for r in caplog.records if r.name == "jaxsnn"] == [f"roots: {found.attrs['warning']}"]
    quiet = sweep(study, Grid(a=[0.0], seed=2), key=KEY)  # 0/0 is NaN, which this study declares an answer
    assert np.isnan(quiet["cv"].values).all()
    assert "warning" not in quiet.attrs


# What is refused before anything runs ---------------------------------------------------------------------------------


class Broken(Program):
    def steps(self, point):
        return 10

    def begin(self, point, key):
        return jnp.zeros((), jnp.int32)

    def advance(self, point, key, carry, start, steps):
        return carry.astype(jnp.float32)

    def finish(self, point, carry):
        return {"y": carry}


@pytest.mark.parametrize(
    ("run", "grid", "options", "said"),
    [
        (STUDY, Grid(sigma=[1.0, -1.0], rate=1.0), {}, r"at the point .*sigma = -1.0.*must not be negative"),
        (STUDY, Grid(sigma=[1.0]), {}, "'rate' is missing; make it an axis or a constant"),
        (STUDY, GRID, {"constants": {"sigma": 1.0}}, "'sigma' is an axis of the grid and a constant"),
        (STUDY, GRID, {"constants": {"duration": 0.0}}, "steps = 0"),
        (STUDY, GRID, {"key": jax.random.split(KEY)}, "must be one typed random key"),
        (STUDY, GRID, {"chunk": 0}, "chunk = 0"),
        (STUDY, GRID, {"engine": "slurm"}, "engine = 'slurm': must be one of inline"),
        (STUDY, GRID, {"cores": 64}, "cores = 64"),
        (STUDY, GRID, {"constants": {"note": object()}}, "cannot be part of a sweep's description"),
        (lambda point, key: jnp.zeros(()), Grid(a=1.0), {}, "must return a dict"),
        (lambda point, key: {"a": jnp.zeros(())}, Grid(a=1.0), {}, "result 'a' has the name of an axis"),
        (lambda point, key: {"y": jnp.zeros((), jnp.complex64)}, Grid(a=1.0), {}, "array of real numbers"),
        (lambda point, key: {"y": jnp.zeros(len(point["k"]))}, Grid(k="a,bb"), {}, "return one shape at every point"),
        (
            lambda point, key: {"y": jnp.zeros(point["n"])},
            Grid(n=[3, 4]),
            {},
            r"test_sweep.py.*sizes .* must be static",
        ),
        (
            lambda point, key: {"y": 1.0 if point["a"] > 0 else 0.0},
            Grid(a=[3, 4]),
            {},
            "value of a number that is traced",
        ),
        (lambda point, key: {"y": point["a"]}, Grid(a=[1e39]), {}, "must be finite in float32"),
        (lambda point, key: {"y": point["a"]}, Grid(a=[2**40]), {}, "does not fit into int32"),
        (Broken(), Grid(a=1.0), {}, r"carry changes in advance.*int32\[\] before and float32\[\] after"),
        (Study("x", 1, plain, lambda p: {"a": 1}), Grid(a=1.0), {}, "prepare returned dict; it must return a Plan"),
        (Study("x", 1, plain, lambda p: Plan({}, {"a": "b"})), Grid(a=1.0), {}, "put names and choices into `static`"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(run, grid, options, said):
    with pytest.raises(ValueError, match=said):
        sweep(run, grid, **{"key": KEY, **options})


def test_a_study_says_what_is_wrong_with_it():
    with pytest.raises(ValueError, match="chunk = 0"):
        Study("x", 1, plain, chunk=0)


def test_the_network_s_own_checks_are_made_at_every_point():
    def checked(point):
        if float(point["sigma"]) > 1.5:
            raise ValueError("sigma: too much")
        return network(point)

    study = Study("checked", 1, Simulation(checked, result, block=10), prepare, {"duration": 20.0})
    with pytest.raises(ValueError, match=r"at the point duration = 20.0, sigma = 2.0, rate = 0.5: sigma: too much"):
        sweep(study, GRID, key=KEY)


def test_a_grid_that_cannot_fit_is_refused_with_the_number_and_the_remedy(tmp_path):
    big = Study("big", 1, program, lambda p: prepare({**p, "copies": 1000}), {"duration": 20.0}, chunk=9)
    grid = Grid(sigma="1:2:9", rate=1.0, seed=2)
    need = plan_sweep(big, grid, key=KEY, cores=1).memory
    with pytest.raises(ValueError, match=r"a chunk of 9 points needs about .*KiB.*pass chunk=4 .*or less"):
        sweep(big, grid, key=KEY, cores=1, memory_limit=need // 2, store=tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with pytest.raises(ValueError, match="even one point with all seeds is too large"):
        sweep(big, grid, key=KEY, cores=1, memory_limit=need // 20)
    assert sweep(big, grid, key=KEY, cores=1, memory_limit=need).sizes["seed"] == 2


def test_workers_that_fit_only_one_at_a_time_are_refused(tmp_path):
    workers = dict(key=KEY, chunk=2, cores=2, engine=Processes(2))
    need = plan_sweep(STUDY, GRID, **workers).memory
    assert need == 2 * plan_sweep(STUDY, GRID, key=KEY, chunk=2, cores=2).memory
    with pytest.raises(ValueError, match=r"2 chunks of 2 points need about .*pass chunk=1 .*or fewer workers"):
        sweep(STUDY, GRID, **workers, memory_limit=int(0.7 * need), store=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_memory_estimate_is_of_the_size_of_what_the_compiler_takes():
    from jaxsnn.sweeps.job import make_job

    big = Study("big", 1, program, lambda p: prepare({**p, "copies": 1000}), {"duration": 20.0}, chunk=9)
    made = make_job(big, Grid(sigma="1:2:9", rate=1.0, seed=2), key=KEY).chunk_program(0, 1)
    made.compile()
    taken = made.compiled[1].memory_analysis()
    total = taken.temp_size_in_bytes + taken.argument_size_in_bytes + taken.output_size_in_bytes
    assert 0.7 * total < made.memory < 4 * total


def test_a_plan_says_what_a_sweep_would_take_and_touches_nothing(tmp_path):
    plan = plan_sweep(STUDY, GRID, key=KEY, chunk=2, store=tmp_path / "x")
    assert (plan.points, plan.seeds, plan.networks, plan.programs, plan.chunks) == (9, 3, 27, 1, 6)
    assert plan.steps == 3 * 3 * (50 + 100 + 400)
    assert plan.updates == plan.steps
    assert plan.fits
    assert "9 x 3 seeds = 27 networks" in str(plan)
    assert not (tmp_path / "x").exists()
    small = plan_sweep(plain, PLAIN_GRID, key=KEY, memory_limit=10)
    assert not small.fits
    assert "does not fit" in str(small)
    assert "time       unknown" in str(small)


def test_a_bar_is_drawn_only_when_asked_for(capsys):
    sweep(Once(plain), PLAIN_GRID, key=KEY)
    assert capsys.readouterr() == ("", "")
    sweep(Once(plain), PLAIN_GRID, key=KEY, progress=True, chunk=5)
    assert "chunk 2 of 2" in capsys.readouterr().err
