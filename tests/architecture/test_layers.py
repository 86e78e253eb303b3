"""Who may import whom, and what may be written in one place only: the architecture, kept true by reading the code."""

import ast
import re
import sys
import tomllib

from .sources import PACKAGE, ROOT, called_name, imports, part_of, parts, python_files, tree

CELLS = {"core", "gradients", "noise", "delays", "neurons", "synapses", "dendrites", "analog", "readouts"}
ANYTHING = None

MAY_IMPORT = {
    "core": set(),
    "gradients": {"core", "events", "noise"},
    "events": {"core"},
    "noise": {"core"},
    "delays": {"core", "gradients"},
    "engine": {"core"},
    "neurons": {"core", "gradients", "noise"},
    "synapses": {"core", "delays", "gradients", "noise"},
    "dendrites": {"core", "noise"},
    "analog": {"core", "noise"},
    "readouts": {"core"},
    "layers": {"core", "noise"},
    "networks": CELLS | {"events", "layers"},
    "sweeps": {"core", "engine", "statistics", "workers"},
    "fit": {"core", "engine", "plotting"},
    "trainings": {"core", "engine", "fit", "heap", "start", "sweeps", "workers"},
    "theory": set(),  # knows no simulator: that is why their agreement means something
    "spiketrains": {"core"},
    "statistics": set(),
    "data": set(),
    "plotting": set(),
    "claims": {"theory", "statistics"},
    "worker": {"core", "engine", "sweeps", "start", "workers"},
    "workers": set(),  # a worker listens before it loads anything
    "cache": set(),
    "heap": set(),
    "start": {"cache", "sweeps"},
    "reproduction": ANYTHING,
    "commands": ANYTHING,
    "cli": ANYTHING,
    "__init__": ANYTHING,
    "_clash": set(),
}


def top(found):
    return found.target.split(".")[0]


def misdirected(package, table):
    """Imports of the package's own parts that the table does not allow."""
    wrong = []
    for found in imports(package):
        names = found.target.split(".")
        if names[0] != package.name:
            continue
        target = names[1] if len(names) > 1 else "__init__"
        allowed = table.get(found.part, set())
        if allowed is not ANYTHING and target != found.part and target not in allowed:
            wrong.append(f"{found.where}: {found.part} imports {target}; it may import {sorted(allowed) or 'no part'}")
    return wrong


def test_imports_point_the_way_the_table_says():
    assert not misdirected(PACKAGE, MAY_IMPORT)


def test_every_part_of_the_package_stands_in_the_table():
    assert parts(PACKAGE) <= set(MAY_IMPORT), "a new part: say in MAY_IMPORT what it may import"


def test_a_wrong_import_is_found_in_each_way_of_writing_it(tmp_path):
    package = tmp_path / "jaxsnn"
    (package / "theory" / "deep").mkdir(parents=True)
    (package / "cli.py").write_text("from .engine import simulate\n")
    wrong = [
        "from ..engine import simulate",
        "from ..engine.simulate import simulate",
        "from .. import engine",
        "import jaxsnn.engine",
        "from jaxsnn.engine import simulate",
        "def late():\n    from ..engine import simulate",
    ]
    (package / "theory" / "deep" / "right.py").write_text(
        "import jax\nfrom ..special import tail\nfrom . import other\n"
    )
    for number, line in enumerate(wrong):
        (package / "theory" / f"wrong{number}.py").write_text(line + "\n")
    assert len(misdirected(package, MAY_IMPORT)) == len(wrong)


def test_the_package_refers_to_itself_by_relative_imports():
    absolute = [found.where for found in imports(PACKAGE) if not found.relative and found.target.startswith("jaxsnn")]
    assert not absolute


def test_core_needs_only_jax_and_equinox():
    allowed = {"jax", "equinox", "jaxtyping", "numpy", "jaxsnn"} | sys.stdlib_module_names
    assert not [f"{i.where}: {i.target}" for i in imports(PACKAGE) if i.part == "core" and top(i) not in allowed]


def test_what_is_imported_at_once_is_a_declared_dependency():
    """Extras are imported inside the function that needs them, so that the package loads without them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[^\w-]", line)[0].replace("-", "_") for line in project["dependencies"]}
    allowed = declared | sys.stdlib_module_names | {"jaxsnn"}
    assert not [f"{i.where}: {i.target}" for i in imports(PACKAGE) if not i.deferred and top(i) not in allowed]


def test_only_public_names_of_jax_are_used():
    assert not [i.where for i in imports(PACKAGE) if i.target.startswith("jax.") and "._" in i.target]


# What is written in one place only ------------------------------------------------------------------------------------


def uses(names, outside):
    """Where any of these names is used in the package, in parts not named by `outside`."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files(PACKAGE)
        if part_of(path, PACKAGE) not in outside
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name | ast.Attribute) and called_name(node) in names
    ]


def test_custom_derivatives_live_in_gradients():
    names = {"custom_vjp", "custom_jvp", "custom_gradient", "filter_custom_vjp", "filter_custom_jvp"}
    assert not uses(names, outside={"gradients"})


# A loop in a cell is a loop over something else than time: say over what. `core` has the two that parts share, the scan
# of a Span and the relaxation that an `unroll` solves for a whole stretch.
LOOPS = {
    "jaxsnn/delays/convolve.py": "over the lags of a kernel",
    "jaxsnn/synapses/deliver.py": "over the spikes of a step",
    "jaxsnn/synapses/gather.py": "over the entries of index lists",
    "jaxsnn/gradients/eventprop.py": "backwards over a log of events",
}


def test_cells_leave_the_loop_over_time_to_the_engine_and_the_span():
    free = set(MAY_IMPORT) - CELLS - {"networks"} | {"core"}
    assert not [where for where in uses({"scan", "while_loop"}, outside=free) if where.split(":")[0] not in LOOPS]


def mentions_dt(node):
    """Whether dt stands in this expression, other than inside an exponential: exact coefficients may have a root."""
    if isinstance(node, ast.Call) and called_name(node.func) in {"exp", "expm1"}:
        return False
    return called_name(node) == "dt" or any(mentions_dt(child) for child in ast.iter_child_nodes(node))


def roots_of_dt(module):
    for node in ast.walk(module):
        power = (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.right) in {"0.5", "-0.5"}
        )
        root = isinstance(node, ast.Call) and called_name(node.func) in {"sqrt", "rsqrt"}
        if (power and mentions_dt(node.left)) or (root and any(mentions_dt(argument) for argument in node.args)):
            yield node.lineno


def test_the_root_of_dt_appears_in_noise_only():
    """Noise whose size is set elsewhere is noise that depends on dt. `theory` knows no steps and is free."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in python_files(PACKAGE)
        if part_of(path, PACKAGE) not in {"noise", "theory"}
        for line in roots_of_dt(tree(path))
    ]
    assert not found


def test_a_root_of_dt_is_recognised_and_an_exact_coefficient_is_not_one():
    wrong = "a = sigma * jnp.sqrt(tick.dt)\nb = jnp.sqrt(2 * rate * dt)\nc = sigma * dt**0.5\n"
    right = "d = sigma * jnp.sqrt(-jnp.expm1(-2 * rate * tick.dt) / (2 * rate))\ne = jnp.sqrt(width)\nf = dt**2\n"
    assert sorted(roots_of_dt(ast.parse(wrong + right))) == [1, 2, 3]
