"""The figures of Timcheck et al. 2022: they draw from any preset's tables, and show the numbers of these tables.

The tables are made up, with a spread over seeds, on the grids of the smoke preset. Figures with single networks are
drawn by the slow test alone.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from experiments.timcheck_2022 import preset
from experiments.timcheck_2022.analysis import Valley, valley
from experiments.timcheck_2022.network import network
from jaxsnn import theory
from jaxsnn.claims import Resampled
from jaxsnn.engine import simulate
from jaxsnn.plotting import style, write_csv
from jaxsnn.reproduction import page
from paper_figures import timcheck_2022 as paper
from paper_figures.timcheck_2022 import optimum
from paper_figures.timcheck_2022.delay import first_spikes
from paper_figures.timcheck_2022.page import MAP_LEAKS
from paper_figures.timcheck_2022.stretches import readout_only, stretch
from paper_figures.timcheck_2022.zero_delay import _accumulated, _intervals

COORDINATES = ("noise", "leak", "delay")
FROM_TABLES = (
    "noise_delay_map",
    "fig3c_zero_delay",
    "fig4c_parts",
    "fig4d_noise",
    "fig4e_optimum",
    "abstract_scaling",
    "firing_rule",
    "descent",
)


def made_up(panel, name):
    """A Dataset of this panel's shape: U-shaped variances, with seeds that differ by about five per cent."""
    points, seeds = panel.grid.points(), len(panel.grid.seeds)
    noise, leak, delay = (np.array([point.get(key, 1.0) for point in points], float) for key in COORDINATES)
    spurious = 4.0 * np.sqrt(leak) * delay / np.maximum(noise, 0.01)
    results = {
        "variance": 1 / 12 + spurious + noise**2 / (2 + 5 * np.sqrt(leak)),
        "bias": 1.5 * noise * np.sqrt(leak),
        "spurious": np.where(delay > 0, spurious, np.nan),
    }
    if name == "plane":
        results["square"] = results["variance"] + results["bias"] ** 2
    if name == "runs":
        results["same_neuron"] = 0.9 / (1 + leak / 5)
    if name == "descent":
        results["noise_end"] = np.full(len(points), 2.0)
    random = np.random.default_rng(len(name))
    spread = np.exp(0.05 * random.normal(size=(len(points), seeds)) + 0.05 * random.normal(size=seeds))
    dims, shape = (*panel.grid.dims, "seed"), (*panel.grid.shape, seeds)
    arrays = {key: (dims, (values[:, None] * spread).reshape(shape)) for key, values in results.items()}
    if name == "descent":
        windows = points[0]["windows"]
        path = 2 * np.exp(random.normal(size=(*shape, windows)) / np.arange(2, windows + 2))
        arrays["path"] = ((*dims, "path_dim0"), path)
    coords = {"seed": list(panel.grid.seeds)}
    for dim, factor in zip(panel.grid.dims, panel.grid.factors, strict=True):
        coords |= {key: (dim, np.asarray(values)) for key, values in factor}
    return xr.Dataset(arrays, coords=coords)


@pytest.fixture(scope="module")
def panels():
    return preset("smoke")


@pytest.fixture(scope="module")
def data(panels):
    return {name: made_up(panel, name) for name, panel in panels.items()}


def quickly(beyond):
    """A `save` that writes the table and a coarse picture, and notes how far a figure reaches beyond its paper."""

    def save(canvas, folder, name, data):
        paths = {kind: Path(folder) / f"{name}.{kind}" for kind in ("png", "csv")}
        write_csv(paths["csv"], data)
        canvas.savefig(paths["png"], dpi=40)
        box, (width, height) = canvas.get_tightbbox(), canvas.get_size_inches()
        beyond[name] = max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)
        return paths

    return save


@pytest.fixture(scope="module")
def drawn(data, panels, tmp_path_factory):
    """The records of the figures that need tables only, and how far each reaches beyond its paper, in inches."""
    beyond = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "save", quickly(beyond))
        figures = paper.draw(data, panels, tmp_path_factory.mktemp("figures"), only=FROM_TABLES)
    return {figure.name: figure for figure in figures}, beyond


def rows(drawn, name, **wanted):
    """Rows of a figure's CSV in which these columns have these values."""
    with open(drawn[0][name].csv, newline="") as file:
        found = list(csv.DictReader(file))
    return [row for row in found if all(row[key] == str(value) for key, value in wanted.items())]


def column(found, name):
    return np.array([float(row[name] or "nan") for row in found])  # a CSV leaves out what is not a number


def check_record(figure, preset="smoke"):
    assert len(figure.caption) > 100
    assert "\n" not in figure.caption
    assert figure.command == f"python paper_figures/reproduce.py --preset {preset} --only timcheck_2022"
    for number in ("Eq 19", "Eq 24", "S91"):  # no formula is the paper's: its equations could not be read
        assert all("our derivation of" in before[-80:] for before in figure.caption.split(number)[:-1])


@pytest.mark.slow
def test_every_figure_has_its_numbers_a_caption_and_its_command(drawn):
    assert tuple(drawn[0]) == FROM_TABLES
    for name, figure in drawn[0].items():
        check_record(figure)
        assert rows(drawn, name)


@pytest.mark.slow
def test_all_figures_are_drawn_in_print_quality_and_within_their_edges(data, panels, tmp_path, monkeypatch):
    beyond = {}
    measure, save = quickly(beyond), page.save
    monkeypatch.setattr(page, "save", lambda *args: (measure(*args), save(*args))[1])
    figures = paper.draw(data, panels, tmp_path)
    assert {figure.name for figure in figures} > set(FROM_TABLES)
    for figure in figures:
        check_record(figure)
        assert (tmp_path / f"{figure.name}.pdf").read_bytes().startswith(b"%PDF")
        assert (tmp_path / f"{figure.name}.png").read_bytes().startswith(b"\x89PNG")
        assert beyond[figure.name] < 0.02


def test_an_unknown_figure_is_refused_with_the_names_of_all(data, panels, tmp_path):
    with pytest.raises(ValueError, match="no figure; choose from noise_delay_map, fig3a_runs"):
        paper.draw(data, panels, tmp_path, only=["fig9"])


@pytest.mark.slow
def test_nothing_is_drawn_beyond_the_edge_of_a_figure(drawn):
    assert not {name: inches for name, inches in drawn[1].items() if inches > 0.02}


@pytest.mark.slow
def test_the_points_are_the_roots_of_the_variances_averaged_over_seeds(drawn, data):
    for leak in data["map"]["leak"].values:
        found = rows(drawn, "fig4c_parts", panel="simulation", leak=f"{leak:.9g}")
        table = data["map"]["variance"].sel(leak=leak, delay=0.4).squeeze("neurons")
        np.testing.assert_allclose(column(found, "sigma_readout"), np.sqrt(table.mean("seed")), rtol=1e-6)


@pytest.mark.slow
def test_the_error_bars_are_intervals_of_student(drawn, data):
    found = rows(drawn, "fig3c_zero_delay", panel="simulation", leak="1")
    values = data["zero"]["bias"].sel(leak=1.0).squeeze(["neurons", "delay"]).values
    expected = 4.302653 * values.std(axis=-1, ddof=1) / np.sqrt(3)  # two degrees of freedom
    np.testing.assert_allclose(column(found, "bias_half_interval"), expected, rtol=1e-5)


@pytest.mark.slow
def test_the_lines_are_the_theory_at_the_plotted_places(drawn):
    found = rows(drawn, "fig4d_noise", panel="theory", leak="0.1", delay="0.4")
    noise = column(found, "noise")
    bound = np.sqrt(theory.bound_variance(noise, 0.1, 0.4, 64))
    np.testing.assert_allclose(column(found, "bound"), bound, rtol=1e-5)
    exact = rows(drawn, "fig3c_zero_delay", panel="theory", leak="1")
    expected = np.sqrt(theory.packet_variance(column(exact, "noise"), 1.0, 64))
    np.testing.assert_allclose(column(exact, "sigma_readout"), expected, rtol=1e-5)


@pytest.mark.slow
def test_the_map_and_the_curves_show_one_optimum(drawn, data):
    on_map = rows(drawn, "noise_delay_map", panel="simulation", leak="1")
    on_curve = rows(drawn, "fig4e_optimum", panel="simulation", leak="1")
    expected = valley(data["map"], 1.0).noise.value
    assert np.all(np.isfinite(expected))
    np.testing.assert_allclose(column(on_map, "noise"), expected, rtol=1e-6)
    np.testing.assert_allclose(column(on_curve, "noise"), expected, rtol=1e-6)


def test_a_map_without_any_minimum_is_drawn_all_the_same(data, tmp_path, monkeypatch):
    falling = {name: table.copy() for name, table in data.items()}
    for name in ("map", "independent"):
        falling[name]["variance"] = 1 / falling[name]["noise"] + 0 * falling[name]["variance"]
    valleys = {leak: valley(falling["map"], leak) for leak in MAP_LEAKS}
    assert all(np.isnan(found.noise.value).all() for found in valleys.values())
    place = page.Page(tmp_path, "")
    monkeypatch.setattr(page, "save", quickly({}))
    with style():
        optimum.noise_delay_map(place, falling, valleys)
        optimum.against_delay(place, falling, valleys)
    assert (tmp_path / "noise_delay_map.png").exists()


def test_a_ridge_breaks_where_the_measurement_leaves_it_for_good():
    delay = np.array([0.1, 0.2, 0.4, 0.8, 1.6])
    factor = np.array([1.4, 1.0, 1.1, 1.4, 1.5])
    measured = (delay * factor)[:, None] * np.exp(0.01 * np.array([-1.0, 0.0, 1.0]))
    noise = Resampled(delay * factor, measured)
    found = Valley(delay, noise, noise, np.zeros(5, bool))
    fine = np.geomspace(0.05, 3, 50)
    assert optimum.parts_at(found, fine, fine) == 0.8
    assert optimum.parts_at(found, fine, 1.3 * fine) is None  # 1.4 and 1.5 are within a quarter of 1.3
    assert optimum.parts_at(found, fine, 10 * fine) == 0.1


def test_first_spikes_of_events_and_the_packet_a_delay_later():
    # delay of 3 steps: the spike of step 1 starts an event, that of step 2 belongs to it; both neurons drift by 0.1
    drift = 0.1 * np.arange(12)
    spikes = np.zeros((12, 2), int)
    spikes[1, 0] = spikes[2, 1] = spikes[7, 1] = 1
    v = np.stack([0.5 + drift, 0.4 + drift], axis=1)
    for step, neuron in ((1, 0), (2, 1), (7, 1)):
        v[step + 1 :, neuron] -= 1  # own reset at once
        v[step + 3 :, 1 - neuron] -= 1  # the other one a delay later
    first, later = first_spikes(v, spikes, 3)
    # step 1 lies too close to the start to know what was in flight
    np.testing.assert_allclose(first, v[[7]])
    np.testing.assert_allclose(later, v[[7]] + 0.3)
    again, moved = first_spikes(np.concatenate([v[:1] - 0.1, v]), np.concatenate([spikes[:1], spikes]), 3)
    np.testing.assert_allclose(again, v[[1, 7]])
    np.testing.assert_allclose(moved, v[[1, 7]] + 0.3)


def test_an_interval_is_cut_from_spike_to_just_before_the_next():
    count = np.array([0, 1, 0, 0, 0, 2, 0, 1])
    readout = np.array([0.0, 1.0, 0.75, 0.5, 0.25, 2.0, 1.5, 2.0])
    cut = _intervals(count, readout, np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(cut, [[1.0, 0.5, 0.0], [2.0, 1.5, 1.0]])


def test_changes_of_a_steady_slope_grow_with_the_square_of_the_lag():
    np.testing.assert_allclose(_accumulated(np.arange(10.0), np.array([1, 2, 4])), [1, 4, 16])


@pytest.mark.slow
def test_a_stretch_is_the_end_of_the_run_that_starts_at_the_beginning(panels):
    one = panels["sizes_tuned"].single({"neurons": 4, "leak": 1.0, "delay": 0.025, "noise": 1.0, "duration": 1.0})
    count, readout = stretch([one], 4.0, readout_only, transient=2.0)
    dt = one.plan.arrays["dt"]
    steps = count.shape[1]
    before = round(2.0 * 4 / dt)
    whole = simulate(network(one.values), dt=dt, key=one.key, steps=before + steps)[1]
    np.testing.assert_array_equal(count[0], whole.count[before:])
    np.testing.assert_allclose(readout[0], -whole.error[before:, 0], rtol=1e-5, atol=1e-5)
    assert count.sum() > 0


def test_networks_with_other_steps_cannot_share_a_stretch(panels):
    point = {"neurons": 64, "leak": 1.0, "noise": 1.0}
    singles = [panels["map"].single({**point, "delay": delay}) for delay in (0.1, 0.4)]
    with pytest.raises(ValueError, match="share sizes and dt"):
        stretch(singles, 1.0, readout_only)
