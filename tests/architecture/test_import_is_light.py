"""`import jaxsnn` and what networks are built of load jax and equinox; stores, plots and command lines come later."""

import json
import subprocess
import sys

import pytest

from .sources import PACKAGE, ROOT

HEAVY = ["xarray", "zarr", "matplotlib", "diffrax", "optimistix", "optax", "tyro", "rich", "jinja2", "pandas"]
LIGHT = ["core", "gradients", "noise", "delays", "engine", "neurons", "synapses", "readouts", "networks"]


def loaded_after(code):
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_the_parts_of_a_network_load_without_the_heavy_packages():
    present = [part for part in LIGHT if (PACKAGE / part / "__init__.py").is_file()]
    assert "core" in present
    loaded = loaded_after("import jaxsnn; jaxsnn.Cell\n" + "\n".join(f"jaxsnn.{part}" for part in present))
    missing = {"jax", "equinox", *(f"jaxsnn.{part}" for part in present)} - loaded
    heavy = loaded.intersection(HEAVY)
    assert not missing
    assert not heavy


def test_the_short_names_are_the_names_of_the_parts():
    import jaxsnn
    from jaxsnn import core

    assert jaxsnn.Cell is core.Cell
    assert jaxsnn.param is core.param
    assert {"Cell", "core", "sweep"} <= set(dir(jaxsnn))
    with pytest.raises(AttributeError, match="no attribute 'nothing'; it has Cell"):
        _ = jaxsnn.nothing
