"""Chance at test: how far single passes differ, and what averaging them, or running them longer, gives.

resampled    accuracy of single passes over all test images, each with noise of its own
ensembles    of the logits averaged over n passes, n = 1, 2, 4, 8
longer       steps times f, and 4 / f passes averaged, f = 1, 2, 4: the same number of steps in all
"""

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .attacks import mean_logits
from .images import Set
from .networks import Classifier
from .training import in_parts, labels_of

DRAWS = 10
PASSES = (1, 2, 4, 8)
FACTORS = (1, 2, 4)
TOTAL = 4  # passes at factor 1


@eqx.filter_jit
def passes(model: Classifier, x: Array, white: int, key: Array, draws: int) -> Float[Array, "draw image class"]:
    """Time-mean logits of independent passes. x: bytes."""
    one = lambda k: in_parts(lambda images, k: mean_logits(model, images, k), x, k, white)
    return jax.lax.map(one, jax.random.split(key, draws))


def ensemble(z: np.ndarray, n: int) -> np.ndarray:
    """Answers of the logits averaged over n passes at a time, [group, image]."""
    groups = len(z) // n
    return z[: groups * n].reshape(groups, n, *z.shape[1:]).mean(axis=1).argmax(axis=-1)


def stretched(model: Classifier, factor: int) -> Classifier:
    return Classifier(model.encode, model.body, model.steps * factor)


def sampled(
    known: Set, networks: Mapping[str, Classifier], at_test: Mapping[str, tuple[float, float]], key: Array, count: int
) -> dict[str, np.ndarray]:
    """count: test images used, 0 for all. Networks without noise are run once; nothing differs between passes."""
    x, label = jnp.asarray(known.x["test"][: count or None]), np.asarray(labels_of(known, "test", count or None))
    arms = list(networks)
    resampled = np.full((len(arms), DRAWS), np.nan)
    ensembles = np.full((len(arms), len(PASSES)), np.nan)
    longer = np.full((len(arms), len(FACTORS)), np.nan)
    right = lambda answers: (answers == label).mean(axis=-1)
    for row, arm in enumerate(arms):
        noisy = at_test[arm][0] > 0
        run = lambda factor, draws: np.asarray(  # of this arm
            passes(stretched(networks[arm], factor), x, known.white, jax.random.fold_in(key, factor), draws)  # noqa: B023
        )
        z = run(1, DRAWS if noisy else 1)
        if not noisy:
            z = np.broadcast_to(z, (DRAWS, *z.shape[1:]))
        resampled[row] = right(ensemble(z, 1))
        ensembles[row] = [right(ensemble(z, n)).mean() for n in PASSES]
        for column, factor in enumerate(FACTORS if noisy else ()):
            n = TOTAL // factor
            longer[row, column] = right(ensemble(z if factor == 1 else run(factor, n), n)).mean()
    return {"resampled": resampled, "ensembles": ensembles, "longer": longer}
