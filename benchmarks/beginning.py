"""What comes before the first result: imports, compiling, and the first sweep of somebody who has just installed it.

Every number is that of a fresh process; "cold" has an empty compilation cache, "from the cache" one that a process
before it has filled.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .rows import Row, fact, paired, rows

NAME = "imports, compiling, a newcomer's first sweep"
ROOT = Path(__file__).resolve().parents[1]

COMPILED = """
import json, logging
import jax
from jaxsnn.start import start
from jaxsnn.sweeps import sweep
from benchmarks.workload import STUDY, grid
start(None)
compiled = []
class Counter(logging.Handler):
    def emit(self, record):
        if "Finished XLA compilation" in record.getMessage():
            compiled.append(record.getMessage())
first = sweep(STUDY, grid(), key=jax.random.key(0), chunk={chunk})
seconds = first.attrs["compile_seconds"]
logging.getLogger("jax._src.dispatch").addHandler(Counter())
jax.config.update("jax_log_compiles", True)
logging.getLogger("jax").propagate = False
again = []
def heard(place, progress):
    again.append(len(compiled))
sweep(STUDY, grid(), key=jax.random.key(1), chunk={chunk}, on_segment=heard)
print(json.dumps({{"seconds": seconds, "chunks": len(again), "later": again[-1] - again[0]}}))
"""


def fresh(code: str, folder: str | None = None, **env: str) -> tuple[float, float, str]:
    """Wall and processor seconds of a Python that runs `code`, and what it printed. folder: its home, with caches."""
    homes = {} if folder is None else {"HOME": folder, "XDG_CACHE_HOME": f"{folder}/cache"}
    kept = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    given = {**kept, **homes, "PYTHONPATH": str(ROOT), **env}
    begun, used = time.perf_counter(), _processor()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=given, capture_output=True, text=True)
    taken, used = time.perf_counter() - begun, _processor() - used
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return taken, used, done.stdout


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def first_sweep() -> str:
    """The sweep of the README, without its plot's style."""
    text = (ROOT / "README.md").read_text()
    code = text.split("## A sweep in fifteen lines")[1].split("```python\n")[1].split("```")[0]
    nowhere = code.replace('"optimal_noise.png"', '__import__("io").BytesIO()')
    return f"import matplotlib\nmatplotlib.use('Agg')\n{nowhere}"


def measure(turns: int) -> tuple[list[Row], list[str]]:
    nothing = lambda turn: {"seconds": fresh("")[0]}
    imports = {
        "import jax": lambda turn: {"seconds": fresh("import jax")[0]},
        "jaxsnn: import jaxsnn": lambda turn: {"seconds": fresh("import jaxsnn")[0]},
        "jaxsnn: import jaxsnn, and sweep": lambda turn: {"seconds": fresh("from jaxsnn import sweep")[0]},
        "an empty Python": nothing,
    }
    for call in imports.values():
        call(0)  # files are in memory from now on
    found = rows("import", "s", None, paired(imports, turns), "import jax")
    with tempfile.TemporaryDirectory() as home:
        cold, warm = (json.loads(fresh(COMPILED.format(chunk=64), home)[2].splitlines()[-1]) for _ in range(2))
    with tempfile.TemporaryDirectory() as home:
        newcomer = {which: fresh(first_sweep(), home)[:2] for which in ("cold", "again")}
    note = f"of {warm['chunks']} chunks, as jax logs them"
    found += [
        fact("compiling", "jaxsnn W1, cold", cold["seconds"], "s", "in an empty cache", None),
        fact("compiling", "jaxsnn W1, from the cache", warm["seconds"], "s", "a second process", None),
        fact("compiling", "jaxsnn W1, programs compiled after the first chunk", warm["later"], "programs", note, None),
    ]
    for which, (wall, used) in newcomer.items():
        note = f"the whole program, imports and plot included; {used:.0f} s of processor time"
        found.append(fact("first sweep", f"jaxsnn README, {which}", wall, "s", note, None))
    return found, []
