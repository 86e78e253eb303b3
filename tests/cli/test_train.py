"""`jaxsnn train`: an experiment from its trainings to its report; what was trained is never lost in silence."""

import shutil
import signal
import zlib

import pytest

from jaxsnn.reproduction import How, train
from tests.trainings import toys as trainings

from .toys import program, read, refused


@pytest.fixture
def root(tmp_path, monkeypatch, request):
    """A checkout of its own for every test, under a name that no other test imports."""
    name = f"lines_{zlib.crc32(request.node.name.encode())}"
    monkeypatch.chdir(trainings.checkout(tmp_path, name))
    return tmp_path, name


def run(root, capsys, preset="smoke", only=(), **how):
    path, name = root
    made = train(path, name, preset=preset, only=only, how=How(**{"workers": 0, **how}))
    return made, capsys.readouterr().out


@pytest.mark.slow
def test_one_command_trains_draws_and_judges_and_a_second_one_does_nothing(root, capsys):
    path, name = root
    made, said = run(root, capsys)
    home = path / "results" / name / "smoke"
    assert [record["verdict"] for record in made[0].claims] == ["holds"]
    assert f"{name}, preset smoke: 4 trainings in 1 panels; 1 sweeps, 2 networks" in said
    assert "fits     trained, 4 trainings in" in said
    assert (home / "report.html").is_file()
    assert (home / "tables" / "fits.csv").read_text().splitlines()[0] == "slope,seed,fitted,seen"
    made, said = run(root, capsys)
    assert made[0].fresh
    assert "nothing had changed" in said


def test_what_is_unknown_is_answered_with_what_there_is(root, capsys):
    _, name = root
    assert f"there is {name}" in refused(capsys, "train elsewhere_1999")
    assert "must be one of smoke, paper" in refused(capsys, "train", name, "--preset", "huge")
    assert "has no panel 'fit' in preset smoke; it has fits, draws" in refused_after_title(
        capsys, "train", name, "--preset smoke --only fit"
    )
    assert "--workers -1" in refused(capsys, "train", name, "--workers=-1")
    assert "only one can be meant" in refused(capsys, "train", name, "--trust --anew")
    assert "there is nothing" in refused(capsys, "train", name, "--data /nowhere/at/all")


def refused_after_title(capsys, *words):
    from .toys import call

    code, _, err = call(capsys, *words)
    assert code == 2
    return " ".join(err.split())


@pytest.mark.slow
def test_other_code_is_refused_trusted_or_moved_aside(root, capsys):
    path, name = root
    run(root, capsys)
    code = path / "results" / name / "smoke" / "store" / "fits" / "code.json"
    there = read(code)
    changed = {**there, next(iter(there)): "0"}
    code.write_text(str(changed).replace("'", '"'))
    with pytest.raises(ValueError, match="done by other code .* has changed.*--trust.*--anew"):
        run(root, capsys)
    assert "loaded, 4 trainings" in run(root, capsys, trust=True)[1]
    code.write_text(str(changed).replace("'", '"'))
    said = run(root, capsys, anew=True)[1]
    assert "fits: moved to replaced/fits-1" in said
    assert "trained, 4 trainings" in said


@pytest.mark.slow
def test_another_panel_is_moved_aside_and_damage_is_trained_again(root, capsys):
    path, name = root
    run(root, capsys, only=["fits"])
    store = path / "results" / name / "smoke" / "store" / "fits"
    result = next(store.glob("runs/*/result.npz"))
    result.write_bytes(b"x")
    said = run(root, capsys)[1]
    assert "was damaged (result.npz has another SHA-256) and is trained again" in said
    assert "trained, 1 trainings" in said
    spec = read(store / "spec.json")
    (store / "spec.json").write_text(str({**spec, "version": "0", "independent": 0}).replace("'", '"'))
    assert "it was moved to replaced/fits-1, and the trainings are begun anew" in run(root, capsys)[1]


@pytest.mark.slow
def test_a_paper_can_be_looked_at_half_way_and_its_table_says_so(root, capsys):
    path, name = root
    run(root, capsys, preset="paper")
    home = path / "results" / name / "paper"
    last = [p for p in home.glob("store/fits/runs/*") if read(p / "done.json")["seed"] == 2]
    shutil.rmtree(last[0])
    made, said = run(root, capsys, preset="paper", partial=True)
    assert "fits     5 of 6 trained; shown: 2 of 3 seeds, complete ones" in said
    assert not made[0].fresh
    origin = read(path / "experiments" / "tables" / name / "manifest.json")["fits"]
    assert (origin["finished"], origin["trainings"]) == (4, 6)
    assert not run(root, capsys, preset="paper", partial=True)[0][0].fresh
    assert "trained, 1 trainings" in run(root, capsys, preset="paper")[1]


@pytest.mark.slow
def test_a_command_that_is_killed_goes_on_to_the_same_files(tmp_path):
    killed, straight = (trainings.checkout(tmp_path / where, "lines") for where in ("killed", "straight"))
    kill = tmp_path / "kill"
    kill.write_text("2 7")
    words = ("train", "lines", "--preset", "smoke", "--workers", "0")
    first = program(*words, cwd=killed, TOY_KILL=str(kill))
    assert first.returncode == -signal.SIGKILL
    for root in (killed, straight):
        done = program(*words[:-1], "1", cwd=root)
        assert done.returncode == 0, done.stderr
    home = lambda root: root / "results" / "lines" / "smoke"
    assert trainings.content(home(killed) / "store" / "fits") == trainings.content(home(straight) / "store" / "fits")
    for name in ("claims.json", "tables/fits.csv"):
        assert (home(killed) / name).read_bytes() == (home(straight) / name).read_bytes()


@pytest.mark.slow
def test_reproduce_does_the_same(root, capsys):
    _, name = root
    made = program("reproduce", "--preset", "smoke", "--only", name, cwd=root[0])
    assert made.returncode == 0, made.stderr
    assert "fits     trained, 4 trainings in" in made.stdout
    assert run(root, capsys)[0][0].fresh
