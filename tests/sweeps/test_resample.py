"""Errors over seeds: right where the answer is known, and silent nowhere."""

import numpy as np
import pytest
import xarray as xr

from jaxsnn.sweeps import jackknife, paired_difference


@pytest.fixture
def table():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(4, 8)) + np.arange(4)[:, None]
    return xr.DataArray(values, dims=("noise", "seed"), coords={"noise": [1.0, 2, 3, 4], "seed": np.arange(8)})


def test_the_jackknife_of_a_mean_is_its_textbook_error(table):
    found = jackknife(lambda d: d.mean("seed"), table)
    assert np.allclose(found.value, table.mean("seed"))
    assert np.allclose(found.se, table.std("seed", ddof=1) / np.sqrt(8))
    t = 2.3646242510103  # 97.5 % of Student's t with 7 degrees of freedom
    assert np.allclose(found.high - found.value, t * found.se)
    assert np.allclose(found.value - found.low, t * found.se)
    assert (found.n, found.note) == (8, "")


def test_any_container_of_the_data_gives_the_same_numbers(table):
    a = jackknife(lambda d: np.log(np.var(d, axis=-1)), table.values)
    b = jackknife(lambda d: np.log(np.var(d, axis=0)), table.values.T, axis=0)
    c = jackknife(lambda d: {"log": np.log(d["x"].var("seed"))}, xr.Dataset({"x": table}))
    d = jackknife(lambda pair: np.log(pair[0].var("seed")) + 0 * pair[1].mean("seed"), (table, table))
    for other in (b.se, c.se["log"], d.se):
        assert np.allclose(other, a.se)
    assert a.se.dtype == np.float64


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """The root of a variance over 10 seeds, each seed the mean square of 50 numbers: nominal 95 %."""
    rng = np.random.default_rng(5)
    runs = 4000
    samples = np.mean(rng.normal(size=(runs, 10, 50)) ** 2, axis=-1)
    found = jackknife(lambda v: np.sqrt(v.mean(axis=-1)), samples)
    hits = np.mean((found.low <= 1.0) & (found.high >= 1.0))
    assert abs(hits - 0.95) < 4 * np.sqrt(0.95 * 0.05 / runs)


def test_a_derived_place_of_a_minimum_gets_an_error():
    rng = np.random.default_rng(6)
    x = np.linspace(-1, 1, 21)
    curve = (x[:, None] - 0.3) ** 2 + 0.01 * rng.normal(size=(21, 16))

    def place(table):
        c, b, _ = np.polynomial.polynomial.polyfit(x, table.mean(axis=-1), 2)[::-1]
        return -b / (2 * c)

    found = jackknife(place, curve)
    assert abs(found.value - 0.3) < 4 * found.se
    assert 0 < found.se < 0.01


def test_a_resample_without_an_answer_leaves_no_error_and_says_so(table):
    def fragile(d):
        return np.array([1.0, np.nan if 5 not in d["seed"] else 2.0])

    found = jackknife(fragile, table)
    assert found.value.tolist() == [1.0, 2.0]
    assert np.isfinite(found.se).tolist() == [True, False]
    assert np.isnan(found.low[1])
    assert found.note == "undefined in 1 of 8 resamples (without the seed in place 5), so no error is given"


def test_a_quantity_that_divides_by_zero_is_undefined_and_not_a_crash(table):
    found = jackknife(lambda d: 1 / float(d.sizes["seed"] - 7), table)
    assert found.value == 1.0
    assert np.isnan(found.se)
    assert "undefined in 8 of 8 resamples" in found.note
    never = jackknife(lambda d: {"a": 1 / 0}, table)
    assert np.isnan(never.value)
    assert "undefined from the full data" in never.note


def test_a_defect_in_the_quantity_is_not_swallowed(table):
    with pytest.raises(KeyError):
        jackknife(lambda d: d["missing"], xr.Dataset({"x": table}))


def test_a_paired_difference_does_not_see_what_the_seeds_share():
    rng = np.random.default_rng(9)
    shared = 100 * rng.normal(size=12)
    a, b = shared + 1 + 0.1 * rng.normal(size=12), shared
    found = paired_difference(a, b)
    assert abs(found.value - 1) < 4 * found.se
    assert found.se < 0.1
    each = a - b
    assert found.se == pytest.approx(each.std(ddof=1) / np.sqrt(12))
    same = jackknife(lambda pair: np.mean(pair[0] - pair[1]), (a, b))
    assert same.se == pytest.approx(float(found.se))


def test_differences_of_tables_keep_their_axes(table):
    found = paired_difference(table, table.isel(noise=0).drop_vars("noise"))
    assert found.value.shape == (4,)
    assert found.se[0] == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda t: jackknife(lambda d: d.mean(), t.isel(seed=[0])), "at least 2 seeds"),
        (lambda t: jackknife(lambda d: d.mean(), t, axis="run"), "no dimension 'run'"),
        (lambda t: jackknife(lambda d: 0.0, (t.values, t.values[:, 1:])), "must share theirs"),
        (lambda t: jackknife(lambda d: d.mean(), t, confidence=95.0), "between 0 and 1"),
        (lambda t: jackknife(lambda d: d.values, t), "return one shape"),
        (lambda t: paired_difference(t, t.isel(seed=slice(1, None))), "cannot be paired"),
        (lambda t: paired_difference(t.values, t.values[:, 1:]), "cannot be paired"),
        (lambda t: paired_difference(t.isel(seed=[0]), t.isel(seed=[0])), "at least 2 seeds"),
    ],
)
def test_data_that_give_no_error_are_refused(table, call, said):
    with pytest.raises(ValueError, match=said):
        call(table)


def test_tables_of_other_seeds_or_of_seeds_in_another_order_are_not_taken_for_pairs():
    table = xr.DataArray(np.arange(4.0), dims="seed", coords={"seed": range(4)})
    difference = lambda v: v[0].mean("seed") - v[1].mean("seed")
    for other in ([4, 5, 6, 7], [3, 2, 1, 0]):
        with pytest.raises(ValueError, match="other seeds.*same ones in the same order"):
            jackknife(difference, (table, table.assign_coords(seed=other)))
    wide = table.expand_dims(delay=[1, 2, 3])
    with pytest.raises(ValueError, match="other values of delay"):
        paired_difference(wide, wide.assign_coords(delay=[1, 2, 4]))


def test_seeds_that_a_mean_has_skipped_are_told():
    table = xr.DataArray([1.0, 2.0, np.nan, 4.0], dims="seed")
    assert "1 of 4 seeds hold NaN" in jackknife(lambda v: v.mean("seed"), table).note
    assert jackknife(lambda v: v.mean("seed"), table[[0, 1, 3]]).note == ""
    both = xr.Dataset({"there": ("seed", [1.0, 2.0, 4.0]), "missing": ("seed", [1.0, np.nan, 2.0])})
    assert jackknife(lambda v: v["there"].mean("seed"), both).note == ""


@pytest.mark.parametrize("confidence", [0, 1.0, 95, "95", True, None])
def test_a_confidence_that_is_no_share_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence = .*must lie between 0 and 1; pass 0.95"):
        jackknife(np.mean, np.arange(4.0), axis=0, confidence=confidence)
