"""Before a command runs: the compilation cache, the cores, the device; and how long it takes to say hello."""

import json
import subprocess
import sys

import pytest

from jaxsnn import cache
from jaxsnn.reproduction.checkout import PACKAGE
from jaxsnn.start import available_cores

from .toys import call, program


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "own"))
    assert cache.cache_folder() == tmp_path / "own"
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_folder() == tmp_path / "xdg" / "jaxsnn" / "xla"
    monkeypatch.setenv("HOME", str(tmp_path))
    for general in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", general)
        assert cache.cache_folder() == tmp_path / ".cache" / "jaxsnn" / "xla"


def test_a_folder_that_cannot_be_written_is_no_cache_and_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    assert cache.writable(tmp_path / "new" / "folder")
    assert not cache.writable(tmp_path / "file" / "folder")
    assert not cache.writable(None)


def test_importing_the_package_leaves_the_cache_alone_and_a_command_turns_it_on(tmp_path):
    code = """
import os, jax, jaxsnn
print(jaxsnn.sweep.__name__, jax.config.jax_compilation_cache_dir)
from jaxsnn.cache import use_cache
os.environ["XDG_CACHE_HOME"] = "/dev/null"  # cannot be written, which is no error
print(use_cache(), jax.config.jax_compilation_cache_dir)
os.environ["XDG_CACHE_HOME"] = os.getcwd()
print(use_cache() == __import__("pathlib").Path(jax.config.jax_compilation_cache_dir))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.jit(lambda x: x + 1)(1.0)
"""
    environment = {"PYTHONPATH": str(PACKAGE.parent), "PATH": "", "JAX_PLATFORMS": "cpu"}
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["sweep None", "None None", "True"], done.stderr
    assert not done.stderr
    assert list((tmp_path / "jaxsnn" / "xla").iterdir())


@pytest.mark.parametrize(("text", "most"), [("max 100000", 10**6), ("150000 100000", 2), ("1000 100000", 1)])
def test_the_share_of_a_container_limits_the_cores(tmp_path, text, most):
    (tmp_path / "cpu.max").write_text(text)
    unlimited = available_cores(tmp_path / "nothing")
    assert available_cores(tmp_path / "cpu.max") == min(unlimited, most)


def test_help_comes_without_the_heavy_packages():
    code = (
        "import sys, json\nfrom jaxsnn.cli import main\ntry:\n    main(['sweep', '--help'])\nexcept SystemExit: pass\n"
        "print(json.dumps(sorted(set(sys.modules) & {'jax', 'numpy', 'xarray', 'zarr', 'matplotlib', 'jinja2'})))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True)
    assert "--independent" in done.stdout
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.slow
def test_the_doctor_shows_the_machine_and_holds_a_sweep_against_theory(capsys):
    code, said, _ = call(capsys, "doctor")
    assert code == 0
    lines = {line[3:13].strip(): line[14:] for line in said.splitlines()}
    assert {"jaxsnn", "versions", "cores", "device", "cache", "self-test"} <= set(lines)
    assert "jax 0" in lines["versions"]
    found, expected = (float(word.strip(",")) for word in lines["self-test"].split() if word[0].isdigit())
    assert found == pytest.approx(expected, rel=0.1)
    assert found != expected
    assert expected == pytest.approx(0.763, abs=1e-3)  # sqrt(1/12 + 1/2), nearly


def test_a_machine_without_the_device_asked_for_gets_a_readable_answer(tmp_path):
    done = program("doctor", cwd=tmp_path, JAX_PLATFORMS="cuda")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    line = next(line for line in done.stdout.splitlines() if "device" in line)
    assert line.startswith("!!")
    assert "JAX_PLATFORMS=cuda asks for one that is not there; unset it" in line
