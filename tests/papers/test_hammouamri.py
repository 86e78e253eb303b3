"""The study of learned delays: its networks have the sizes they claim, and its claims are decided by the data."""

import csv
import io

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from experiments.hammouamri_2023 import network, panels, training, utterances
from experiments.hammouamri_2023.analysis import by_voice, difference, estimate, released, row, rows, tuned
from experiments.hammouamri_2023.claims import CLAIMS
from experiments.hammouamri_2023.cost import FORMS
from experiments.hammouamri_2023.tables import table
from jaxsnn.claims import evaluate

VOICES, SEEDS, EACH = 24, 4, 60
OWN = [claim for claim in CLAIMS if not claim.id.startswith(("bursts", "recurrent", "sequence"))]


def made_up(size, accuracy):
    """Panels as the trainings leave them, with accuracy(arm, beta, hidden, inputs) and luck of voices and seeds."""
    rng, made = np.random.default_rng(5), {}
    voice, seed = 0.05 * rng.standard_normal((VOICES, 1)), 0.005 * rng.standard_normal((1, SEEDS))
    of = {
        "units": panels.equal_units, "parameters": panels.equal_parameters, "sparse": panels.sparse,
        "small": panels.small,
    }  # fmt: skip
    for name, chosen in of.items():
        listed = chosen(size)
        luck = lambda: 0.01 * rng.standard_normal((VOICES, SEEDS))
        share = np.stack([accuracy(*one) + voice + seed + luck() for one in listed])  # [row, voice, seed]
        own = ("arm_beta_hidden_inputs", "seed")
        count = len(listed)
        curve = np.broadcast_to(share.mean(axis=1)[..., None], (count, SEEDS, 4)) - 0.01 * np.arange(4)[::-1]
        moved = np.broadcast_to(np.array([1.0, 0.5, 0.2, 0.1])[:, None], (count, SEEDS, 4, 3))
        delays = np.full((count, SEEDS, 3, size.taps), 10)
        results = {
            "validation": ((*own, "validation_dim0"), curve),
            "accuracy": ((*own, "accuracy_dim0"), curve),
            "loss": ((*own, "loss_dim0"), 1 - curve),
            "moved": ((*own, "moved_dim0", "moved_dim1"), moved),
            "delays_before": ((*own, "delays_before_dim0", "delays_before_dim1"), delays),
            "delays_after": ((*own, "delays_after_dim0", "delays_after_dim1"), delays),
            "best_epoch": (own, np.full((count, SEEDS), 3)),
            "test_chosen": (own, share.mean(axis=1)),
            "test_best": (own, share.mean(axis=1) + 0.004 + 0.001 * rng.random((count, SEEDS))),
            "test_correct": ((*own, "test_correct_dim0"), EACH * np.moveaxis(share, 1, 2)),
            "test_samples": ((*own, "test_samples_dim0"), np.full((count, SEEDS, VOICES), EACH)),
            "parameters": (own, np.full((count, SEEDS), 1000)),
        }
        coords = {"seed": np.arange(SEEDS)}
        for place, axis in enumerate(("arm", "beta", "hidden", "inputs")):
            coords[axis] = (own[0], np.array([one[place] for one in listed]))
        made[name] = xr.Dataset(results, coords=coords)
    seconds = np.array([[0.5, 1, 2], [0.1, 0.1, 0.2], [0.2, 0.2, 0.2], [0.3, 0.3, 0.3]])[..., None] * np.ones(3)
    made["cost"] = xr.Dataset(
        {name: (("form", "max_delay", "seed"), seconds) for name in ("seconds", "bytes")},
        coords={"form": list(FORMS), "max_delay": [6, 24, 96], "seed": range(3)},
    )
    return made


def verdicts(data):
    return {record["id"]: record["verdict"] for record in evaluate(OWN, data)}


GAIN = {"none": 0.0, "random": 0.1, "histogram": 0.11, "constant": 0.14, "annealed": 0.2}


def delays_help(arm, beta, hidden, inputs):
    """Learned more than random, most where there is little else; and a long memory helps only without delays."""
    return 0.5 + GAIN[arm] * (1.5 if inputs or hidden < 40 else 1.0) + 0.02 * (arm == "none" and beta > 0.1)


def memory_is_all(arm, beta, hidden, inputs):
    """Delays stand in for the memory that a membrane does not have, and nothing more."""
    del hidden, inputs
    return 0.7 if arm != "none" or beta > 0.1 else 0.5


@pytest.fixture(scope="module")
def helped():
    return made_up(panels.SIZES["quick"], delays_help)


def test_claims_hold_where_learned_delays_help_most(helped):
    found = verdicts(helped)
    assert set(found.values()) == {"holds"}, {name: v for name, v in found.items() if v != "holds"}


def test_claims_fail_where_delays_only_stand_in_for_memory():
    found = verdicts(made_up(panels.SIZES["quick"], memory_is_all))
    for name in ("random-none", "learned-none-parameters", "protocol", "settles", "cost"):
        assert found[name] == "holds"
    for name in (
        "learned-random", "annealed-constant", "learned-histogram", "random-tuned", "learned-tuned", "benefit-survives",
        "learned-random-parameters", "sparse", "sparse-more", "small", "small-more",
    ):  # fmt: skip
        assert found[name] == "fails", name


def test_a_decay_is_chosen_by_validation_and_not_by_test(helped):
    table = helped["units"].copy(deep=True)
    assert float(tuned(table, "none")["beta"]) != released(table)
    table["validation"] = table["validation"] + 10 * (table["beta"] == released(table))
    assert float(tuned(table, "none")["beta"]) == released(table)


def test_differences_are_paired_over_voices_and_seeds(helped):
    table = helped["units"]
    one, other = (row(table, arm=arm, beta=released(table)) for arm in ("annealed", "random"))
    apart = difference(one, other)
    assert apart.shape == (VOICES, SEEDS)
    assert estimate(apart).se < 0.3 * estimate(by_voice(one)).se  # luck of voices and seeds is common to both
    assert rows(table, arm="none").sizes["arm_beta_hidden_inputs"] == 2


@pytest.mark.parametrize(("voices", "seeds"), [(26, 3), (10, 2)])
def test_intervals_hold_the_truth_when_voices_and_seeds_are_both_luck(voices, seeds):
    rng, runs, covered = np.random.default_rng(1), 300, 0
    for _ in range(runs):
        parts = rng.normal(size=(voices, 1)), 0.4 * rng.normal(size=(1, seeds)), rng.normal(size=(voices, seeds))
        low, high = estimate(sum(parts)).interval()
        covered += low <= 0 <= high
    assert covered / runs > 0.95 - 3 * np.sqrt(0.95 * 0.05 / runs)


SIZES = {
    (140, 256, 256, 20): 214_016,
    (140, 512, 512, 35): 705_536,
    (140, 512, 512, 512, 35): 1_230_848,
}


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: "-".join(map(str, sizes)))
def test_networks_have_as_many_parameters_as_the_published_ones(sizes):
    make = lambda key: network.build("annealed", sizes, key, taps=25, beta=0.005, dropout=0.4)
    leaves = jax.tree_util.tree_leaves_with_path(eqx.filter_eval_shape(make, jax.random.key(0)).network)
    trained = [leaf.size for path, leaf in leaves if jax.tree_util.keystr(path).endswith(TRAINED)]
    assert sum(trained) == network.trained_parameters("annealed", sizes) == SIZES[sizes]


TRAINED = (".weight", ".delay", ".gain", ".bias")


def test_matched_networks_have_as_many_parameters_as_fit():
    for hidden in (64, 128):
        most = network.trained_parameters("annealed", (140, hidden, hidden, 20))
        units = network.matched_width(hidden, 2, (140, 20))
        of = lambda units: network.trained_parameters("none", (140, units, units, 20))
        assert of(units) <= most < of(units + 1)


def test_an_unknown_preset_or_set_is_refused():
    with pytest.raises(ValueError, match="must be one of smoke, quick, paper"):
        panels.preset("large")
    with pytest.raises(ValueError, match="must be one of"):
        utterances.splits("songs")


def test_the_kept_table_tells_every_claim_s_numbers(helped):
    text = list(csv.DictReader(io.StringIO(table("units", helped["units"]))))
    assert len(text) == helped["units"]["test_correct"].size // VOICES
    first = row(helped["units"], arm="none", beta=0.005)
    kept = next(line for line in text if line["arm"] == "none" and line["beta"] == "0.005" and line["seed"] == "0")
    share = np.array(kept["test_correct"].split(), float) / np.array(kept["test_samples"].split(), float)
    np.testing.assert_allclose(share, by_voice(first)[:, 0], rtol=1e-5)
    assert table("cost", helped["cost"]).startswith("form,max_delay,seed")


# Minutes --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spoken_sizes():
    """A few made-up utterances of the shape of real ones."""
    rng = np.random.default_rng(2)
    return rng.poisson(0.2, (4, 96, 140)).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shd", "ssc"])
def test_a_step_at_the_published_size_gives_finite_gradients_of_everything(name, spoken_sizes):
    size = panels.SIZES[name]
    sizes = (size.ends[0], *[size.hidden] * size.layers, size.ends[1])
    learner = network.build("annealed", sizes, jax.random.key(0), taps=size.taps, beta=size.beta, dropout=size.dropout)
    batch = {
        "frames": jnp.asarray(spoken_sizes),
        "label": jnp.arange(4, dtype=jnp.int32),
        "epoch": jnp.int32(0),
        "first": jnp.asarray(True),
    }

    @eqx.filter_jit
    def graded(learner):
        of = lambda one: training.loss(
            one, batch, jax.random.key(1), taps=size.taps, epochs=size.epochs, annealed=True
        )[:2]
        return eqx.filter_value_and_grad(of, has_aux=True)(learner)

    (value, _), gradient = graded(learner)
    assert float(value) == pytest.approx(np.log(size.ends[1]), rel=1)
    for cell in network.synapses(gradient.network):
        for leaf in (cell.weight, cell.delay):
            assert np.isfinite(leaf).all()
            assert np.abs(leaf).max() > 0


@pytest.mark.slow
def test_the_rounded_network_is_the_network_behind_a_kernel_of_one_tap():
    """At whole delays; and sparse networks keep their missing synapses missing."""
    learner = network.build("annealed", (8, 12, 4), jax.random.key(3), taps=9, beta=0.3, dropout=0.2, inputs=5)
    for cell in network.synapses(learner.rounded()):
        assert int((np.asarray(cell.weight) != 0).sum(axis=1).max()) == 5
        assert (np.asarray(cell.delay) == np.round(cell.delay)).all()
    fixed = network.build("random", (8, 12, 4), jax.random.key(3), taps=9, beta=0.3, dropout=0.2)
    split = utterances.splits("bursts")["test"]
    before = jax.jit(lambda one: training.judged(one.rounded(), split))(fixed)
    other = jax.tree.map(lambda leaf: leaf, fixed)
    np.testing.assert_array_equal(before, jax.jit(lambda one: training.judged(one.rounded(), split))(other))


@pytest.mark.slow
def test_learned_delays_solve_bursts_and_settle(tmp_path):
    size = panels.SIZES["smoke"]
    point = {"arm": "annealed", "beta": size.beta, "hidden": 16, "inputs": 0}
    constants = {
        "data": "bursts",
        "samples": 0,
        "tested": 0,
        "layers": 1,
        "taps": 13,
        "epochs": 12,
        "batch": 32,
        "dropout": 0.1,
    }
    found, facts = training.train(point, jax.random.key(0), tmp_path / "checkpoint", **constants, pilot=16)
    assert found["test_correct"].sum() / found["test_samples"].sum() > 0.5  # chance is 1/4
    assert found["test_best"] >= found["test_chosen"] == found["test"][found["best_epoch"]]
    assert (np.diff(found["moved"].mean(axis=1)) < 0).mean() > 0.7
    assert found["delays_before"].sum() == found["delays_after"].sum() == 8 * 16 + 16 * 4
    assert facts["seconds_per_epoch"] > 0


@pytest.mark.slow
def test_published_files_are_read_and_voices_of_training_held_out(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    (tmp_path / "shd").mkdir()
    for split, samples in (("train", 20), ("test", 6)):
        with h5py.File(tmp_path / "shd" / f"shd_{split}.h5", "w") as file:
            group = file.create_group("spikes")
            times = group.create_dataset("times", (samples,), h5py.vlen_dtype(np.float16))
            units = group.create_dataset("units", (samples,), h5py.vlen_dtype(np.uint16))
            for n in range(samples):
                times[n], units[n] = np.sort(rng.uniform(0, 0.5, 30)), rng.integers(0, 700, 30)
            file["labels"] = np.arange(samples).astype(np.uint16) % 20
            file["extra/speaker"] = (np.arange(samples) % 10).astype(np.uint16)
    monkeypatch.setenv("JAXSNN_DATA", str(tmp_path))
    utterances.splits.cache_clear()
    found = utterances.splits("shd")
    assert {name: split.frames.shape[2] for name, split in found.items()} == dict.fromkeys(found, 140)
    assert len({split.frames.shape[1] for split in found.values()}) == 1
    assert [len(found[name].label) for name in ("train", "validation", "test")] == [16, 4, 6]
    assert found["train"].voices == 8
    utterances.splits.cache_clear()


@pytest.mark.slow
def test_the_smoke_preset_runs_and_draws(tmp_path):
    from paper_figures import hammouamri_2023 as figures

    chosen = panels.preset("smoke")
    data = {name: panel.run() for name, panel in chosen.items()}
    records = evaluate(CLAIMS, data)
    assert {record["verdict"] for record in records} <= {"holds", "fails", "undecided"}
    drawn = figures.draw(data, chosen, tmp_path)
    for figure in drawn:
        assert figure.path_png.stat().st_size > 10_000
        assert figure.csv.read_text().count("\n") > 2


@pytest.mark.slow
def test_figures_show_every_arm_with_its_interval(helped, tmp_path):
    from jaxsnn.plotting import style
    from jaxsnn.reproduction.page import Page
    from paper_figures.hammouamri_2023 import ablation, cost, curves, delays, kernels, size

    page = Page(tmp_path, "a command")
    with style():
        for make in (
            ablation.arms, size.parameters, delays.learned, kernels.narrowing, curves.learning, curves.voices,
            cost.of_delay,
        ):  # fmt: skip
            figure = make(page, helped)
            assert figure.csv.read_text().count("\n") > 10
    text = (tmp_path / "ablation.csv").read_text()
    for arm in network.ARMS:
        assert arm in text
