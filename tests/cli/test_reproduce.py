"""`jaxsnn reproduce`: sweeps, figures, claims and report of every paper, and nothing twice."""

import importlib
import json
import os
import subprocess
import sys
import zlib

import pytest

from jaxsnn.cli import main
from jaxsnn.reproduction import reproduce
from jaxsnn.reproduction.checkout import PACKAGE
from jaxsnn.sweeps.lock import held

from .toys import checkout, program, read, write


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def run(root, *words, cwd=None):
    """In a process of its own, since a checkout is imported."""
    return program("reproduce", *words, cwd=cwd or root, JAX_NUM_CPU_DEVICES="1")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A checkout whose paper was reproduced at both sizes, with what the command said."""
    root = checkout(tmp_path_factory.mktemp("made"))
    (root / "deep").mkdir()
    done = run(root, "--preset", "paper", cwd=root / "deep")
    assert done.returncode == 0, done.stderr
    return root, done.stdout


def test_one_command_leaves_figures_claims_tables_and_report(made):
    root, said = made
    home = root / "results" / "small" / "paper"
    here = {name for name in files(home) if not name.startswith("store/")}
    assert here == {
        "claims.json", "report.html", "manifest.json", "levels.pdf", "levels.png", "levels.csv",
        "tables/levels.csv", "tables/shifted.csv",
    }  # fmt: skip
    records = read(home / "claims.json")
    assert [(r["id"], r["verdict"]) for r in records] == [("mean", "holds"), ("none", "fails")]
    assert list(records[0])[:7] == ["id", "claim", "source", "paper", "ours", "se", "verdict"]
    page = (home / "report.html").read_text()
    for text in ("A small paper", "Nobody, Journal of Toys", "the mean is five", "Mean against noise.", "--only small"):
        assert text in page
    for text in ("small, preset paper: 2 sweeps, 17 networks", "levels   computed, 15 networks", "1 hold", "1 fails"):
        assert text in said
    assert "small/paper/report.html" in said.splitlines()[-1]


def test_tables_of_the_papers_size_are_kept_in_the_checkout(made):
    root, _ = made
    folder = root / "experiments" / "tables" / "small"
    lines = (folder / "levels.csv").read_text().splitlines()
    assert lines[0] == "noise,seed,mean"  # neither an axis with one value nor what follows from the rest
    assert [line.split(",")[:2] for line in lines[1:]] == [[n, str(s)] for n in ("0.5", "1", "2") for s in range(5)]
    origin = read(folder / "manifest.json")
    assert set(origin) == {"levels", "shifted"}
    import hashlib

    assert origin["levels"]["sha256"] == hashlib.sha256((folder / "levels.csv").read_bytes()).hexdigest()
    assert origin["shifted"]["spec"]["constants"] == {"shift": 3.0}
    assert origin["shifted"]["key"] == {"impl": "threefry2x32", "data": [0, 1]}
    assert origin["levels"]["versions"]["jax"]
    assert origin["levels"]["wall_seconds"] > 0


def test_a_second_run_does_nothing_and_does_not_even_load_jax(made):
    root, _ = made
    home = root / "results" / "small" / "paper"
    before = {name: (home / name).stat().st_mtime_ns for name in files(home)}
    program = (
        "import sys; from pathlib import Path; from jaxsnn.reproduction import reproduce\n"
        "done = reproduce(Path('.').resolve(), preset='paper')\n"
        "assert [d.fresh for d in done] == [True] and done[0].claims[1]['verdict'] == 'fails'\n"
        "assert 'jax' not in sys.modules and 'matplotlib' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run([sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "nothing had changed" in done.stdout
    assert "the mean is five" in done.stdout
    assert {name: (home / name).stat().st_mtime_ns for name in files(home)} == before


@pytest.fixture
def here(tmp_path, monkeypatch, request):
    """A checkout to reproduce in this process, under a name that no other test imports."""
    name = f"paper_{zlib.crc32(request.node.name.encode())}"
    root = checkout(tmp_path / "checkout", name)
    monkeypatch.chdir(root)
    yield root, name
    sys.path[:] = [entry for entry in sys.path if entry != str(root)]
    for module in [m for m in sys.modules if m.split(".")[-1] == name]:
        del sys.modules[module]


def again(root, name, capsys, **changes):
    """Reproduce with files of the checkout replaced (old text -> new text); what it said."""
    for file, (old, new) in changes.items():
        path = root / file / f"{name}.py"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    for module in [m for m in sys.modules if m.split(".")[-1] == name]:
        del sys.modules[module]
    capsys.readouterr()
    done = reproduce(root, preset="smoke", only=[name])
    return done[0], capsys.readouterr().out


@pytest.mark.slow
def test_what_changed_is_done_again_and_nothing_else(here, capsys):
    root, name = here
    home = root / "results" / name / "smoke"
    _, said = again(root, name, capsys)
    assert said.count(" computed, ") == 2
    # a caption: drawn again from what is there
    _, said = again(root, name, capsys, paper_figures=("Mean against noise.", "Another caption."))
    assert said.count(" loaded, ") == 2
    assert "Another caption." in (home / "report.html").read_text()
    # a comment in the experiment: the same program, so the same numbers
    _, said = again(root, name, capsys, experiments=('"""A small paper: ', '"""The same paper: '))
    assert said.count(" loaded, ") == 2
    assert not (home / "replaced").exists()
    # other numbers of one sweep: that one is run anew, and its old store is kept aside
    done, said = again(root, name, capsys, experiments=('{"shift": 3.0}', '{"shift": 4.0}'))
    assert said.count(" loaded, ") == 1
    assert "shifted  computed" in said
    assert "was made by another sweep (constants" in said
    assert "moved to replaced/shifted-1" in said
    assert done.claims[0]["verdict"] == "holds"
    # another program: both
    _, said = again(root, name, capsys, experiments=("jnp.mean(draws),", "jnp.mean(draws) * 1.5,"))
    assert said.count(" computed, ") == 2
    assert "was made by other code" in said
    assert {path.name for path in (home / "replaced").iterdir()} == {"levels-1", "shifted-1", "shifted-2"}


def test_damage_is_mended_and_lost_files_are_made_again(here, capsys):
    root, name = here
    home = root / "results" / name / "smoke"
    again(root, name, capsys)
    before = (home / "levels.csv").read_bytes()
    (home / "levels.csv").unlink()
    chunk = home / "store" / "levels" / "group_0" / "mean" / "c" / "0" / "0"
    chunk.write_bytes(b"\0" * chunk.stat().st_size)
    _, said = again(root, name, capsys)
    assert "levels: chunk (0, 0) was damaged" in said
    assert (home / "levels.csv").read_bytes() == before
    assert again(root, name, capsys)[0].fresh


def test_a_store_that_is_being_written_is_left_as_it_is(here, capsys):
    root, name = here
    again(root, name, capsys)
    store = root / "results" / name / "smoke" / "store" / "shifted"
    state = store / "side" / "chunk_0_0.checkpoint"
    state.write_bytes(b"")
    with held(store), pytest.raises(ValueError, match="is being written elsewhere"):
        again(root, name, capsys, experiments=('{"shift": 3.0}', '{"shift": 4.0}'))
    assert state.exists()
    assert "moved to replaced/shifted-1" in again(root, name, capsys)[1]


def test_an_error_that_is_none_of_a_states_fault_leaves_it_there(here, capsys, monkeypatch):
    root, name = here
    again(root, name, capsys)
    store = root / "results" / name / "smoke" / "store" / "levels"
    state = store / "side" / "chunk_0_0.checkpoint"
    state.write_bytes(b"")
    (store / "side" / "reproduced.json").unlink()

    def little(*_):
        raise ValueError("memory_limit = 1: too little")

    monkeypatch.setattr(importlib.import_module("jaxsnn.sweeps.run"), "open_store", little)
    with pytest.raises(ValueError, match="too little"):
        again(root, name, capsys, paper_figures=("Mean against noise.", "Another caption."))
    assert state.exists()


def test_an_interrupt_keeps_what_is_finished_and_says_how_to_go_on(here, capsys, monkeypatch):
    root, name = here
    from jaxsnn.sweeps.store import Store

    original = Store.write

    def interrupted(self, place, arrays):
        original(self, place, arrays)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", interrupted)
        assert main(["reproduce", "--preset", "smoke", "--only", name]) == 130
    said = " ".join(capsys.readouterr().err.split())
    assert "the same command goes on from there" in said
    assert f"results/{name}/smoke" in said
    assert len(list((root / "results" / name / "smoke" / "store" / "levels" / "markers").iterdir())) == 1
    done, _ = again(root, name, capsys)
    assert not done.fresh
    assert done.claims[0]["verdict"] == "holds"


def test_unknown_papers_and_presets_are_refused(here, capsys):
    _, name = here
    assert main(["reproduce", "--only", "nobody_1999"]) == 2
    assert f"no paper 'nobody_1999' here; there is {name}" in " ".join(capsys.readouterr().err.split())
    assert main(["reproduce", "--preset", "huge"]) == 2
    assert "must be one of smoke, paper" in capsys.readouterr().err


def test_a_figure_that_is_no_longer_drawn_is_removed(here, capsys):
    root, name = here
    home = root / "results" / name / "smoke"
    again(root, name, capsys)
    again(root, name, capsys, paper_figures=('save(fig, folder, "levels"', 'save(fig, folder, "means"'))
    assert (home / "means.pdf").is_file()
    assert not list(home.glob("levels.*"))


def test_the_script_is_the_command(tmp_path):
    """It takes its own checkout, wherever it is called from."""
    script = PACKAGE.parent / "paper_figures" / "reproduce.py"
    words = [sys.executable, str(script), "--only", "nobody_1999"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "timcheck_2022" in " ".join(done.stderr.split())


def test_report_prints_verdicts_and_writes_the_page_again(made, capsys):
    root, _ = made
    home = root / "results" / "small" / "paper"
    page = (home / "report.html").read_bytes()
    (home / "report.html").unlink()
    assert main(["report", str(home)]) == 0
    said = capsys.readouterr().out
    assert "the mean is five" in said
    assert "1 hold, 1 fails" in said.replace("holds", "hold")
    assert (home / "report.html").read_bytes() == page
    assert main(["report", str(root / "results")]) == 2
    assert str(home) in capsys.readouterr().err
    assert main(["report", str(root / "nothing")]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_a_results_folder_without_manifest_still_tells_its_verdicts(made, capsys, tmp_path):
    root, _ = made
    records = read(root / "results" / "small" / "paper" / "claims.json")
    write(tmp_path)
    (tmp_path / "claims.json").write_text(json.dumps(records))
    assert main(["report", str(tmp_path)]) == 0
    assert "so the report stays as it is" in capsys.readouterr().out
    (tmp_path / "claims.json").write_text("[{")
    assert main(["report", str(tmp_path)]) == 2
    assert "is damaged" in capsys.readouterr().err
