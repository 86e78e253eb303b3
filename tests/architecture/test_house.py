"""Rules of the house that a reader would otherwise have to check by eye."""

import ast
import dataclasses
import re
import tomllib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .sources import PACKAGE, ROOT, checkout_files, python_files, tree

SCRIPTS = [ROOT / name for name in ("experiments", "paper_figures", "benchmarks")]
LONGEST = 400


def test_no_file_is_longer_than_one_concept_needs():
    files = python_files(PACKAGE, ROOT / "tests", *SCRIPTS)
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def test_every_public_module_says_what_it_is():
    public = [path for path in python_files(PACKAGE, *SCRIPTS) if path.name == "__init__.py" or path.name[0] != "_"]
    assert not [str(path.relative_to(ROOT)) for path in public if not ast.get_docstring(tree(path))]


# Written in pieces, so that this file does not find itself.
INDEX = r"https?://[^ ]+/(?:simple|packages)/|--(?:extra-)?" + r"index-url|find-" + r"links"
HOMES = (
    r"(?<![\w.])/(?:" + "|".join(["work", "farm", "root", "home/[a-z]", "tmp/[a-z]", "opt/[a-z]", "Users/[a-z]"]) + ")"
)
LEAK = re.compile(f"{INDEX}|{HOMES}/", re.IGNORECASE)


def test_no_committed_file_names_a_package_index_or_a_folder_of_one_machine():
    found = []
    for path in checkout_files():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        lines = content.decode("utf-8", errors="replace").splitlines()
        found += [f"{path.relative_to(ROOT)}:{n}: {line[:120]}" for n, line in enumerate(lines, 1) if LEAK.search(line)]
    assert not found


def pins(name):
    """The versions in a requirements file, each of which must carry a hash."""
    text = (ROOT / "requirements" / name).read_text()
    entries = re.findall(r"^(\S+)==(\S+)(.*?)(?=^\S|\Z)", text.replace("\\\n", ""), flags=re.MULTILINE | re.DOTALL)
    assert entries
    assert not [package for package, _, rest in entries if "--hash=sha256:" not in rest]
    return {canonicalize_name(package): version for package, version, _ in entries}


def test_the_pinned_versions_are_those_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core, dev = pins("core.txt"), pins("dev.txt")
    assert core.items() <= dev.items(), "the dev group includes the core group: `make lock`"
    extras = project["optional-dependencies"]
    wanted = {"core.txt": (core, project["dependencies"]), "dev.txt": (dev, [*extras["tests"], *extras["bench"]])}
    for name, (pinned, lines) in wanted.items():
        for requirement in map(Requirement, lines):
            version = pinned.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement} is not in requirements/{name}: `make lock`"
            assert requirement.specifier.contains(version), f"{requirement}, but requirements/{name} has {version}"


def test_annotations_of_the_package_are_enforced_while_tests_run():
    from jaxsnn.core import decay

    with pytest.raises(TypeCheckError):
        decay("no array", jnp.ones(()))


# Parameters -----------------------------------------------------------------------------------------------------------


def strays(module):
    """Numbers in a module that are neither strongly typed arrays nor sizes: they get no gradient, or trace again."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(module):
        weak = isinstance(leaf, jax.Array) and leaf.weak_type
        if weak or isinstance(leaf, bool | int | float | complex | np.generic):
            yield f"{type(module).__name__}{jax.tree_util.keystr(path)} = {leaf!r}"
    yield from static_floats(module)


def static_floats(module):
    for field in dataclasses.fields(module):
        value = getattr(module, field.name, None)
        if field.metadata.get("static") and isinstance(value, float):
            yield f"{type(module).__name__}.{field.name} = {value!r} (static)"
        for child in jax.tree.leaves(value, is_leaf=is_module):
            if is_module(child):
                yield from static_floats(child)


def is_module(node):
    return isinstance(node, eqx.Module) and dataclasses.is_dataclass(node)


def test_nothing_in_the_catalogue_holds_a_stray_number():
    from tests.catalogue import CELLS, KERNELS, RULES

    listed = [*CELLS, *KERNELS, *RULES]
    assert listed
    assert not [f"{entry.name}: {stray}" for entry in listed for stray in strays(entry.make())]


def test_a_stray_number_is_seen_wherever_it_hides():
    class Part(eqx.Module):
        width: float = eqx.field(static=True, default=0.5)
        order: int = eqx.field(static=True, default=3)

    class Whole(eqx.Module):
        gain: object
        parts: list

    good = Whole(jnp.ones(2), [np.zeros(3)])
    assert not list(strays(good))
    assert len(list(strays(Whole(1.0, [jnp.asarray(2.0), Part()])))) == 3


def test_what_the_pages_point_to_exists_and_nothing_is_left_to_fill_in():
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = page.read_text()
        assert not re.search(r"@[A-Z]+@", text), page
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name}: {target}"
