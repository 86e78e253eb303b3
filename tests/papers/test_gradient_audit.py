"""The gradient audit at its smoke preset: the references are right, and claims are decided by the data."""

import csv
import io
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from experiments.gradient_audit import exact, preset, table
from experiments.gradient_audit.analysis import labelled, pooled
from experiments.gradient_audit.claims import CLAIMS
from experiments.gradient_audit.network import DEPTHS, KINDS, build, by_kind, loss, numbers
from experiments.gradient_audit.one_of import OneOf, OneOfSurrogates
from experiments.gradient_audit.rules import OWN, PASSED, PLAIN, RULES, SAMPLED, passed, plain
from jaxsnn.claims import evaluate
from jaxsnn.gradients import NoiseDriven, SpikeNoise, with_mode
from jaxsnn.sweeps import Grid
from paper_figures import gradient_audit as figures

FROM_EXACT = ("score", "ndl-exact", "sigma-zero", "usual-short")


@pytest.fixture(scope="module")
def panels():
    return preset("smoke")


@pytest.fixture(scope="module")
def data(panels):
    """The enumeration as it is; the two panels beside it made up, since their programs take long to compile."""
    found = panels["exact"].run()
    made = {"own": _made_up(panels["own"], len(OWN), found.attrs)}
    made["sampled"] = _made_up(panels["sampled"], len(SAMPLED), found.attrs)
    return {"exact": found, **made}


def _made_up(panel, rules, attrs):
    shape = (*panel.grid.shape, len(panel.grid.seeds), rules, len(KINDS))
    random = np.random.default_rng(rules)
    size = np.exp(0.05 * random.normal(size=shape))
    dims = (*panel.grid.dims, "seed")
    arrays = {}
    for name, level in {"dot": 1.0, "square": 1.1, "variance": 4.0, "opposed": 0.1, "wrong": 0.2}.items():
        arrays[name] = ((*dims, f"{name}_dim0", f"{name}_dim1"), level * size)
    for name in ("exact", "components", "reference"):
        arrays[name] = ((*dims, f"{name}_dim0"), np.ones(shape[:-2] + shape[-1:]))
    coords = {"seed": list(panel.grid.seeds)}
    for dim, factor in zip(panel.grid.dims, panel.grid.factors, strict=True):
        coords |= {key: (dim, np.asarray(values)) for key, values in factor}
    spec = {"constants": {**json.loads(attrs["spec"])["constants"], **panel.study.constants, **panel.constants}}
    return xr.Dataset(arrays, coords=coords, attrs={"spec": json.dumps(spec)})


def point(**chosen):
    plan = exact.prepare(
        {"noise": 0.3, "depth": "loop", "reset": "subtract", "delay": "real", "loss": "distance", "networks": 1}
        | chosen
    )
    return {**plan.static, **{name: jnp.asarray(value) for name, value in plan.arrays.items()}}


def test_the_exact_gradient_is_that_of_the_expected_loss_by_finite_differences():
    """For every kind of parameter, in float64."""
    with jax.enable_x64():
        here = point()
        key = jax.random.key(3)
        n = numbers(here, key, steps=3, inputs=2, fan_in=1.5, axonal=False)
        settings = {"xs": n.xs, "dt": 1.0, "key": key}
        measure = lambda final, ys: loss(here, n, ys)
        cell = lambda n: with_mode(build(here, n, NoiseDriven("gaussian", n.sigma)), "score")
        found = eqx.filter_jit(lambda n: exact.exact_gradient(measure, cell(n), settings))
        gradient = by_kind(found(n)[0], here)
        h = 1e-5
        places = {"weight": ("w", (0, 1), 9 + 1), "threshold": ("threshold", (1,), 1), "sigma": ("sigma", (2,), 2)}
        places["delay"] = ("d", (2, 0), 9 + 6)
        for kind, (field, at, flat) in places.items():
            moved = [n._replace(**{field: getattr(n, field).at[at].add(s)}) for s in (h, -h)]
            slope = (found(moved[0])[1] - found(moved[1])[1]) / (2 * h)
            assert float(gradient[kind][flat]) == pytest.approx(float(slope), abs=1e-8), kind


@pytest.mark.parametrize("k", range(len(PASSED)), ids=PASSED)
def test_the_chosen_rule_passes_on_what_it_passes_on_alone(k, getkey):
    sigma = jnp.asarray([0.2, 0.5, 0.9])
    u = 0.6 * jax.random.normal(getkey(), (3,))
    noise = SpikeNoise(jax.random.normal(getkey(), (3,)))
    back = jnp.asarray([1.0, -2.0, 0.5])
    together, pull = jax.vjp(lambda s, u: OneOf(s, float(k), rules=passed)(u, noise), sigma, u)
    rule = passed(sigma)[k]
    alone, pull_alone = jax.vjp(lambda s, u: eqx.tree_at(lambda r: r.sigma, rule, s)(u, noise), sigma, u)
    np.testing.assert_array_equal(together, alone)
    for a, b in zip(pull(back), pull_alone(back), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("k", range(len(PLAIN)), ids=PLAIN)
def test_the_chosen_surrogate_passes_on_what_it_passes_on_alone(k, getkey):
    sigma, u = jnp.asarray([0.2, 0.5, 0.9]), 0.6 * jax.random.normal(getkey(), (3,))
    _, pull = jax.vjp(lambda u: OneOfSurrogates(sigma, float(k), rules=plain)(u), u)
    _, alone = jax.vjp(lambda u: plain(sigma)[k](u), u)
    np.testing.assert_allclose(pull(jnp.ones(3))[0], alone(jnp.ones(3))[0], rtol=1e-6)


def test_rules_stand_in_the_order_in_which_their_results_are_put_together():
    families = [rule.family for rule in RULES.values()]
    assert families == sorted(families, key=["score", "passed", "detached", "plain"].index)
    assert [rule.member for rule in RULES.values() if rule.family == "passed"] == list(PASSED)
    assert all(name in RULES for name in SAMPLED)
    of_sampled = [RULES[name].family for name in SAMPLED]
    assert of_sampled == ["score"] + ["passed"] * 5 + ["detached", "plain"]


def test_layers_and_loops_have_the_synapses_of_their_name():
    counts = {depth: int(exact.prepare(
        {"noise": 0.3, "depth": depth, "reset": "zero", "delay": "real", "loss": "linear", "networks": 1}
    ).arrays["lateral"].sum()) for depth in DEPTHS}  # fmt: skip
    assert counts == {"one": 0, "two": 2, "three": 2, "loop": 6}


@pytest.mark.slow
def test_every_claim_is_judged_and_what_smoke_can_decide_holds(data):
    records = {record["id"]: record for record in evaluate(CLAIMS, data)}
    assert len(records) == len(CLAIMS)
    assert {record["verdict"] for record in records.values()} <= {"holds", "fails", "undecided"}
    for name in FROM_EXACT:
        assert records[name]["verdict"] == "holds", records[name]


WRONG = [
    ("score", "dot", "score", 1.1),
    ("ndl-exact", "dot", "ndl", 1.1),
    ("usual-short", "dot", "fast_sigmoid", 30.0),
    ("straight-long", "dot", "straight_through", 1e-2),
    ("matched", "dot", "arctan_matched", 9.0),
    ("ndl-quiet", "variance", "ndl", 1e4),
    ("ndl-sign", "opposed", "ndl", None),
]


@pytest.mark.parametrize(("claim", "variable", "rule", "factor"), WRONG, ids=[row[0] for row in WRONG])
@pytest.mark.slow
def test_a_claim_fails_on_data_that_contradict_it(data, claim, variable, rule, factor):
    values = data["exact"][variable].copy(deep=True)
    here = {f"{variable}_dim0": list(RULES).index(rule)}
    values[here] = 1.0 if factor is None else values[here] * factor
    wrong = {**data, "exact": data["exact"].assign({variable: values})}
    (record,) = evaluate([c for c in CLAIMS if c.id == claim], wrong)
    assert record["verdict"] == "fails"


@pytest.mark.slow
def test_the_table_says_what_the_sums_say(data):
    rows = list(csv.DictReader(io.StringIO(table("exact", data["exact"]))))
    full = labelled(data["exact"], "exact")
    chosen = {"rule": "arctan", "kind": "threshold", "depth": "two", "loss": "distance", "reset": "zero"}
    (row,) = [r for r in rows if all(r[name] == value for name, value in chosen.items())]
    part = full.sel(chosen)
    assert float(row["ratio"]) == pytest.approx(float(part["dot"].sum() / part["exact"].sum()), rel=1e-3)
    assert not [r for r in rows if r["kind"] == "sigma" and r["rule"] == "arctan"]


@pytest.mark.slow
def test_a_ratio_of_networks_without_a_gradient_is_no_number(data):
    none = data["exact"].assign(exact=data["exact"]["exact"] * 0)
    assert np.isnan(pooled(labelled(none, "exact"), "ratio").value).all()


@pytest.mark.slow
def test_figures_show_the_numbers_of_the_tables(data, panels, tmp_path):
    drawn = {figure.name: figure for figure in figures.draw(data, panels, tmp_path)}
    assert set(drawn) == {"map_linear", "map_distance", "tradeoff", "signs", "larger"}
    assert "--preset smoke" in drawn["signs"].command
    rows = list(csv.DictReader(drawn["map_linear"].csv.read_text().splitlines()))
    full = labelled(data["exact"], "exact").sel(loss="linear", kind="weight", rule="arctan", depth="two", reset="zero")
    (row,) = [r for r in rows if (r["kind"], r["rule"], r["depth"], r["reset"]) == ("weight", "arctan", "two", "zero")]
    assert float(row["ratio"]) == pytest.approx(float(full["dot"].sum() / full["exact"].sum()), rel=1e-5)
    with pytest.raises(ValueError, match="no figure; choose from"):
        figures.draw(data, panels, tmp_path, only=["nothing"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"depth": "four"}, "depth = 'four': must be one of one, two"), ({"noise": 0.0}, "noise"),
     ({"reset": "half"}, "reset = 'half'")],
)  # fmt: skip
def test_a_point_that_makes_no_sense_is_refused(panels, wrong, said):
    panel = panels["exact"]
    grid = {"noise": 0.3, "depth": "one", "reset": "zero", "delay": "real", "loss": "linear"} | wrong
    with pytest.raises(ValueError, match=said):
        type(panel)(panel.study, Grid(**grid), panel.constants).run()


@pytest.mark.slow
def test_all_panels_of_smoke_run_and_the_other_noises_agree_with_enumeration(panels):
    own = labelled(panels["own"].run(), "own")
    np.testing.assert_allclose(pooled(own, "ratio", rule="score_mean").value, 1.0, atol=1e-3)
    large = labelled(panels["sampled"].run(), "sampled")
    assert np.all(np.isfinite(large["dot"]))
    assert np.all(large["variance"].sel(rule="arctan_plain") == 0)
