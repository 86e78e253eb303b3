"""Another project publishes a package of the same import name; the two in one environment are refused with a remedy."""

import os
import shutil
import subprocess
import sys

import pytest

from jaxsnn import _clash

from .sources import PACKAGE


@pytest.fixture
def site(tmp_path):
    """An installed copy of the first two files of the package, with its own metadata beside it."""
    (tmp_path / "jaxsnn").mkdir()
    for name in ("__init__.py", "_clash.py"):
        shutil.copy(PACKAGE / name, tmp_path / "jaxsnn" / name)
    install(tmp_path, "spikegrid-0.1.0", "jaxsnn/__init__.py")
    return tmp_path


def install(folder, name, owns):
    info = folder / f"{name}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\n")
    (info / "RECORD").write_text(f"{owns},sha256=0,1\n{name}.dist-info/RECORD,,\n")


def try_import(*folders):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))}
    command = [sys.executable, "-c", "import jaxsnn; print(jaxsnn.__file__)"]
    return subprocess.run(command, cwd=folders[0], env=environment, capture_output=True, text=True, timeout=60)


def test_the_package_alone_imports(site):
    done = try_import(site)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(site))


def test_the_other_project_is_refused_and_the_remedy_named(site):
    install(site, "jaxsnn-0.3.0", "jaxsnn/__init__.py")
    done = try_import(site)
    assert done.returncode != 0
    message = done.stderr.splitlines()
    assert message[-3].startswith(
        "ImportError: another project installs a package called 'jaxsnn' too: jaxsnn-0.3.0 in"
    )
    assert message[-2].strip() == "pip uninstall -y jaxsnn spikegrid"


def test_the_other_project_is_refused_in_another_folder_of_the_path_too(site, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    install(elsewhere, "jaxsnn-0.3.0", "jaxsnn/__init__.py")
    done = try_import(site, elsewhere)
    assert done.returncode != 0
    assert f"jaxsnn-0.3.0 in {elsewhere}" in done.stderr


def test_any_distribution_that_owns_files_of_the_package_is_a_claimant(site):
    install(site, "stranger-2.0", "jaxsnn/core.py")
    install(site, "neighbour-1.0", "jaxsnn_tools/__init__.py")
    install(site, "vendor-1.0", "vendor/jaxsnn/__init__.py")
    assert _clash.claimants(site, []) == [f"stranger-2.0 in {site}"]


def test_a_folder_that_is_gone_is_no_claimant(tmp_path):
    assert _clash.claimants(tmp_path, [str(tmp_path / "gone"), str(tmp_path / "x.zip")]) == []
