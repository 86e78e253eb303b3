"""The picture of docs/spoken_digits.md: the ear's filters, and one word in four voices.

python -m experiments.spoken_digits.figure docs/figures
"""

import sys
from pathlib import Path

import numpy as np

from jaxsnn.plotting import figure, style

from .ear import DEFAULT
from .frozen import load, manifest
from .membrane import filter_bank


def main(folder: Path) -> None:
    """Writes spoken_digits.png."""
    data, speakers = load(), manifest()["speakers"]
    bank = np.abs(filter_bank(15, 4096, DEFAULT.rate, grid=400))
    frequency = np.fft.rfftfreq(4096, 1 / DEFAULT.rate)
    test, other = data["test"], data["flite"]
    women, men = speakers.index("f5"), speakers.index("paul")
    chosen = [(test, women, 7), (test, men, 7), (other, speakers.index("slt"), 7), (test, women, 17)]
    with style():
        fig, axes = figure("double", columns=5, aspect=1.3)
        for row in bank[::2]:
            axes[0].loglog(frequency[1:], row[1:] + 1e-9, linewidth=0.7)
        axes[0].set(
            xlabel="frequency (Hz)", ylabel="membrane velocity", title="8 places", xlim=(50, 5500), ylim=(0.02, 20)
        )
        for ax, (split, voice, label) in zip(axes[1:], chosen, strict=True):
            row = np.flatnonzero((split["voice"] == voice) & (split["labels"] == label))[0]
            ax.imshow(split["frames"][row].T, aspect="auto", cmap="Greys", vmax=4, interpolation="nearest")
            ax.set(title=f"{split['word'][row]}, {speakers[voice]}", xlabel="time (10 ms)")
        axes[1].set_ylabel("channel, low tones down")
        fig.savefig(folder / "spoken_digits.png", dpi=150, metadata={"Software": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
