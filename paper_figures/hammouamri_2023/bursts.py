"""Burst patterns: accuracy over noise and longest delay, sequence detection, delays in recurrent synapses."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.hammouamri_2023.bursts import TASK
from jaxsnn.claims import Figure
from jaxsnn.plotting import MARKERS, MEANING, SERIES, add_bar, heatmap, letter, log_axis, points
from jaxsnn.reproduction.page import DASHED, Page, bars, key, legend_above, listed, mean, mosaic, rows_of, seeds_of

BARS = "bars: 95 % intervals over {seeds} seeds"
LONGEST = "longest delay (steps)"
ARMS = {"none": "none", "one_step": "one step", "random": "random", "learned": "learned"}
CHANCE = 1 / TASK.classes
SHOWN = (  # arm, result, what it is called
    ("random", "accuracy", "random"),
    ("blurred", "as_trained", "random, wide kernel"),
    ("learned", "as_trained", "learned, wide kernel"),
    ("learned", "accuracy", "learned, rounded"),
    ("settled", "accuracy", "learned, settled"),
)


def burst_map(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    table = data["bursts"]["accuracy"].transpose("arm", "noise", "longest", "seed")
    noise, longest = table["noise"].values, table["longest"].values
    canvas, axes = mosaic("double", [["random", "settled", "gain", "cut"]], 0.32, width_ratios=[1, 1, 1, 1.5])
    rows = []
    share = table.mean("seed")
    for name in ("random", "settled"):
        mesh = _map(axes[name], longest, noise, share.sel(arm=name).values, (CHANCE, 1.0))
        axes[name].set_title({"random": "random delays", "settled": "learned delays"}[name])
        rows += _cells(name, share.sel(arm=name))
    add_bar([axes["settled"]], mesh, "accuracy")
    gain = share.sel(arm="settled") - share.sel(arm="random")
    reach = max(0.01, float(np.abs(gain).max()))
    mesh = _map(axes["gain"], longest, noise, gain.values, (-reach, reach))
    mesh.set_cmap("RdBu_r")
    add_bar([axes["gain"]], mesh, "difference")
    axes["gain"].set_title("learned - random")
    rows += _cells("learned - random", gain)
    rows += _cut(axes["cut"], data["bursts"])
    for name in ("random", "settled", "gain"):
        axes[name].set_xlabel(LONGEST)
    axes["random"].set_ylabel("noise (thresholds)")
    letter(list(axes.values()))
    caption = f"""Accuracy on {TASK.classes} burst patterns over noise and longest delay (a, b), what learning them
        gains (c: the weights settle behind the rounded delays), and all arms at one noise (d; dashed: not
        rounded, behind kernels of 0.5 steps). The membranes have no memory to speak
        of, so that only delays can bring the bursts of a pattern together; the patterns last {TASK.longest} steps
        (dotted). Black: a count of coincidences behind the optimal delays, on the same samples, without noise in the
        threshold. {BARS.format(seeds=seeds_of(data, "bursts"))}; seeds share their initial networks and samples over
        the map."""
    return page.save(canvas, "bursts", rows, caption)


def _map(ax, longest, noise, values, limits):
    place = np.arange(len(longest), dtype=float)
    mesh = heatmap(ax, place, noise, values, label="accuracy", log="y", limits=limits, bar=False)
    every = 1 + len(longest) // 7  # more labels than six would touch
    ax.set_xticks(place[::every], [f"{v:g}" for v in longest[::every]])
    ax.set_yticks(noise, [f"{v:g}" for v in noise])
    ax.minorticks_off()
    return mesh


def _cells(panel: str, values: xr.DataArray) -> list[dict]:
    noise, longest = np.meshgrid(values["noise"].values, values["longest"].values, indexing="ij")
    return rows_of(panel, noise=noise.ravel(), longest=longest.ravel(), value=values.values.ravel())


def _cut(ax, table: xr.Dataset) -> list[dict]:
    """At a noise level in the middle."""
    rows, longest, level = [], table["longest"].values, table["noise"].values[table.sizes["noise"] // 2]
    for (arm, name, label), colour, marker in zip(SHOWN, SERIES, MARKERS, strict=False):
        value, half = bars(mean(table[name].sel(arm=arm, noise=level).transpose("longest", "seed")))
        dash = "-" if name == "accuracy" else DASHED
        ax.errorbar(
            longest, value, half, color=colour, marker=marker, markersize=3, linewidth=0.8, elinewidth=0.8,
            linestyle=dash, label=label,
        )  # fmt: skip
        rows += rows_of("cut", arm=label, noise=level, longest=longest, value=value, half_interval=half)
    ideal = float(table["ideal"].mean())
    ax.axhline(ideal, color=MEANING["theory"], linewidth=0.8)
    ax.axhline(CHANCE, color=MEANING["baseline"], linewidth=0.7, linestyle=DASHED)
    ax.axvline(TASK.longest, color=MEANING["ink"], linewidth=0.7, linestyle=":")
    ax.set(xlabel=LONGEST, ylabel="accuracy", ylim=(0, 1.04), title=f"noise {level:g}")
    ax.legend(loc="lower right", fontsize=6)
    return [*rows, *rows_of("ideal", value=ideal)]


def sequence(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    table = data["sequence"]
    rounds = np.arange(table.sizes["accuracy_dim0"])
    canvas, axes = mosaic("double", [["accuracy", "lead"]], 0.36)
    rows = []
    for rate, colour in zip(table["rate"].values, SERIES, strict=False):
        one = table.sel(rate=rate)
        for name, values in (("accuracy", one["accuracy"]), ("lead", one["lead"].mean("lead_dim1"))):
            value, half = bars(mean(values.transpose(..., "seed")))
            axes[name].fill_between(rounds, value - half, value + half, color=colour, alpha=0.25, linewidth=0)
            axes[name].plot(rounds, value, color=colour, linewidth=1.0, label=f"{rate:g} ms")
            rows += rows_of(name, rate=rate, round=rounds, value=value, half_interval=half)
    axes["accuracy"].set(xlabel="presentations of both patterns", ylabel="accuracy", ylim=(-0.04, 1.04))
    axes["lead"].set(xlabel="presentations of both patterns", ylabel="difference of the two delays (ms)")
    axes["lead"].axhline(10.0, color=MEANING["target"], linewidth=0.8, linestyle=DASHED)
    axes["lead"].axhline(0.0, color=MEANING["baseline"], linewidth=0.7)
    axes["accuracy"].legend(title="rate of Adam", loc="lower right")
    letter(list(axes.values()))
    solved = listed([float(v) for v in table["solved"].mean("seed").values])
    caption = f"""Two outputs learn which of two inputs leads, by moving two delays each from the worst assignment. a:
        share of patterns recognised. b: by how much each output's right delay exceeds the other, mean over outputs;
        dashed: the difference that makes its two inputs coincide. Solved for good after {solved} rounds (mean over
        {seeds_of(data, "sequence")} seeds, in the order of the legend). Bands: 95 % intervals."""
    return page.save(canvas, "sequence", rows, caption)


def recurrent(page: Page, data: Mapping[str, xr.Dataset]) -> Figure:
    table = data["recurrent"]
    arms = [str(arm) for arm in table["arm"].values]
    canvas, axes = mosaic("double", [["accuracy", "loss", "delays"]], 0.32)
    place, rows = np.arange(len(arms)), []
    for i, units in enumerate(table["hidden"].values):
        value, half = bars(mean(table["accuracy"].sel(hidden=units).transpose("arm", "seed")))
        points(axes["accuracy"], place + 0.13 * i, value, half, colour=SERIES[i], marker=MARKERS[i], label=f"{units}")
        rows += rows_of("accuracy", arm=arms, hidden=units, value=value, half_interval=half)
    axes["accuracy"].legend(title="units", loc="lower right")
    fewest, table = int(table["hidden"].values[0]), table.isel(hidden=0)
    axes["accuracy"].axhline(CHANCE, color=MEANING["baseline"], linewidth=0.7, linestyle=DASHED)
    axes["accuracy"].set_xticks(place, [ARMS[arm] for arm in arms])
    axes["accuracy"].set(ylabel="accuracy", ylim=(0, 1.04), xlabel="recurrent delays")
    steps = (np.arange(table.sizes["curve_dim0"]) + 0.5) / table.sizes["curve_dim0"]
    for arm, colour in zip(arms, SERIES, strict=False):
        loss = table["curve"].sel(arm=arm).mean("seed").values
        axes["loss"].plot(steps, loss, color=colour, linewidth=1.0)
        rows += rows_of("loss", arm=arm, share_of_training=steps, value=loss)
    log_axis(axes["loss"], "y")
    axes["loss"].set(xlabel="share of training", ylabel="cross-entropy")
    lag = np.arange(table.sizes["delays_after_dim0"])
    for name, colour in (("before", MEANING["baseline"]), ("after", SERIES[arms.index("learned")])):
        counts = table[f"delays_{name}"].sel(arm="learned").sum("seed").values
        axes["delays"].step(lag, counts / counts.sum(), where="mid", color=colour, linewidth=1.0, label=name)
        rows += rows_of(f"delays {name}", delay=lag, value=counts / counts.sum())
    axes["delays"].set(xlabel="learned delay (steps)", ylabel="share of synapses", ylim=(0, None))
    axes["delays"].legend(loc="best")
    legend_above(canvas, [key(ARMS[arm], colour=c, dash="-") for arm, c in zip(arms, SERIES, strict=False)])
    letter(list(axes.values()))
    caption = f"""Delays in the recurrent synapses only, on the same patterns; input synapses have none, and membranes
        no memory. a: accuracy ({BARS.format(seeds=seeds_of(data, "recurrent"))}; dashed: chance). b: loss, mean over
        seeds, of networks with {fewest} units; that of learned delays is taken behind wide kernels at first. c: delays
        before and after learning, all seeds together, of the same networks."""
    return page.save(canvas, "recurrent", rows, caption)
