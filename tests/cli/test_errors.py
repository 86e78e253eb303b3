"""What a user can put right is said in one paragraph, with exit code 2, before anything is computed."""

import pytest

from .toys import PLAIN, STUDY, call, refused, write


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    files = {
        "toy": STUDY,
        "plain": PLAIN,
        "empty": "x = 1\n",
        "broken": "import jaxsnn\nimport nowhere\n",
        "crooked": "x = = 1\n",
        "wrong": "import jax.numpy as jnp\ndef run(point, key):\n    x = point['a']\n    return {'y': x + jnp.foo}\n",
        "misnamed": "STUDY = 3\n",
    }
    return write(tmp_path_factory.mktemp("studies"), **files)


def test_an_unknown_experiment_is_answered_with_those_there_are(capsys):
    said = refused(capsys, "sweep", "timchek_2022", "--noise", "1")
    assert "no experiment 'timchek_2022'" in said
    assert "timcheck_2022" in said.partition("there is ")[2]


def test_a_misspelt_axis_is_answered_with_what_the_study_needs(capsys):
    said = refused(capsys, "sweep timcheck_2022 --neurons 4 --leek 1 --noise 1 --delay 0")
    assert "needs --leak (did you mean it by --leek?)" in said
    for name in ("--neurons", "--leak", "--noise", "--delay", "--duration (200.0)", "--steps-per-isi (50)"):
        assert name in said


@pytest.mark.parametrize(("name", "value"), [("other", "1"), ("shfit", "2"), ("word", "abc")])
def test_an_axis_that_nothing_reads_is_refused_with_what_is_read(capsys, study, name, value):
    said = refused(capsys, "sweep", study / "plain.py", "--shift", "1", f"--{name}", value)
    assert f"axis '{name}': nothing in the study reads it" in said
    assert "it reads scale, shift" in said


def test_a_misspelt_setting_is_answered_with_the_nearest_name(capsys):
    said = refused(capsys, "sweep timcheck_2022 --neurons 4 --leak 1 --noise 1 --delay 0 --duraton 5")
    assert "axis 'duraton': nothing in the study reads it (did you mean 'duration'?)" in said


def test_missing_axes_are_named(capsys, study):
    assert "timcheck_2022 needs --delay and --noise" in refused(
        capsys, "sweep", "timcheck_2022", "--neurons", "4", "--leak", "1"
    )
    assert "plain needs --shift" in refused(capsys, "sweep", study / "plain.py")


def test_a_value_that_the_study_refuses_is_said_with_its_point(capsys, study):
    said = refused(capsys, "sweep", study / "toy.py", "--noise=-1,1")
    assert "at the point" in said
    assert "noise = -1" in said
    said = refused(capsys, "sweep timcheck_2022 --neurons 4 --leak 1 --noise 1 --delay 0 --duration 0")
    assert "duration = 0" in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1:2", "not a range"),
        ("0:1:3:log", "cannot touch or cross zero"),
        ("1:2:0", "count must be"),
        ("1,x", "mixes numbers and names"),
        ("1,1", "more than once"),
        ("1,nan", "finite"),
    ],
)
def test_a_bad_range_is_said_with_the_forms_there_are(capsys, study, value, said):
    assert said in refused(capsys, "sweep", study / "toy.py", "--noise", value)


def test_an_axis_needs_one_value(capsys, study):
    assert "--noise has no value" in refused(capsys, "sweep", study / "toy.py", "--noise")
    assert "--noise has no value" in refused(capsys, "sweep", study / "toy.py", "--noise", "--seeds", "3")
    assert "--noise is given twice" in refused(capsys, "sweep", study / "toy.py", "--noise", "1", "--noise", "2")
    assert "--seeds 8 runs eight" in refused(capsys, "sweep", study / "toy.py", "--seed", "1")


@pytest.mark.parametrize("seeds", ["0", "3,3", "-1", "1.5", "many"])
def test_bad_seeds_are_refused(capsys, study, seeds):
    assert "seed" in refused(capsys, "sweep", study / "toy.py", f"--seeds={seeds}")


def test_a_file_that_holds_no_study_says_what_to_write(capsys, study):
    said = refused(capsys, "sweep", study / "empty.py", "--noise", "1")
    assert "neither `STUDY = Study(...)` nor a function `run(point, key)`" in said
    assert "must be a jaxsnn.sweeps.Study" in refused(capsys, "sweep", study / "misnamed.py")


def test_a_file_that_cannot_be_loaded_says_where(capsys, study):
    assert "No module named 'nowhere' (line 2 of broken.py)" in refused(capsys, "sweep", study / "broken.py")
    assert "SyntaxError" in refused(capsys, "sweep", study / "crooked.py")
    said = refused(capsys, "sweep", study / "wrong.py", "--a", "1")
    assert "AttributeError" in said
    assert "(line 4 of wrong.py)" in said


def test_a_path_that_cannot_be_read_is_named(capsys, study, tmp_path):
    assert "there is no such file" in refused(capsys, "sweep", tmp_path / "nothing.py", "--noise", "1")
    (tmp_path / "folder").mkdir()
    assert "has no __init__.py" in refused(capsys, "sweep", tmp_path / "folder", "--noise", "1")
    (tmp_path / "text.txt").write_text("x = 1")
    assert "is no Python file" in refused(capsys, "sweep", tmp_path / "text.txt", "--noise", "1")


def test_a_table_that_cannot_be_written_is_refused_before_computing(capsys, study, tmp_path):
    words = ["sweep", study / "toy.py", "--noise", "1"]
    assert "is a folder; name a file" in refused(capsys, *words, "--csv", tmp_path)
    (tmp_path / "file").write_text("")
    assert "file" in refused(capsys, *words, "--csv", tmp_path / "file" / "x.csv")


def test_a_store_that_does_not_fit_is_left_alone(capsys, study, tmp_path):
    toy, store = study / "toy.py", tmp_path / "store"
    assert call(capsys, "sweep", toy, "--noise", "1,2", "--store", store)[0] == 0
    said = refused(capsys, "sweep", toy, "--noise", "1,3", "--store", store)
    assert "was made by another sweep (grid:" in said
    assert "another sweep (key:" in refused(capsys, "sweep", toy, "--noise", "1,2", "--key", "1", "--store", store)
    assert "pass chunk=2" in refused(capsys, "sweep", toy, "--noise", "1,2", "--chunk", "1", "--store", store)
    assert "goes on as it was begun" in refused(capsys, "sweep", toy, "--chunk", "1", "--store", store)
    assert "holds a sweep of toy, not of plain" in refused(capsys, "sweep", study / "plain.py", "--store", store)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    assert "holds 'thesis.txt'" in refused(capsys, "sweep", toy, "--store", tmp_path / "mine")
    assert "holds no sweep" in refused(capsys, "sweep", toy, "--store", tmp_path / "mine", "--verify")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--chunk", "0"], "chunk = 0: must be an integer of at least 1"),
        (["--chunk", "many"], "--chunk"),
        (["--engine", "steam"], "engine = 'steam': must be one of inline"),
        (["--cores", "64"], "cores = 64"),
        (["--preset", "huge"], "has no grid 'huge'; it has wide, moved"),
        (["--verify"], "name it with --store"),
        (["--repair"], "--repair goes with --verify"),
    ],
)
def test_bad_options_are_refused(capsys, study, options, said):
    assert said in refused(capsys, "sweep", study / "toy.py", *options)


def test_errors_show_where_they_come_from_when_asked(capsys, study, monkeypatch):
    monkeypatch.setenv("JAXSNN_TRACEBACK", "1")
    with pytest.raises(ValueError, match="chunk = 0"):
        call(capsys, "sweep", study / "toy.py", "--chunk", "0")


def test_without_a_checkout_the_commands_that_need_one_say_so(tmp_path):
    from jaxsnn.reproduction import find_checkout

    with pytest.raises(ValueError, match=r"no checkout found.*sweep path/to/study.py` works anywhere"):
        find_checkout(tmp_path, package=tmp_path / "site-packages" / "jaxsnn")
    (tmp_path / "experiments").mkdir()
    (tmp_path / "paper_figures").mkdir()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    assert find_checkout(tmp_path / "deep" / "er") == tmp_path.resolve()
