"""Loading never executes anything: no source of the package has a way to make code out of data."""

import ast

from .sources import PACKAGE, python_files, tree

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "code", "codeop", "runpy"}
CALLS = {"eval", "exec", "compile", "__import__", "execfile", "tree_deserialise_leaves", "load_pytree"}
# A study file that the user names is code that is meant to run; so are the modules that an experiment consists of.
# The package's own parts (__init__) and an extra (on_dask) are imported late, by names that the source has.
RUNNING = {"exec_module", "import_module"}
LOADERS = {
    "sweeps/source.py",
    "trainings/sources.py",
    "reproduction/checkout.py",
    "sweeps/engines/on_dask.py",
    "__init__.py",
}
READERS = {("numpy", "load"), ("np", "load"), ("jnp", "load"), ("yaml", "load"), ("torch", "load")}


def offences(module: ast.Module):
    """What could run code that a file holds, as (line, what)."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names if a.name.partition(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            if (node.module or "").partition(".")[0] in MODULES:
                yield node.lineno, node.module
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in CALLS:
                yield node.lineno, called.id
            if isinstance(called, ast.Attribute):
                owner = called.value.id if isinstance(called.value, ast.Name) else ""
                if called.attr in CALLS - {"compile", "eval", "exec"} or (owner, called.attr) in READERS:
                    safe = [k for k in node.keywords if k.arg == "allow_pickle" and _is_false(k.value)]
                    if not safe:
                        yield node.lineno, f"{owner}.{called.attr}"
                if owner == "builtins":
                    yield node.lineno, f"builtins.{called.attr}"
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle" and not _is_false(keyword.value):
                    yield node.lineno, "allow_pickle"
                if keyword.arg == "shell" and not _is_false(keyword.value):
                    yield node.lineno, "shell"


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_the_package_cannot_turn_data_into_code():
    found = [
        f"{p.relative_to(PACKAGE)}:{line}: {what}" for p in python_files(PACKAGE) for line, what in offences(tree(p))
    ]
    assert not found


def test_studies_are_loaded_in_few_places_only():
    """Whoever adds another way to run a file thinks about SECURITY.md first."""
    loads = {
        path.relative_to(PACKAGE).as_posix()
        for path in python_files(PACKAGE)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in RUNNING
    }
    assert loads <= LOADERS


def test_the_search_sees_each_kind():
    for text in (
        "import pickle",
        "from dill import loads",
        "eval('1')",
        "import builtins\nbuiltins.exec('1')",
        "np.load(f)",
        "np.load(f, allow_pickle=True)",
        "np.load(f, allow_pickle=flag)",
        "eqx.tree_deserialise_leaves(f, like)",
        "subprocess.run('ls', shell=True)",
    ):
        assert list(offences(ast.parse(text))), text
    for text in ("np.load(f, allow_pickle=False)", "jitted.lower().compile()", "re.compile('x')", "data.eval"):
        assert not list(offences(ast.parse(text))), text
