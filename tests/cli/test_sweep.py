"""`jaxsnn sweep`: a grid written on the command line becomes a table, a store, or both."""

import numpy as np
import pytest

from jaxsnn.sweeps import load, tree_hash

from .toys import PLAIN, STUDY, call, program, read, refused, write

TIMCHECK = (
    "sweep timcheck_2022 --neurons 4 --leak 0.1,1 --noise 0.5:4:3:log --delay 0,0.4 --seeds 2 "
    "--duration 1 --steps-per-isi 20 --rate 8"
)
COLUMNS = ["neurons", "leak", "noise", "delay", "seed", "sigma_readout", "bias", "rmse", "rate", "spurious"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write(tmp_path_factory.mktemp("studies"), toy=STUDY, plain=PLAIN)


def rows(text):
    header, *lines = text.splitlines()
    return header.split(","), [line.split(",") for line in lines]


def test_the_papers_sweep_has_exactly_its_columns_sorted_and_the_same_bytes_again(capsys, tmp_path):
    store, first, again = tmp_path / "store", tmp_path / "first.csv", tmp_path / "again.csv"
    code, _, err = call(capsys, TIMCHECK, "--store", store, "--csv", first)
    assert code == 0, err
    header, table = rows(first.read_text())
    assert header == COLUMNS
    assert len(table) == 2 * 3 * 2 * 2
    points = [[float(cell) for cell in row[:5]] for row in table]
    assert points == sorted(points)
    data = load(store)
    for (neurons, leak, noise, delay, seed), row in zip(points, table, strict=True):
        at = {"neurons": neurons, "leak": leak, "noise": noise, "delay": delay, "seed": seed}
        values = data.sel(**at, method="nearest")
        assert row[5:9] == [f"{float(values[name]):.9g}" for name in ("sigma_readout", "bias", "rmse", "rate")]
        assert (row[9] == "") == (delay == 0) == bool(np.isnan(values["spurious"]))
        assert float(row[7]) == pytest.approx(np.hypot(float(row[5]), float(row[6])), rel=1e-5)
    code, _, err = call(capsys, TIMCHECK, "--csv", again)  # computed again, in memory
    assert code == 0
    assert "neuron-updates/s" in err
    assert "compiling" in err
    assert again.read_bytes() == first.read_bytes()


def test_without_store_and_csv_the_table_goes_to_standard_output(capsys, study):
    code, out, _ = call(capsys, "sweep", study / "plain.py", "--shift", "1:2:2", "--scale=0", "--seeds", "5,3")
    assert code == 0
    header, table = rows(out)
    assert header == ["shift", "scale", "seed", "mean"]  # `draws` has an axis of its own
    assert table == [["1", "0", "3", "1"], ["1", "0", "5", "1"], ["2", "0", "3", "2"], ["2", "0", "5", "2"]]


def test_a_study_brings_columns_settings_and_grids_of_its_own(capsys, study):
    toy = study / "toy.py"
    code, out, _ = call(capsys, "sweep", toy)
    header, table = rows(out)
    assert code == 0
    assert header == ["noise", "shift", "seed", "x", "positive"]
    assert [(row[0], row[2]) for row in table] == [(n, s) for n in ("0.25", "0.5") for s in "012"]
    assert {row[1] for row in table} == {"0"}
    assert all((float(row[3]) > 0) == (row[4] != "") for row in table)
    _, moved, _ = call(capsys, "sweep", toy, "--shift", "5", "--noise", "0.5")
    assert [row[1] for row in rows(moved)[1]] == ["5"] * 3
    shift = [float(a[3]) - float(b[3]) for a, b in zip(rows(moved)[1], table[3:], strict=True)]
    assert shift == pytest.approx([10.0] * 3, abs=1e-5)  # the study doubles it
    _, wide, _ = call(capsys, "sweep", toy, "--preset", "wide", "--even", "true,false")
    assert rows(wide)[0] == ["noise", "shift", "even", "seed", "x", "positive"]
    assert len(rows(wide)[1]) == 3 * 2 * 2
    _, replaced, _ = call(capsys, "sweep", toy, "--preset moved --shift 5")  # an axis of that grid, and a setting
    assert [row[:3] for row in rows(replaced)[1]] == [["0.5", "5", "0"]]


def test_a_declared_column_that_does_not_exist_costs_no_results(capsys, tmp_path):
    wrong = STUDY.replace('"positive")', '"negative")')
    code, out, err = call(capsys, "sweep", write(tmp_path, wrong=wrong) / "wrong.py", "--seeds 1")
    assert code == 0
    assert "declares a column 'negative'" in err
    assert rows(out)[0] == ["noise", "seed", "doubled", "positive", "x"]


def test_a_sweep_that_was_stopped_goes_on_to_the_same_store(capsys, study, tmp_path, monkeypatch):
    words = ["sweep", study / "toy.py", "--noise", "1:6:6", "--seeds", "2"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert call(capsys, *words, "--store", whole)[0] == 0
    assert len(read(whole / "layout.json")["groups"][0]["chunks"]) == 3

    from jaxsnn.sweeps.store import Store

    original = Store.write

    def interrupted(self, place, arrays):
        original(self, place, arrays)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", interrupted)
        code, _, err = call(capsys, *words, "--store", cut)
    assert code == 130
    assert "goes on from there" in " ".join(err.split())
    assert len(list((cut / "markers").glob("*.json"))) == 1
    assert "1 of 3 chunks finished" in call(capsys, "report", cut)[1]
    code, out, err = call(capsys, "sweep", study / "toy.py", "--store", cut)  # the grid is that of the store
    assert code == 0, err
    assert not out
    assert tree_hash(cut) == tree_hash(whole)
    assert "in the store already" in call(capsys, *words, "--store", cut)[2]


def test_damage_is_found_and_repaired(capsys, study, tmp_path):
    store = tmp_path / "store"
    words = ["sweep", study / "toy.py", "--noise", "1:6:6", "--store", store]
    assert call(capsys, *words)[0] == 0
    before = tree_hash(store)
    assert call(capsys, *words, "--verify")[0] == 0
    chunk = store / "group_0" / "x" / "c" / "1" / "0"
    flipped = bytearray(chunk.read_bytes())
    flipped[0] ^= 1
    chunk.write_bytes(bytes(flipped))
    (store / "group_0" / "x" / "c" / "2" / "0").unlink()
    code, _, err = call(capsys, *words, "--verify")
    assert code == 1
    assert "chunk (0, 1): x: the numbers are not those that were written" in err
    assert "chunk (0, 2): x: the file of the chunk is missing" in err
    assert "--repair" in err
    assert "is damaged" in refused(capsys, *words)
    assert call(capsys, "sweep", study / "toy.py", "--store", store, "--verify", "--repair")[0] == 0
    assert tree_hash(store) == before


def test_a_dry_run_tells_what_it_would_take_and_writes_nothing(capsys, study, tmp_path):
    store = tmp_path / "store"
    words = ["sweep", study / "toy.py", "--noise", "1:6:6", "--store", store, "--chunk", "3", "--dry-run"]
    code, out, _ = call(capsys, *words)
    assert code == 0
    assert "6 x 3 seeds = 18 networks" in out
    assert "chunks     2" in out
    assert "time       about" in out
    assert not store.exists()


@pytest.mark.slow
def test_independent_noise_and_another_key_are_other_numbers(capsys, study):
    words = ["sweep", study / "plain.py", "--shift", "0,1", "--seeds", "1"]
    common, own, other = (
        [float(row[2]) for row in rows(call(capsys, *words, *more)[1])[1]]
        for more in ([], ["--independent"], ["--key", "1"])
    )
    assert common[1] - common[0] == pytest.approx(1.0, abs=1e-6)
    assert own[1] - own[0] != pytest.approx(1.0, abs=1e-3)
    assert common != other


def test_the_command_runs_a_study_from_any_folder_and_keeps_what_it_compiled(study, tmp_path):
    settings = {"XDG_CACHE_HOME": str(tmp_path / "xdg"), "JAX_COMPILATION_CACHE_DIR": ""}
    settings["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.001"
    words = ["sweep", study / "plain.py", "--shift", "-1:1:3", "--seeds", "2", "--csv", "out/x.csv"]
    done = program(*words, cwd=tmp_path, **settings)
    assert done.returncode == 0, done.stderr
    assert not done.stdout
    assert len((tmp_path / "out" / "x.csv").read_text().splitlines()) == 7
    assert list((tmp_path / "xdg" / "jaxsnn" / "xla").iterdir())


def test_a_store_goes_on_with_its_own_key_and_noise_and_says_so_when_others_are_asked_for(capsys, study, tmp_path):
    store = tmp_path / "store"
    assert call(capsys, "sweep", study / "toy.py", "--noise", "1,2", "--store", store)[0] == 0
    for option in (["--key", "5"], ["--independent"]):
        code, _, err = call(capsys, "sweep", study / "toy.py", "--store", store, *option)
        assert code == 2
        assert f"{option[0]} without axes" in err
        assert "begun with another" in err


def test_a_table_that_cannot_be_written_is_refused_before_anything_is_computed(capsys, study):
    code, _, err = call(capsys, "sweep", study / "toy.py", "--noise", "1,2", "--csv", "/proc/table.csv")
    assert code == 2
    assert "--csv /proc/table.csv cannot be written" in err
    assert "name a file in a folder of your own" in err
