"""The bars that the project has set itself, whether the rows meet them, and what stands in the way if they do not."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .rows import Row

Found = Mapping[str, Sequence[Row]]


def row_of(found: Found, workload: str, work: str, implementation: str) -> Row | None:
    """The first row whose texts begin so."""
    rows = found.get(workload, [])
    return next((r for r in rows if r.work.startswith(work) and r.implementation.startswith(implementation)), None)


def ratio(workload: str, work: str, implementation: str) -> Callable[[Found], float | None]:
    """The ratio of that row: its time over that of the row it is compared with."""
    return lambda found: getattr(row_of(found, workload, work, implementation), "ratio", None)


def value(workload: str, work: str, implementation: str) -> Callable[[Found], float | None]:
    return lambda found: getattr(row_of(found, workload, work, implementation), "value", None)


def peak(workload: str, work: str, implementation: str) -> Callable[[Found], float | None]:
    return lambda found: getattr(row_of(found, workload, work, implementation), "peak_mb", None)


def over(top: Callable[[Found], float | None], bottom: Callable[[Found], float | None]):
    """The quotient of two numbers of which either may be missing."""

    def quotient(found: Found) -> float | None:
        a, b = top(found), bottom(found)
        return a / b if a and b else None

    return quotient


def least_of_peers(workload: str, work: str) -> Callable[[Found], float | None]:
    """The smallest ratio of the implementations that are not ours: the strongest peer."""

    def strongest(found: Found) -> float | None:
        rows = [r for r in found.get(workload, []) if r.work.startswith(work) and r.ratio]
        return min((r.ratio for r in rows if r.ratio and not r.implementation.startswith("jaxsnn")), default=None)

    return strongest


@dataclass(frozen=True)
class Bar:
    """least: the measured number must be at least so large, most: at most; stretch: what would be better still.

    way: what stands in the way, said where it is not met.
    """

    what: str
    measure: Callable[[Found], float | None]
    least: float | None = None
    most: float | None = None
    stretch: float | None = None
    way: str = ""

    def line(self, found: Found) -> str:
        number = self.measure(found)
        bar = f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"
        wish = "" if self.stretch is None else f"{self.stretch:g}"
        if number is None or math.isnan(number):
            return f"| {self.what} | {bar} | {wish} | - | not measured |"
        verdict = self.verdict(number)
        said = f"{verdict}: {self.way}" if self.way and "not met" in verdict else verdict
        return f"| {self.what} | {bar} | {wish} | {number:.3g} | {said} |"

    def verdict(self, number: float) -> str:
        up = self.least is not None
        reaches = lambda goal: goal is not None and (number >= goal if up else number <= goal)
        if reaches(self.stretch):
            return "met, stretch too"
        return "met" if reaches(self.least if up else self.most) else "**not met**"


ALL, ONE = ("sweep", "W1, all cores"), ("sweep", "W1, one core")
C, C_TUNED = (ratio(*ALL, f"C loop, own normals ({kind}") for kind in ("Box-Muller", "vectorised by hand"))
MANY, FEW = (("sizes", "networks", f"jaxsnn sweep, {n} networks") for n in (102400, 1024))
HOST = (
    "the computing alone is faster by more than that; the host's part of a call, checks and tracing, is paid once and "
    "takes an eighth of this short one. 1.59 and 1.38 in two runs on a machine that others used too, which slows this "
    "sweep more than the loop"
)
CUBA = (
    "half of a step is the work of a dozen passes over the neurons, where Brian2, which updates the linear equations "
    "with constants that it computed beforehand, makes one; the rest copies what the loop carries and calls programs"
)
PRODUCTS = (
    "188 products of 128 x 700 x 256 where one large product is twice as fast for each operation, and 135 MB of kernel "
    "to transform and to write"
)
DELAYED = ("training", "W2 with delays up to 25 steps")

BARS = [
    Bar("W1: times faster than a C loop with normals of its own (log and cos of the C library)", C, 1.2, stretch=2,
        way=HOST),
    Bar("W1: the same, beside the fastest C loop that we could write", C_TUNED, 1.2, stretch=2,
        way=HOST),
    Bar("W1: times faster than Brian2 C++ standalone, a core each", ratio(*ONE, "Brian2"), 40,
        way="Brian2 makes 50 to 60 million updates a second here, twice what it made where the bar was set. 39.2 "
        "and 40.6 in two runs on a machine that others used too, which slows this sweep more than Brian2"),
    Bar("W1: times faster than naive vmapped JAX, a core each", ratio(*ONE, "naive"), 18,
        way="20.1 and 20.3 in two runs on a machine that others used too, which slows this sweep more than the naive "
        "form; that makes 100 to 120 million updates a second on a core, and made 68 where the bar was set"),
    Bar("W1, independent normals: times the C loop's time",
        over(ratio(*ALL, "jaxsnn sweep, independent"), C), most=2.5, stretch=1.5,
        way="more than half of the time is threefry with all its rounds and Box-Muller (`benchmarks.kernels`)"),
    Bar("W1: rate at 102 400 networks over that at 1024", over(value(*MANY), value(*FEW)), 0.9),
    Bar("W1: peak memory at 102 400 networks over that at 1024", over(peak(*MANY), peak(*FEW)), most=1.1),
    Bar("compiling W1, cold, s", value("beginning", "compiling", "jaxsnn W1, cold"), most=8, stretch=5),
    Bar("compiling W1, from the cache, s", value("beginning", "compiling", "jaxsnn W1, from"), most=2, stretch=1),
    Bar("W1: programs compiled after the first chunk", value("beginning", "compiling", "jaxsnn W1, programs"), most=0),
    Bar("scheduling, storing, markers: per cent of a sweep with chunks of 5 s",
        value("overhead", "scheduling", "jaxsnn sweep, inline"), most=2, stretch=1),
    Bar("W2: times faster than the fastest peer", least_of_peers("training", "W2 700"), 1.3, stretch=2,
        way="the derivative by the spikes is a product of matrices still, as in spyx"),
    Bar("W2 with 26 lags: times our step without delays, both by products of matrices",
        over(lambda found: 1.0, ratio(*DELAYED, "jaxsnn, no delays")), most=4.5, stretch=3, way=PRODUCTS),
    Bar("W2 with 26 lags: times our step without delays by the spike",
        over(lambda found: 1.0, ratio(*DELAYED, "jaxsnn, no delays, by the spike")), most=4.5, stretch=3,
        way="by the spike the step without delays takes 0.6 of its time by products of matrices, as which the bar was "
        "set; a spike with 26 lags is 26 rows to add, which by estimate takes longer than the products by frequency"),
    Bar("W2 with 26 lags: times faster than torch conv1d", ratio(*DELAYED, "conv1d"), 4, stretch=8, way=PRODUCTS),
    *(
        Bar(f"W3, {model} with {size} neurons, 1.5 ms: times Brian2's time",
            ratio("sparse", f"W3, {model}, {size} neurons, 1.5 ms", "jaxsnn"), most=2, stretch=1, way=way)
        for model, way in (("CUBA", CUBA), ("COBA", "")) for size in (4000, 20000)
    ),
    Bar("W4: reverse mode, times a run without gradient", ratio("gradients", "W4", "jaxsnn, reverse"), most=4,
        way="a run without gradient takes half of what it took when this was 5, reverse mode 0.75 of it; the run is "
        "made twice, once to know the states between its stretches and once to keep what a stretch leaves behind: 0.5 "
        "kB for each network and step, which XLA fills with zeros, writes and reads; the rest is some fifty programs a "
        "step, of which none takes more than a tenth. A backward pass written by hand for this network alone took 5.2 "
        "times its run (seen once; docs/speed.md)"),
    Bar("W4: memory of reverse mode for 1024 networks, a chunk of 256 at a time, MB",
        peak("gradients", "W4", "jaxsnn, reverse"), most=1000),
    Bar("W4: forward mode with one parameter, times a run without gradient",
        ratio("gradients", "W4", "jaxsnn, forward mode, 1"), most=2.5),
    Bar("`import jaxsnn` (parts are loaded when first named), times `import jax`",
        ratio("beginning", "import", "jaxsnn: import jaxsnn"), most=1.4),
    Bar("`from jaxsnn import sweep`, times `import jax`",
        ratio("beginning", "import", "jaxsnn: import jaxsnn, and"), most=1.4),
    Bar("first sweep of a newcomer, cold, s", value("beginning", "first sweep", "jaxsnn README"), most=20),
]  # fmt: skip


def table_of_bars(found: Found, further: Sequence[Bar] = ()) -> str:
    """All bars in one table; further: those that a workload's module brings."""
    lines = ["| what | bar | stretch | measured | |", "| --- | --- | --- | --- | --- |"]
    return "\n".join(lines + [bar.line(found) for bar in [*BARS, *further]]) + "\n"
