"""Noise in spiking networks: the neuron against a step by hand, attacks and perturbations, claims by the data."""

import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from experiments.ma_2023 import preset, table
from experiments.ma_2023.analysis import PANELS, labelled
from experiments.ma_2023.arms import ARMS, ATTACKS, rules
from experiments.ma_2023.attacks import correct, fgsm, pgd, random_signs, square
from experiments.ma_2023.claims import CLAIMS
from experiments.ma_2023.claims_coding import CLAIMS as CODING
from experiments.ma_2023.families import FAMILIES, SCALES, AnyNoise, scaled
from experiments.ma_2023.images import DIGITS, load
from experiments.ma_2023.networks import dense_network, neurons, rule_of
from experiments.ma_2023.panels import SIZES
from experiments.ma_2023.parity import SIGMA, U, expected
from experiments.ma_2023.perturbations import disturbed, events_dropped, lowest, strengths_of, with_disturbed_spikes
from experiments.ma_2023.sampling import ensemble
from experiments.ma_2023.training import descended
from jaxsnn.claims import evaluate
from jaxsnn.data import MissingData
from jaxsnn.engine import simulate
from jaxsnn.gradients import NoiseDriven, SpikeNoise

STEPS, NEURONS = 12, 5


def by_hand(x, sigma, decide, stay):
    """The released code's step, in NumPy: noise enters the membrane (`stay`, zero for the single draw), a second one
    decides; decay 1/2, threshold 1, reset to zero. Membranes before the reset, and spikes."""
    v, s = np.zeros(NEURONS), np.zeros(NEURONS)
    vs, spikes = [], []
    for now, one, two in zip(x, decide, stay, strict=True):
        v = 0.5 * v * (1 - s) + now + sigma * two
        s = (v - 1 + sigma * one >= 0).astype(float)
        vs.append(v)
        spikes.append(s)
    return np.array(vs), np.array(spikes)


def backward_by_hand(vs, spikes, sigma, weight):
    """d sum(weight * spikes) / d x, with f((v - 1) / sigma) / sigma in place of every spike's derivative."""
    f = np.exp(-(((vs - 1) / sigma) ** 2) / 2) / np.sqrt(2 * np.pi) / sigma
    d_x, d_v_next = np.zeros_like(vs), np.zeros(NEURONS)
    for t in reversed(range(STEPS)):
        d_s = weight[t] - d_v_next * 0.5 * vs[t]
        d_v = d_v_next * 0.5 * (1 - spikes[t]) + d_s * f[t]
        d_x[t], d_v_next = d_v, d_v
    return d_x


@pytest.mark.parametrize("placement", ["escape", "membrane+escape"])
def test_with_recorded_draws_the_neuron_does_what_the_step_by_hand_does_and_passes_on_the_same(placement):
    sigma, random = 0.4, np.random.default_rng(3)
    x, weight = random.uniform(0, 1.2, (STEPS, NEURONS)), random.normal(size=(STEPS, NEURONS))
    decide, stay = random.normal(size=(2, STEPS, NEURONS))
    double = placement == "membrane+escape"
    vs, spikes = by_hand(x, sigma, decide, stay if double else 0 * stay)
    assert 0.2 < spikes.mean() < 0.8
    with jax.enable_x64(True):
        cell = neurons(NoiseDriven("gaussian", sigma, placement=placement), NEURONS)
        noise = SpikeNoise(jnp.asarray(decide), jnp.asarray(stay) if double else ())

        def measured(x):
            def step(state, now):
                from jaxsnn.core import Tick

                state, s = cell.step(state, now[0], Tick(jnp.int32(0), jnp.ones(()), now[1]))
                return state, (s, state.v)

            s, v = jax.lax.scan(step, cell.init(jax.random.key(0)), (x, noise))[1]
            return jnp.sum(weight * s), (s, v)

        gradient, (s, v) = jax.grad(measured, has_aux=True)(jnp.asarray(x))
    np.testing.assert_array_equal(s, spikes)
    np.testing.assert_allclose(v, vs, rtol=1e-13)
    np.testing.assert_allclose(gradient, backward_by_hand(vs, spikes, sigma, weight), rtol=1e-10, atol=1e-13)


def test_two_gaussian_draws_are_one_of_root_two_times_the_size():
    fired, passed = expected("gaussian", True)
    x = U / (np.sqrt(2) * SIGMA)
    np.testing.assert_allclose(fired, [(1 + math.erf(one / np.sqrt(2))) / 2 for one in x], atol=1e-4)
    np.testing.assert_allclose(passed, np.exp(-(x**2) / 2) / (2 * np.sqrt(np.pi) * SIGMA), atol=2e-3)


@pytest.mark.parametrize("family", ["logistic", "triangular", "uniform"])
def test_what_two_draws_of_another_noise_should_do_agrees_with_many_of_them(family):
    """Within 5 standard errors of a sample by inverse distribution functions, in NumPy alone."""
    p = np.random.default_rng(4).uniform(size=(2, 200_000))
    tent = lambda p: np.where(p < 0.5, np.sqrt(2 * p) - 1, 1 - np.sqrt(2 * (1 - p)))
    quantile = {"logistic": lambda p: np.log(p / (1 - p)), "triangular": tent, "uniform": lambda p: 2 * p - 1}[family]
    total = SCALES[family] * SIGMA * quantile(p).sum(axis=0)
    fired = (U[:, None] + total[None] >= 0).mean(axis=1)
    wanted = expected(family, True)[0]
    error = np.sqrt(wanted * (1 - wanted) / 2e5) + 1e-5
    assert np.max(np.abs(fired - wanted) / error) < 5


def test_in_the_one_program_for_all_noises_each_fires_and_passes_on_as_the_library_s_own():
    u = jnp.linspace(-1.1, 1.1, 9)
    z = (jnp.arange(4000).astype(float)[None] + 0.5) / 4000  # every variate: what fires is the probability

    def of(rule, u, noise):
        _, back = jax.vjp(lambda u: rule(u, noise), u)
        return rule.probability(u), back(jnp.ones_like(u))[0]

    @jax.jit
    def measured():
        both, fires = [], []
        for number, family in enumerate(FAMILIES):
            rule, half = AnyNoise(float(number), 0.3, 0.3), SpikeNoise(jnp.full(9, 0.5))
            both.append((of(rule, u, half), of(scaled(family, 0.3), u, SpikeNoise(jnp.zeros(9)))))
            many = jnp.broadcast_to(u[:, None], (9, 4000))
            fires.append(jnp.mean(rule.fire(many, SpikeNoise(jnp.broadcast_to(z, many.shape))), axis=1))
        return both, fires

    both, fires = measured()
    for (mine, own), fired, family in zip(both, fires, FAMILIES, strict=True):
        np.testing.assert_allclose(mine[0], own[0], atol=1e-6, err_msg=family)
        np.testing.assert_allclose(mine[1], own[1], atol=1e-5, err_msg=family)
        np.testing.assert_allclose(fired, own[0], atol=5e-4, err_msg=family)


def test_without_noise_it_fires_at_threshold_and_passes_on_the_width():
    rule = AnyNoise(0.0, 0.0, 0.5)

    @jax.jit
    def measured(u):
        s, back = jax.vjp(lambda u: rule(u, SpikeNoise(jnp.asarray([0.99, 0.01, 0.01]))), u)
        return s, back(jnp.ones(3))[0]

    s, passed = measured(jnp.asarray([-1e-3, 0.0, 1e-3]))
    np.testing.assert_array_equal(s, [0.0, 1.0, 1.0])
    np.testing.assert_allclose(passed, np.full(3, 1 / (0.5 * np.sqrt(2 * np.pi))), rtol=1e-4)


def test_spikes_are_deleted_inserted_and_flipped_in_the_numbers_that_are_said(getkey):
    spikes = (jax.random.uniform(getkey(), (10, 20)) < 0.15).astype(float)
    ones = int(spikes.sum())
    score = jax.random.uniform(getkey(), spikes.shape)
    by = jax.jit(lambda kind: disturbed(spikes, score, strengths_of(kind, jnp.asarray(0.3))), static_argnums=0)
    changed = {kind: by(kind) for kind in ("delete", "insert", "flip")}
    part, many = int(0.3 * ones), int(0.3 * (200 - ones))
    assert int(changed["delete"].sum()) == ones - part
    assert int(changed["insert"].sum()) == ones + part
    assert int(changed["flip"].sum()) == ones - part + many
    assert int(jnp.sum(jnp.abs(changed["flip"] - spikes))) == part + many
    assert bool(jnp.all((changed["delete"] <= spikes) & (changed["insert"] >= spikes)))
    assert not bool(jnp.any(lowest(spikes > 0, score, jnp.int32(0))))


def test_dropped_events_leave_the_rest_of_the_image(getkey):
    image = jnp.asarray([[0.0, 0.5], [0.25, 1.0]])
    frames = events_dropped(image, 8, jnp.asarray(0.25), getkey())
    assert int(jnp.sum(frames > 0)) == 18  # of 24
    np.testing.assert_array_equal(jnp.where(frames > 0, frames, image), jnp.broadcast_to(image, (8, 2, 2)))


@pytest.fixture(scope="module")
def small():
    """A network of 4 x 4 pixels, images and labels."""
    key = jax.random.key(5)
    model = dense_network(key, rule_of(0.3, 0.3), 16, (8,), (0.5, 0.3), 3)
    images = jax.random.uniform(jax.random.fold_in(key, 1), (6, 4, 4))
    return model, images, jnp.arange(6) % 10


@pytest.mark.slow
def test_noise_of_its_own_stays_when_a_layer_s_spikes_are_disturbed(small):
    model, _, _ = small
    changed = with_disturbed_spikes(model, strengths_of("delete", jnp.asarray(0.0)))
    xs = jnp.full((3, 8), 0.8)
    run = lambda model: simulate(model.body, xs, dt=1.0, key=jax.random.key(1))[1]
    np.testing.assert_array_equal(run(changed), run(model))


@pytest.mark.slow
def test_attacks_stay_within_eps_and_within_the_pixels(small, getkey):
    model, images, labels = small
    eps = jnp.asarray(0.2)
    made = {
        "fgsm": fgsm(model, images, labels, eps, getkey(), 2),
        "pgd": pgd(model, images, labels, eps, getkey(), 2, 3),
        "square": square(model, images, labels, eps, getkey(), 2, 5),
    }
    for name, adversarial in made.items():
        assert float(jnp.max(jnp.abs(adversarial - images))) <= 0.2 + 1e-6, name
        assert bool(jnp.all((adversarial >= 0) & (adversarial <= 1))), name
        assert float(jnp.max(jnp.abs(adversarial - images))) > 0.1, name


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [0.0, 0.4])
def test_attacks_break_a_network_that_random_signs_leave_alone(sigma):
    known, key, draws = load("digits"), jax.random.key(2), 4 if sigma else 1
    model = dense_network(key, rule_of(sigma, 0.4), 64, (64,), (known.mean, known.deviation), 6)
    x, label = jnp.asarray(known.pixels("train")), jnp.asarray(known.label["train"])
    model = jax.jit(lambda model: descended(model, x, label, 1, 50, 200, 1e-2, key))(model)
    images, labels, eps = (
        jnp.asarray(known.pixels("test", 40)),
        jnp.asarray(known.label["test"][:40]),
        jnp.asarray(0.25),
    )
    kept = lambda x: float(jnp.mean(correct(model, x, labels, key, draws)))
    assert kept(images) > 0.85
    assert kept(random_signs(images, eps, key)) > 0.7
    assert kept(fgsm(model, images, labels, eps, key, draws)) < 0.5
    assert kept(pgd(model, images, labels, eps, key, draws, 10)) < 0.1
    assert kept(square(model, images, labels, eps, key, draws, 100)) < 0.4


def test_arms_are_the_noise_of_training_and_of_test_taken_apart():
    at = rules(0.3, 0.7)
    assert at["c"] == at["e"] == (0.3, 0.3)
    assert at["d"] == at["a"] == (0.0, 0.3)
    assert at["b"] == (0.0, 0.7)


def test_an_ensemble_answers_by_the_mean_of_its_logits():
    z = np.array([[[3.0, 0.0]], [[0.0, 1.0]], [[0.0, 1.0]], [[0.0, 1.5]]])
    np.testing.assert_array_equal(ensemble(z, 1)[:, 0], [0, 1, 1, 1])
    np.testing.assert_array_equal(ensemble(z, 2)[:, 0], [0, 1])


@pytest.mark.slow
def test_the_digits_are_cut_into_parts_that_share_no_image():
    known = load("digits")
    assert {part: len(x) for part, x in known.x.items()} == DIGITS
    assert known.pixels("test").max() == 1.0
    with pytest.raises(ValueError, match="must be one of digits, fashion-mnist"):
        load("cifar")


def test_missing_images_are_a_sentence_with_the_line_that_gets_them(tmp_path):
    with pytest.raises(MissingData, match="apt install dataset-fashion-mnist"):
        load("fashion-mnist", str(tmp_path))


def made_up(by, **wrong):
    """Panels `digits` and `levels` of a world in which the noisy network (c) is `by` better wherever it is asked.

    wrong: changes to the accuracy table, {attack: (arm, value)}.
    """
    random = np.random.default_rng(1)
    arms, seeds = {"c": by, "d": by / 2}, 6
    panel = preset("quick")["digits"]
    strengths = len(panel.constants["attack"]["strengths"]["flip"])
    accuracy = np.full((seeds, len(ARMS), len(ATTACKS), 4), 0.5)
    accuracy[:, :, ATTACKS.index("none")] = 0.95
    accuracy[:, :, ATTACKS.index("signs")] = 0.9
    for arm, more in arms.items():
        accuracy[:, ARMS.index(arm), ATTACKS.index("fgsm") :] += more
    for attack, (arm, value) in wrong.items():
        accuracy[:, ARMS.index(arm), ATTACKS.index(attack)] = value
    perturbed = np.full((seeds, len(ARMS), 5, strengths), 0.6)
    perturbed[:, ARMS.index("c")] += by
    arrays = {
        "accuracy": accuracy,
        "checks": np.stack([accuracy[:, :, ATTACKS.index("pgd"), -1], np.zeros((seeds, len(ARMS)))], axis=-1),
        "perturbed": perturbed,
        "rates": np.full((seeds, len(ARMS), 1), 0.2),
        "resampled": 0.95 + 0.02 * random.normal(size=(seeds, 1, 1)) + 0.001 * random.normal(size=(seeds, 5, 10)),
        "ensembles": np.broadcast_to([0.95, 0.96, 0.965, 0.97], (seeds, 5, 4)),
        "longer": np.full((seeds, 5, 3), 0.97),
        "curves": np.full((seeds, 3, 3, 25), 0.9),
        "chosen": np.full((seeds, 2), 0.4),
        "scores": np.full((seeds, 2, 4), 0.3),
    }
    noisy = {name: values + 1e-4 * random.normal(size=values.shape) for name, values in arrays.items()}
    dims = {name: ("seed", *(f"{name}_dim{i}" for i in range(values.ndim - 1))) for name, values in noisy.items()}
    spec = json.dumps({"constants": dict(panel.constants)})
    data = xr.Dataset({n: (dims[n], v) for n, v in noisy.items()}, {"seed": range(seeds)}, attrs={"spec": spec})
    return {"digits": data}


def verdicts(data):
    chosen = [claim for claim in CLAIMS if claim.id.startswith(("digits-", "fashion-", "ninety"))]
    return {record["id"]: record["verdict"] for record in evaluate(chosen, data)}


def test_claims_about_the_arms_are_decided_by_the_data():
    better, worse = verdicts(made_up(0.2)), verdicts(made_up(-0.2))
    for name in ("same", "tuned", "fgsm", "test-noise", "training-noise", "flip", "drop"):
        assert (better[f"digits-{name}"], worse[f"digits-{name}"]) == ("holds", "fails"), name
    assert better["digits-sane"] == better["digits-spread"] == better["digits-ensemble"] == "holds"
    assert better["digits-masking-c"] == "holds"
    assert better["fashion-same"] == better["ninety"] == "undecided"


def test_a_white_box_that_another_attack_beats_is_called_gradient_masking():
    found = evaluate([c for c in CLAIMS if c.id == "digits-masking-c"], made_up(0.2, square=("c", 0.3)))[0]
    assert found["verdict"] == "fails"
    assert "gradient masking" in found["note"]
    assert verdicts(made_up(0.2, **{"from a": ("c", 0.3)}))["digits-masking-c"] == "fails"
    assert verdicts(made_up(0.2, pgd=("a", 0.95)))["digits-sane"] == "fails"


def test_the_table_has_a_row_for_every_number():
    data = made_up(0.1)["digits"]
    rows = table("digits", data).splitlines()
    assert len(rows) == 1 + sum(values.size for values in data.data_vars.values())
    assert any(row.startswith("0,accuracy,arm=c attack=white-box eps=3,") for row in rows)


def test_presets_hold_what_the_study_asks_for():
    with pytest.raises(ValueError, match="preset = 'large': must be one of smoke, quick, paper"):
        preset("large")
    full = SIZES["paper"]
    assert (full.fashion.epochs, full.fashion.seeds, full.fashion.tested) == (10, 5, 500)
    assert [round(255 * e) for e in preset("paper")["fashion"].constants["attack"]["eps"]] == [1, 2, 4, 8]
    assert set(preset("quick")) >= {*PANELS}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    store = tmp_path_factory.mktemp("ma")
    panels = {name: panel for name, panel in preset("smoke").items() if name in PANELS}
    return {name: panel.run(store / name) for name, panel in panels.items()}


@pytest.mark.slow
def test_every_panel_runs_and_every_claim_is_judged(smoke):
    for name, data in smoke.items():
        for result, values in labelled(smoke, name).data_vars.items():
            assert np.all(np.isfinite(values)) or result == "longer", (name, result)
        assert np.all((data["resampled"] >= 0) & (data["resampled"] <= 1)) if "resampled" in data else True
    records = evaluate([claim for claim in CLAIMS if claim not in CODING], smoke)
    assert {record["verdict"] for record in records} <= {"holds", "fails", "undecided"}


@pytest.mark.slow
def test_the_neuron_s_parity_holds_at_smoke_and_a_wrong_noise_fails(smoke):
    judged = lambda data: {r["id"]: r["verdict"] for r in evaluate([c for c in CLAIMS if c.id[:6] == "parity"], data)}
    assert set(judged(smoke).values()) == {"holds"}
    wrong = smoke["parity"].assign(fired=smoke["parity"]["fired"] * 0.8)
    assert judged({**smoke, "parity": wrong})["parity-fires"] == "fails"


@pytest.mark.slow
def test_a_training_that_finds_its_finished_networks_goes_on_to_the_same_bits(tmp_path):
    panel = preset("smoke")["digits"]
    one = panel.trainings[0]
    call = lambda: panel.train(one.point, panel.key_of(one), tmp_path / "checkpoint", **panel.constants)[0]
    first = call()
    (tmp_path / "checkpoint-c").unlink()  # as if it had been stopped before
    second = call()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)  # NaN is equal to NaN here


@pytest.mark.slow
def test_the_figures_are_drawn_with_their_numbers_beside_them(smoke, tmp_path):
    from paper_figures import ma_2023 as figures

    drawn = figures.draw(smoke, preset("smoke"), tmp_path)
    names = ["neuron", "levels", "learned", "attacks_digits", "perturbations_digits", "sampling_digits"]
    assert [figure.name for figure in drawn] == names
    for figure in drawn:
        assert figure.path_png.stat().st_size > 10_000
        assert figure.csv.read_text().count("\n") > 2
