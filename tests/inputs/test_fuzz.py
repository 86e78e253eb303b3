"""Random axes, grids, documents and command lines: never a hang, never another error, nothing accepted in silence.

Whatever is accepted means what it says: ranges have the count asked for and the ends asked for, every value is finite
and stands once, and the grid is the same after a journey through JSON. 10 000 cases are in `make slow`.
"""

import json
import math
import re
import signal
import time

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jaxsnn.cli import main
from jaxsnn.sweeps import Grid, Study, geometric, linear, load, plan_sweep, sweep
from jaxsnn.sweeps.files import render
from jaxsnn.sweeps.store import read_store
from tests.cli.toys import STUDY, write

SECONDS = 3.0  # of work: the first command of a process takes one on a busy machine
HANG = 20  # seconds, whatever else the machine does


def promptly(act):
    """What `act` does, in a few seconds of this thread's work, and without waiting for what does not come."""

    def late(*args):
        raise AssertionError(f"no answer in {HANG} s")

    before = signal.signal(signal.SIGALRM, late)
    try:
        signal.alarm(HANG)
        begun = time.thread_time()
        found = act()
        assert time.thread_time() - begun < SECONDS, f"more than {SECONDS} s"
        return found
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def asked(act):
    """The result, or None for a ValueError: any other exception fails the test."""

    def one():
        try:
            return act(), None
        except ValueError as error:
            return None, error

    found, error = promptly(one)
    if error is not None:
        assert type(error) is ValueError, repr(error)
        assert "\n" not in str(error)
        assert len(str(error)) < 1500
    return found


def check_grid(grid):
    """An accepted grid is made of distinct finite values of one kind, and survives JSON."""
    text = json.dumps(grid.to_json(), allow_nan=False)
    back = Grid.from_json(json.loads(text))
    assert back == grid
    assert json.dumps(back.to_json()) == text
    assert grid.networks == math.prod(grid.shape) * len(grid.seeds)
    for factor in grid.factors:
        rows = list(zip(*(column for _, column in factor), strict=True))
        assert rows
        assert len(set(rows)) == len(rows)
        for name, column in factor:
            assert name.isidentifier()
            assert len({type(value) for value in column}) == 1
            assert all(type(value) in (int, float, str, bool) for value in column)
            assert all(math.isfinite(value) for value in column if not isinstance(value, str))
    assert all(type(seed) is int and 0 <= seed < 2**32 for seed in grid.seeds)
    assert len(set(grid.seeds)) == len(grid.seeds)


# Axes as text ---------------------------------------------------------------------------------------------------------

numbers = st.one_of(
    st.integers(-5, 50).map(str),
    st.integers().map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.sampled_from(
        ["1e400", "-1e400", "1e-320", "9" * 400, "1" * 5000, "0x10", "1_0", "٣", "½", "-0.0", "1e12", "1d3"]
    ),
)
counts = st.one_of(st.integers(-2, 40).map(str), numbers)
ranges = st.tuples(numbers, numbers, counts, st.sampled_from(["", ":log", ":lin", ":LOG", ":log:1"])).map(
    lambda parts: ":".join(parts[:3]) + parts[3]
)
lists = st.lists(st.one_of(numbers, st.sampled_from(["", "a", "b", "fast", "None", "true", "nan"])), max_size=6).map(
    ",".join
)
junk = st.one_of(st.text(max_size=12), st.text(alphabet="0123456789.:,-+eElogninaf _", max_size=16))
axis_texts = st.one_of(numbers, ranges, lists, junk, st.tuples(ranges, junk).map("".join))


def meant(text):
    """(count, first, last) of a range, by the rule of the documentation; the number of entries of a list."""
    if ":" in text:
        first, last, count = text.split(":")[:3]
        return int(float(count)), float(first), float(last)
    parts = text.split(",")
    try:
        return len(parts), _number(parts[0]), _number(parts[-1])
    except ValueError:
        return len(parts), parts[0].strip(), parts[-1].strip()


def _number(text):
    """Whole numbers are kept as they are, however large."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def check_axis_text(text):
    grid = asked(lambda: Grid(noise=text))
    if grid is None:
        return
    check_grid(grid)
    column = grid.factors[0][0][1]
    assert (len(column), column[0], column[-1]) == meant(text)
    if ":" in text:
        assert all(a < b for a, b in zip(column, column[1:], strict=False)) or all(
            a > b for a, b in zip(column, column[1:], strict=False)
        )


# Axes and grids as Python values --------------------------------------------------------------------------------------

scalars = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.text(max_size=4),
    st.none(),
    st.complex_numbers(),
    st.binary(max_size=3),
)
forms = st.one_of(
    scalars,
    axis_texts,
    st.lists(scalars, max_size=5),
    st.lists(st.integers(-3, 9), max_size=5),
    st.lists(st.floats(), max_size=5).map(tuple),
    st.lists(st.floats(width=32), max_size=4).map(lambda values: np.array(values, np.float32)),
    st.lists(scalars, max_size=4).map(lambda values: np.array([*values, None], object)),
    st.integers(-3, 10**13).map(lambda n: range(n)),
    st.sets(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=2), scalars, max_size=2),
    st.just(object()),
)
axis_names = st.one_of(st.sampled_from(["a", "b", "seed", "delay", "a_b"]), st.text(max_size=4))
grid_arguments = st.tuples(st.dictionaries(axis_names, forms, max_size=3), st.one_of(st.none(), forms), st.booleans())


def check_arguments(arguments):
    named, seed, zipped = arguments
    named.pop("seed", None)
    maker = Grid.zip if zipped else Grid
    grid = asked(lambda: maker(**named) * Grid(seed=seed))
    if grid is not None:
        check_grid(grid)
        assert set(grid.names) == set(named)


ends = st.one_of(st.integers(), st.floats(), st.text(max_size=3), st.none())


def check_spacing(arguments):
    first, last, count, spaced = arguments
    values = asked(lambda: spaced(first, last, count))
    if values is not None:
        assert (len(values), values[0], values[-1]) == (count, first, last)
        assert all(math.isfinite(value) for value in values)


spacings = st.tuples(ends, ends, st.one_of(st.integers(-2, 60), ends), st.sampled_from([linear, geometric]))

# Documents ------------------------------------------------------------------------------------------------------------

leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
)
columns = st.one_of(st.lists(leaves, max_size=4), st.lists(st.integers(-3, 9), min_size=1, max_size=3), documents)
factors = st.lists(st.lists(st.tuples(axis_names, columns).map(list), max_size=2), max_size=3)
grid_documents = st.one_of(
    documents, st.fixed_dictionaries({"factors": st.one_of(factors, documents), "seed": columns})
)


def check_document(document):
    grid = asked(lambda: Grid.from_json(document))
    if grid is not None:
        check_grid(grid)


def places(document, at=()):
    """Every place in a document, as a path of keys."""
    yield at
    named = enumerate(document) if isinstance(document, list) else getattr(document, "items", tuple)()
    for name, inner in named:
        yield from places(inner, (*at, name))


def changed(document, at, value):
    """The document with `value` at one place, or without it where value is absent."""
    if not at:
        return value
    copy = document.copy()
    copy[at[0]] = changed(document[at[0]], at[1:], value)
    return copy


def toy(point, key):
    return {"y": point["a"] + jax.random.normal(key)}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz") / "store"
    sweep(Study("toy", 1, toy, chunk=2), Grid(a=[1.0, 2.0, 3.0], seed=2), key=jax.random.key(0), store=folder)
    return folder


def store_case(store):
    """A file of the store's description with one place changed, or with bytes of its own."""
    parts = {name: json.loads((store / f"{name}.json").read_text()) for name in ("spec", "layout", "code")}
    spots = [(name, at) for name, part in parts.items() for at in places(part)]
    values = st.one_of(documents, st.sampled_from([2**40, -1, 0, [], {}, "x" * 300, [[]], 1e300]))
    harmed = st.tuples(st.sampled_from(spots), values)
    return st.one_of(harmed, st.tuples(st.tuples(st.sampled_from(sorted(parts)), st.none()), st.binary(max_size=40)))


def check_store(store, harm):
    (name, at), value = harm
    path = store / f"{name}.json"
    before = path.read_bytes()
    try:
        content = value if at is None else render(changed(json.loads(before), at, value))
    except ValueError:
        return  # NaN: no JSON
    try:
        path.write_bytes(content)
        opened = asked(lambda: read_store(store))
        if opened is not None:
            check_grid(Grid.from_json(opened.spec["grid"]))
            points = [p for group in opened.layout.groups for chunk in group.chunks for p in chunk.points]
            assert sorted(points) == list(range(math.prod(Grid.from_json(opened.spec["grid"]).shape)))
        found = asked(lambda: load(store))
        assert found is None or content == before, "a description that no sweep has written was taken"
    finally:
        path.write_bytes(before)


# Command lines --------------------------------------------------------------------------------------------------------

flags = st.one_of(
    st.sampled_from(["--noise", "--shift", "--even", "--seeds", "--seed", "--chunk", "--key", "--cores", "--engine"]),
    st.sampled_from(["--preset", "--workers", "--independent", "--nose", "--", "-x", "--noise-", "---", "--no.ise"]),
    st.text(alphabet="abcxyz-_.é", max_size=6).map("--{}".format),
)
words = st.one_of(axis_texts, st.sampled_from(["wide", "moved", "inline", "true", "8", "3,5", "0", "-1", "many"]))
pairs = st.one_of(
    st.tuples(flags, words).map(list),
    st.tuples(flags, words).map(lambda pair: ["=".join(pair)]),
    flags.map(lambda flag: [flag]),
    st.tuples(st.sampled_from(["--noise", "--shift"]), st.sampled_from(["1", "0.5,1", "1:4:3", "1:100:5:log"])).map(
        list
    ),
)
command_lines = st.lists(pairs, max_size=4).map(lambda rows: [word for row in rows for word in row])


def check_command(study, capsys, line):
    def run():
        capsys.readouterr()
        try:
            return main(["sweep", str(study), "--dry-run", *line])
        except SystemExit as stop:
            return stop.code

    code = promptly(run)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    assert code in (0, 2)
    if code == 2:
        assert err
        assert "points " not in out
    elif "--help" not in line and "-h" not in line:
        points, seeds, networks = map(int, re.search(r"points +(\d+) x (\d+) seeds = (\d+) networks", out).groups())
        assert points * seeds == networks >= 1
        given = [line[i + 1] for i, word in enumerate(line[:-1]) if word == "--noise"]
        given += [word.partition("=")[2] for word in line if word.startswith("--noise=")]
        if given:  # one of a study's own axes, replaced by what was asked for
            assert len(given) == 1
            assert points % meant(given[0])[0] == 0


# ----------------------------------------------------------------------------------------------------------------------

PURE = {
    "axis text": (axis_texts, check_axis_text),
    "grid arguments": (grid_arguments, check_arguments),
    "spacing": (spacings, check_spacing),
    "grid document": (grid_documents, check_document),
}


MANY = {"axis text": 4000, "grid arguments": 2000, "spacing": 1000, "grid document": 1000}  # and twice 1000 below


def fuzz(strategy, check, cases):
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example]
    settings(max_examples=cases, suppress_health_check=quiet, database=None)(given(strategy)(check))()


@pytest.mark.parametrize("what", PURE)
def test_a_random_description_is_refused_or_means_what_it_says(what):
    fuzz(*PURE[what], 55)


def test_a_store_with_a_random_change_is_never_taken(store):
    fuzz(store_case(store), lambda harm: check_store(store, harm), 50)


@pytest.fixture
def study(tmp_path):
    return write(tmp_path, toy=STUDY) / "toy.py"


def test_a_random_command_line_is_refused_or_planned(study, capsys):
    fuzz(command_lines, lambda line: check_command(study, capsys, line), 40)


@pytest.mark.slow
@pytest.mark.parametrize(("what", "cases"), MANY.items())
def test_many_random_descriptions_are_refused_or_mean_what_they_say(what, cases):
    fuzz(*PURE[what], cases)


@pytest.mark.slow
def test_a_store_with_many_random_changes_is_never_taken(store):
    fuzz(store_case(store), lambda harm: check_store(store, harm), 1000)


@pytest.mark.slow
def test_many_random_command_lines_are_refused_or_planned(study, capsys):
    fuzz(command_lines, lambda line: check_command(study, capsys, line), 1000)


def test_a_huge_grid_is_refused_before_it_is_made():
    act = lambda: plan_sweep(toy, Grid(a=range(10**4), b=range(10**4), c=range(10**4)), key=jax.random.key(0))
    assert asked(act) is None
