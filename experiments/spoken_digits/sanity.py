"""Is timing needed? A ridge classifier on spike counts, with and without time; held-out speakers.

    python -m experiments.spoken_digits.sanity          # prints the table of docs/spoken_digits.md; a minute

Features: counts per channel over the recording, or in 2, 5 or 10 equal parts of it by 35 groups of 4 channels; square
roots, standardised on the training set. The classifier is least squares to one-hot labels with a penalty, chosen on the
validation speakers. Errors are standard errors over speakers. Its numbers say something about this set, and nothing
about SHD.
"""

import numpy as np
from jaxtyping import Float, Int

from jaxsnn.core import check_size, require

from .frozen import load, manifest

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # times the number of samples


def features(
    frames: Int[np.ndarray, "sample time channel"], parts: int, groups: int
) -> Float[np.ndarray, "sample feature"]:
    """Square roots of the counts in `parts` equal stretches of the recording and `groups` of neighbouring channels."""
    check_size("parts", parts)
    check_size("groups", groups)
    samples, time, channels = frames.shape
    require(channels % groups == 0, "groups", groups, f"must divide {channels} channels", "pass 140, 70, 35, 28 ...")
    edges = np.round(np.linspace(0, time, parts + 1)[:-1]).astype(int)
    counts = np.add.reduceat(frames.astype(np.float32), edges, axis=1)
    return np.sqrt(counts.reshape(samples, parts, groups, -1).sum(-1)).reshape(samples, -1).astype(float)


def ridge(
    x: Float[np.ndarray, "sample feature"], labels: Int[np.ndarray, " sample"], penalty: float, classes: int = 20
) -> Float[np.ndarray, "feature_1 class"]:
    """Weights of the least-squares classifier; the last row is the bias, which is not penalised."""
    require(penalty > 0, "penalty", penalty, "must be positive", "pass for instance 0.1")
    mean, target = x.mean(0), np.eye(classes)[labels]
    shifted = x - mean
    gram = shifted.T @ shifted + penalty * len(x) * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, shifted.T @ (target - target.mean(0)))
    return np.vstack([weights, target.mean(0) - mean @ weights])


def correct(x: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Which samples are classified right."""
    return (x @ weights[:-1] + weights[-1]).argmax(1) == labels


def by_speaker(right: np.ndarray, voices: np.ndarray) -> tuple[float, float]:
    """Mean over speakers of the share that is right, and its standard error."""
    each = np.array([right[voices == voice].mean() for voice in np.unique(voices)])
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(each.size))


def table() -> tuple[list[tuple[str, dict[str, tuple[float, float]]]], dict[str, float]]:
    """What the features are and the accuracy on each held-out split; with the last ones, also of each flite voice."""
    data, rows = load(), []
    speakers, voices = manifest()["speakers"], data["flite"]["voice"]
    kinds = [("count per channel, no time", 1, 140), *((f"{n} time bins x 35", n, 35) for n in (1, 2, 5, 10))]
    for name, parts, groups in kinds:
        x = {split: features(some["frames"], parts, groups) for split, some in data.items()}
        mean, spread = x["train"].mean(0), x["train"].std(0) + 1e-6
        x = {split: (value - mean) / spread for split, value in x.items()}
        found = [ridge(x["train"], data["train"]["labels"], penalty) for penalty in PENALTIES]
        chosen = max(found, key=lambda w: correct(x["validation"], data["validation"]["labels"], w).mean())
        scores = {}
        for split, some in data.items():
            if split != "train":
                right = correct(x[split], some["labels"], chosen)  # the last split is flite
                scores[split] = by_speaker(right, some["voice"])
            if split == "test":
                english = some["labels"] < 10
                scores["test's English"] = by_speaker(right[english], some["voice"][english])
        rows.append((name, scores))
    return rows, {speakers[v]: float(right[voices == v].mean()) for v in np.unique(voices)}


def main() -> None:
    rows, each = table()
    for name, scores in rows:
        print(name, "|", ", ".join(f"{split} {100 * m:.1f} +- {100 * s:.1f}" for split, (m, s) in scores.items()))
    print("flite by voice, last features |", ", ".join(f"{voice} {100 * share:.0f}" for voice, share in each.items()))


if __name__ == "__main__":
    main()
