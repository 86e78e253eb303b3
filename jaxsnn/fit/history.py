"""What a fit leaves behind: loss, metrics, the norm of the gradient and chosen parameters at every step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class History:
    """Arrays [step], or [step, fit] for a grid of fits; NaN for steps that were not run.

    series: "loss", "gradient" (its norm, of the free values) and the loss's own metrics.
    values: trained parameters that are recorded, by path, [step, ..., *shape], before the step.
    score: of the held-out data, NaN where none was asked for, and held_out: the metrics beside it.
    seconds: of wall time, compile_seconds of it compiling.
    """

    series: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    score: np.ndarray
    held_out: dict[str, np.ndarray] = field(default_factory=dict)
    done: int = 0
    seconds: float = 0.0
    compile_seconds: float = 0.0

    @property
    def loss(self) -> np.ndarray:
        """[step] or [step, fit], of the steps that were run."""
        return self.series["loss"][: self.done]

    def arrays(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"series": self.series, "values": self.values, "score": self.score, "held_out": self.held_out}

    def write(self, step: int, series: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Rows of a call of several steps, beginning with `step`."""
        for name, rows in series.items():
            self.series[name][step : step + len(rows)] = np.asarray(rows)
        for path, rows in values.items():
            self.values[path][step : step + len(rows)] = np.asarray(rows)

    def judge(self, step: int, found: Mapping[str, Any]) -> None:
        """ "score" and metrics of a judgement after `step`."""
        for name, value in found.items():
            (self.score if name == "score" else self.held_out[name])[step] = np.asarray(value)

    def plot(self) -> Any:
        """A matplotlib figure: loss and held-out score over steps, and below them every recorded parameter."""
        from ..plotting import figure

        steps = np.arange(1, self.done + 1)
        canvas, axes = figure("single", rows=1 + len(self.values), sharex=True)
        axes = np.atleast_1d(axes)
        flat = lambda rows: rows[: self.done].reshape(self.done, -1)
        axes[0].plot(steps, flat(self.loss), linewidth=0.8)
        judged = np.isfinite(flat(self.score)).any(axis=1)
        if judged.any():
            axes[0].plot(steps[judged], flat(self.score)[judged], ".", color="black")
        finite = self.loss[np.isfinite(self.loss)]
        axes[0].set(ylabel="loss", yscale="log" if finite.size and finite.min() > 0 else "linear")
        for ax, (name, rows) in zip(axes[1:], self.values.items(), strict=True):
            ax.plot(steps, flat(rows), linewidth=0.8)
            ax.set(ylabel=name)
        axes[-1].set(xlabel="step")
        return canvas


def empty_history(
    steps: int, shape: tuple[int, ...], names: list[str], values: Mapping[str, Any], held_out: list[str]
) -> History:
    """shape: () for one fit, (fits,) for a grid; values: example arrays of the recorded parameters.

    held_out: metrics beside the score.
    """
    blank = lambda tail: np.full((steps, *tail), np.nan, np.float64)
    return History(
        {name: blank(shape) for name in names},
        {path: blank(np.shape(value)) for path, value in values.items()},
        blank(shape),
        {name: blank(shape) for name in held_out},
    )
