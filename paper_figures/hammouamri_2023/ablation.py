"""What delays bring, and what learning them brings: accuracy of every arm in each comparison."""

from collections.abc import Mapping

import xarray as xr

from experiments.hammouamri_2023.analysis import ROW, released, row, rows, tuned
from jaxsnn.claims import Figure
from jaxsnn.plotting import letter
from jaxsnn.reproduction.page import Page, key, mosaic, number, rows_of

from .page import ARMS, BARS, COLOURS, DATA, MARKS, accuracy, hidden_where_unknown

GROUPS = ("units", "parameters", "tuned", "sparse", "small")
WORDS = {
    "units": "equal units",
    "parameters": "equal\nparameters",
    "tuned": "equal units,\ntuned decay",
    "sparse": "ten inputs\na neuron",
    "small": "few\nparameters",
}


def shown(data: Mapping[str, xr.Dataset], group: str) -> dict[str, xr.Dataset]:
    """One row for each arm of a comparison."""
    decay = released(data["units"])
    if group == "tuned":
        return {arm: tuned(data["units"], arm) for arm in ("none", "random", "annealed")}
    at = lambda panel: {arm: row(data[panel], arm=arm, beta=decay) for arm in _arms(data[panel], decay)}
    learned = {arm: one for arm, one in at("units").items() if arm in ("constant", "annealed")}
    return {**at(group), **(learned if group == "parameters" else {})}


def _arms(table: xr.Dataset, decay: float) -> list[str]:
    there = set(rows(table, beta=decay)["arm"].values.tolist())
    return [arm for arm in ARMS if arm in there]


def arms(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    """Both protocols: points at the best validation epoch, ticks at the best test epoch."""
    canvas, axes = mosaic("double", [["accuracy", "decay"]], 0.42, width_ratios=[2.4, 1])
    ax, table = axes["accuracy"], []
    for place, group in enumerate(GROUPS):
        found = shown(data, group)
        for n, (arm, one) in enumerate(found.items()):
            x = place + 0.15 * (n - (len(found) - 1) / 2)
            value, half = accuracy(one)
            best = value + 100 * float((one["test_best"] - one["test_chosen"]).mean())
            ax.errorbar(
                x, value, hidden_where_unknown(half), color=COLOURS[arm], marker=MARKS[arm], markersize=4,
                elinewidth=0.9, markeredgecolor="white", markeredgewidth=0.4,
            )  # fmt: skip
            ax.plot(x, best, "_", color=COLOURS[arm], markersize=6)
            table += rows_of(
                group, arm=arm, decay=float(one["beta"]), units=int(one["hidden"]), accuracy=value, half_interval=half,
                best_test_epoch=best, parameters=int(one["parameters"].values.ravel()[0]),
            )  # fmt: skip
    ax.set_xticks(range(len(GROUPS)), [WORDS[group] for group in GROUPS])
    ax.set_ylabel("accuracy on test voices (%)")
    ax.tick_params(axis="x", length=0)
    for arm in ("none", "random", "annealed"):
        found = rows(data["units"], arm=arm).sortby("beta")
        beta = found["beta"].values
        both = [accuracy(found.isel({ROW: i})) for i in range(found.sizes[ROW])]
        value, half = ([pair[i] for pair in both] for i in (0, 1))
        axes["decay"].errorbar(
            beta, value, [hidden_where_unknown(h) for h in half], color=COLOURS[arm], marker=MARKS[arm], markersize=4,
            linewidth=0.8, elinewidth=0.9, markeredgecolor="white", markeredgewidth=0.4,
        )  # fmt: skip
        table += rows_of("decay", arm=arm, decay=beta, accuracy=value, half_interval=half)
    axes["decay"].set(xlabel="decay of the membranes in a step", xlim=(-0.05, 1))
    entries = [key(label, colour=COLOURS[arm], marker=MARKS[arm]) for arm, label in ARMS.items()]
    canvas.legend(handles=entries, loc="outside upper center", ncols=len(entries), columnspacing=1.0)
    letter(list(axes.values()))
    chosen = {arm: float(tuned(data["units"], arm)["beta"]) for arm in ("none", "random", "annealed")}
    caption = f"""{DATA}. a: accuracy of each arm at the best validation epoch, {BARS}; ticks: at the best epoch of the
        test set itself, as a protocol without validation voices reports it. Learned delays are rounded. Tuned decays,
        chosen on validation voices: {", ".join(f"{ARMS[a]} {number(b)}" for a, b in chosen.items())}.
        b: against the decay, at equal units. Arms share voices and seeds, so differences are surer than the bars
        suggest; the claims are about those."""
    return page.save(canvas, "ablation", table, caption)
