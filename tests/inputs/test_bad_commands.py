"""What the command line says to wrong input: one paragraph on stderr, exit code 2, nothing computed or written."""

import textwrap

import pytest

from tests.cli.toys import PLAIN, STUDY, call, program, write

from .messages import check_message

FILES = {
    "toy": STUDY,
    "plain": PLAIN,
    "empty": "x = 1\n",
    "broken": "import nowhere\n",
    "crooked": "x = = 1\n",
    "nulls": "x = '\0'\n",
    "exits": "import sys\nsys.exit(0)\n",
    "misnamed": "STUDY = 3\n",
    "unread": "from jaxsnn.sweeps import Study\nSTUDY = Study('x', 1, lambda point: {})\n",
    "grid": "GRID = 3\ndef run(point, key):\n    return {'y': point['a']}\n",
    "axis": "GRID = {'a': []}\ndef run(point, key):\n    return {'y': point['a']}\n",
    "branches": "def run(point, key):\n    return {'y': 1.0 if point['a'] > 1 else 2.0}\n",
    "texts": "def run(point, key):\n    return {'y': 'high'}\n",
    "lists": "def run(point, key):\n    return [point['a']]\n",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = write(tmp_path_factory.mktemp("studies"), **FILES)
    (folder / "text.txt").write_text("x = 1")
    (folder / "bytes.py").write_bytes(b"x = '\xff\xfe'")
    (folder / "folder").mkdir()
    return folder


def paragraph(capsys, words):
    """stderr of a command that is refused, unwrapped."""
    code, out, err = call(capsys, *words)
    assert code == 2, (code, out, err)
    assert not out
    assert "Traceback" not in err
    text = " ".join(err.split())
    assert err == textwrap.fill(text, 110, break_long_words=False, break_on_hyphens=False) + "\n", "not one paragraph"
    return text


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("toy --noise 1:2", "noise", "'1:2'"),
        ("toy --noise 0:1:3:log", "noise", "0 to 1"),
        ("toy --noise 0:1:0", "noise", "in 0 values"),
        ("toy --noise 0:1:1e12", "noise", "1000000000000"),
        ("toy --noise 0:inf:3", "noise", "inf"),
        ("toy --noise 1,nan", "noise", "nan"),
        ("toy --noise 1,1", "noise", "1"),
        ("toy --noise 1,x", "noise", "'1,x'"),
        ("toy --noise 0x10", "noise", "'0x10'"),
        ("toy --noise=", "noise", "''"),
        ("toy --noise 1,,2", "noise", "'1,,2'"),
        ("toy --noise 1:1000:1000 --shift 1:2000:2000", "grid", "2000000 points"),
        ("toy --noise", "--noise", "no value"),
        ("toy --noise 1 --noise 2", "--noise", "twice"),
        ("toy --no.ise 1", "--no.ise", "name"),
        ("toy --noise 1 --leek 1", "leek", "noise"),
        ("toy --noise=-1,1", "noise", "-1"),
        ("toy --noise fast", "noise", "'fast'"),
        ("toy --noise 1e300", "noise", "1e+300"),
        ("toy --noise 1 --seed 1", "--seed", "--seeds 8"),
        ("toy --noise 1 --seeds 0", "seed", "0"),
        ("toy --noise 1 --seeds=-1", "seed", "-1"),
        ("toy --noise 1 --seeds 3,3", "seed", "[3, 3]"),
        ("toy --noise 1 --seeds 1.5", "seed", "'1.5'"),
        ("toy --noise 1 --seeds many", "seed", "'many'"),
        ("toy --noise 1 --seeds 1000000000000", "seed", "1000000000000"),
        ("toy --noise 1 --chunk 0", "chunk", "0"),
        ("toy --noise 1 --key=-1", "key", "-1"),
        ("toy --noise 1 --key 99999999999", "key", "99999999999"),
        ("toy --noise 1 --engine steam", "engine", "'steam'"),
        ("toy --noise 1 --cores 640", "cores", "640"),
        ("toy --noise 1 --cores 0", "cores", "0"),
        ("toy --noise 1 --workers 0 --engine processes", "workers", "0"),
        ("toy --preset huge", "grid", "'huge'"),
        ("toy --verify", "--verify", "--store"),
        ("toy --repair", "--repair", "--verify"),
        ("toy --noise 1 --csv HERE", "--csv", "HERE"),
        ("toy --noise 1 --csv HERE/text.txt/x.csv", "text.txt", "HERE"),
        ("toy --noise 1 --store HERE/text.txt", "store", "HERE/text.txt"),
        ("toy --noise 1 --store HERE", "folder", "HERE holds"),
        ("toy --store HERE --verify", "spec.json", "HERE"),
        ("plain", "--shift", "needs"),
        ("plain --shift 1 --word abc", "word", "shift"),
        ("empty --noise 1", "empty.py", "STUDY"),
        ("misnamed --noise 1", "STUDY", "int"),
        ("unread --a 1", "program", "lambda"),
        ("broken --noise 1", "broken.py", "nowhere"),
        ("crooked --noise 1", "crooked.py", "line 1"),
        ("nulls --noise 1", "nulls.py", "null"),
        ("bytes --noise 1", "bytes.py", "utf-8"),
        ("exits --noise 1", "exits.py", "SystemExit"),
        ("grid --a 1", "GRID", "int"),
        ("axis", "GRID", "[]"),
        ("branches --a 1", "branches.py", "line 2"),
        ("texts --a 1", "['y']", "str"),
        ("lists --a 1", "the run", "list"),
        ("HERE/nothing.py --a 1", "nothing.py", "HERE"),
        ("HERE/folder --a 1", "folder", "__init__.py"),
        ("HERE/text.txt --a 1", "text.txt", "Python"),
        ("timchek_2022 --noise 1", "experiment", "'timchek_2022'"),
        ("timcheck_2022 --neurons 4 --leak 1 --noise 1", "--delay", "needs"),
        ("timcheck_2022 --neurons 4 --leak 1 --noise low --delay 0", "noise", "'low'"),
        ("timcheck_2022 --neurons 4 --leak=-1 --noise 1 --delay 0", "leak", "-1"),
        ("timcheck_2022 --neurons 2.5 --leak 1 --noise 1 --delay 0", "neurons", "2.5"),
        ("timcheck_2022 --neurons 4 --leak 1 --noise 1 --delay 0 --duration 0", "duration", "0"),
        ("timcheck_2022 --neurons 4 --leak 1 --noise 1 --delay 0 --duration 1e15", "duration", "1000000000000000"),
    ],
)
def test_a_wrong_sweep_is_refused_in_a_paragraph(capsys, study, words, field, value):
    first, *rest = words.replace("HERE", str(study)).split(" ")
    if (study / f"{first}.py").is_file():
        first = study / f"{first}.py"
    before = sorted(study.rglob("*.*"))
    said = paragraph(capsys, ["sweep", first, *rest])
    check_message(said.removeprefix("error: "), field, value.replace("HERE", str(study)))
    assert [path for path in sorted(study.rglob("*.*")) if path not in before and "__pycache__" not in str(path)] == []


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("reproduce --preset huge", "preset", "'huge'"),
        ("reproduce --only nobody_2022", "only", "'nobody_2022'"),
        ("reproduce --cores 0", "cores", "0"),
        ("report HERE/nothing", "HERE/nothing", "folder"),
        ("report HERE/folder", "HERE/folder", "claims.json"),
    ],
)
def test_a_wrong_report_or_reproduction_is_refused_in_a_paragraph(capsys, study, words, field, value):
    said = paragraph(capsys, [words.replace("HERE", str(study))])
    check_message(said.removeprefix("error: "), field.replace("HERE", str(study)), value)


@pytest.mark.parametrize(
    ("words", "named"),
    [("sweep toy.py --chunk many", "--chunk"), ("sweep", "STUDY"), ("swep toy.py", "swep"), ("report", "RUN")],
)
def test_options_that_cannot_be_read_are_named(capsys, words, named):
    code, out, err = call(capsys, words)
    assert code == 2
    assert not out
    assert named in err
    assert "Traceback" not in err


def test_in_a_process_of_its_own_it_is_the_same(study):
    ended = program("sweep", study / "toy.py", "--noise", "0:1:1e12", cwd=study)
    assert ended.returncode == 2
    assert not ended.stdout
    check_message(" ".join(ended.stderr.split()).removeprefix("error: "), "noise", "1000000000000")
    assert "Traceback" not in ended.stderr
