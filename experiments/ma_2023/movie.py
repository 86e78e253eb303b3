"""The movie that the simulated retina watches: Gaussian noise whose spectrum falls as that of natural scenes.

    amplitude ~ 1/sqrt(kx^2 + ky^2)   in space (cycles per picture),   power ~ 1/f   in time, flat below 0.25 Hz

Every spatial mode is an independent series of pink noise; mean zero and unit variance over the whole. Frames are
periodic in space and over the length of the movie in time. `whitened` takes the correlations in space out again, for
the models: gradient descent would otherwise see the slow modes only.
"""

import numpy as np
from jaxtyping import Float

FRAME = 10.0  # ms
FLAT = 0.25e-3  # 1/ms


def pink_movie(seed: list[int], frames: int, side: int) -> Float[np.ndarray, "time row column"]:
    """A movie of `frames` frames; the same seed gives the same movie."""
    rng = np.random.default_rng(seed)
    across, down = np.fft.rfftfreq(side, 1 / side), np.fft.fftfreq(side, 1 / side)
    distance = np.hypot(down[:, None], across[None])
    frequency = np.maximum(np.fft.rfftfreq(frames, FRAME), FLAT)
    modes = np.empty((frames, side, across.size), np.complex64)
    for place in np.ndindex(distance.shape):  # mode by mode, or a long movie would not fit
        if distance[place] == 0:
            modes[:, *place] = 0  # no flicker of the whole picture
            continue
        parts = rng.standard_normal((2, 2, frequency.size)) / np.sqrt(frequency)
        series = np.fft.irfft(parts[:, 0] + 1j * parts[:, 1], frames, axis=-1)
        modes[:, *place] = (series[0] + 1j * series[1]) / distance[place]
    movie = np.fft.irfft2(modes, (side, side), axes=(1, 2)).astype(np.float32)
    return (movie - movie.mean()) / movie.std()


class Whitening:
    """Pixels -> as many values, uncorrelated and of unit variance over the movie it was made from (ridge: 1e-3 of
    the mean variance)."""

    def __init__(self, stim: Float[np.ndarray, "time row column"]):
        flat = stim.reshape(len(stim), -1)
        self.mean = flat.mean(axis=0)
        away = (flat - self.mean).astype(np.float64)
        size, direction = np.linalg.eigh(away.T @ away / len(away))
        ridge = 1e-3 * size.mean()
        self.matrix = ((direction / np.sqrt(np.maximum(size, 0) + ridge)) @ direction.T).astype(np.float32)

    def __call__(self, stim: Float[np.ndarray, "time row column"]) -> Float[np.ndarray, "time pixel"]:
        return (stim.reshape(len(stim), -1) - self.mean) @ self.matrix
