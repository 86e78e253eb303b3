"""The fitting demonstrations at their smoke preset: they run, and the verdicts come from the data."""

import numpy as np
import pytest

from experiments.fitting import preset
from experiments.fitting.claims import CLAIMS
from experiments.fitting.recording import DT, STEPS, current, integrate, truth
from experiments.fitting.recovery import chance
from jaxsnn.claims import evaluate
from paper_figures import fitting as figures


@pytest.fixture(scope="module")
def panels():
    return preset("smoke")


@pytest.fixture(scope="module")
def data(panels):
    return {name: panel.run() for name, panel in panels.items()}


def verdict(data, claim):
    return next(record["verdict"] for record in evaluate([c for c in CLAIMS if c.id == claim], data))


@pytest.mark.slow
def test_every_claim_is_judged(data):
    records = evaluate(CLAIMS, data)
    assert {record["verdict"] for record in records} <= {"holds", "fails", "undecided"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("claim", "panel", "name", "right", "wrong"),
    [
        ("delays", "recovery", "delays_recovered", 0.97, 0.5),
        ("thresholds", "recovery", "threshold_error", 0.01, 0.2),
        ("likelihood", "recovery", "excess", 0.0, 0.1),
        ("delays-weights", "recovery_weights", "delays_recovered", 0.95, 0.3),
    ],
)
def test_a_table_with_the_right_numbers_holds_and_one_with_wrong_numbers_fails(data, claim, panel, name, right, wrong):
    for value, expected in ((right, "holds"), (wrong, "fails")):
        table = data[panel].copy(deep=True)
        table[name][:] = value + 1e-5 * np.arange(table.sizes["seed"])  # a spread, as samples have
        assert verdict({**data, panel: table}, claim) == expected


def test_a_student_that_learned_nothing_would_recover_a_fifth_of_the_delays():
    assert chance() == pytest.approx(2 / 11)


def test_the_recording_fires_when_its_exact_solution_reaches_threshold():
    """A constant current: the interval is tau log(RI / (RI - threshold))."""
    import jax

    given = truth(0)
    with jax.enable_x64(True):
        times, v = integrate(given, np.full(STEPS, 2.0))
    drive = 2.0 * given.resistance
    interval = given.tau * np.log(drive / (drive - given.threshold))
    np.testing.assert_allclose(np.diff(times[:5]), interval, rtol=1e-6)
    first = DT * np.arange(1, 5)
    np.testing.assert_allclose(v[:4], drive * (1 - np.exp(-first / given.tau)), rtol=1e-6)
    assert current(0, 0).std() > 0.3


@pytest.mark.slow
def test_the_figures_are_drawn_with_their_numbers_beside_them(data, panels, tmp_path):
    drawn = figures.draw(data, panels, tmp_path)
    assert [figure.name for figure in drawn] == ["recovery", "spike_times", "recording"]
    for figure in drawn:
        assert figure.path_png.stat().st_size > 10_000
        assert figure.csv.read_text().count("\n") > 2
