"""`jaxsnn doctor`: what there is to run on, and whether it runs right."""

import importlib.util
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

TOLERANCE = 0.1  # of the self-test; the standard error of its 32 short runs is a third of this


class Finding(NamedTuple):
    """One line of the diagnosis. good: None where it is neither good nor bad."""

    name: str
    text: str
    good: bool | None = None


@dataclass(frozen=True)
class Doctor:
    """Show device, versions, compilation cache and cores, and run a small sweep that is held against theory."""

    def run(self) -> int:
        findings = []
        for examine in (_package, _cores, _devices, _cache, _self_test):
            for finding in examine():
                findings.append(finding)
                mark = {True: "ok", False: "!!", None: "  "}[finding.good]
                print(f"{mark} {finding.name:<10} {finding.text}", flush=True)
            if any(finding.good is False for finding in findings):
                return 1
        return 0


def _package() -> list[Finding]:
    from .. import __version__
    from ..reproduction import find_checkout
    from ..reproduction.sources import versions

    try:
        checkout = f"checkout {find_checkout()}"
    except ValueError:
        checkout = "no checkout (`jaxsnn reproduce` needs one)"
    others = ", ".join(f"{name} {version}" for name, version in versions().items())
    return [Finding("jaxsnn", f"{__version__}; {checkout}"), Finding("versions", others)]


def _cores() -> list[Finding]:
    from ..start import available_cores

    return [Finding("cores", str(available_cores()))]


def _devices() -> list[Finding]:
    """Found, or why not."""
    import jax

    from ..start import start

    try:
        start(None)
    except ValueError as error:
        return [Finding("device", str(error), False)]
    devices = jax.local_devices()
    kinds = f"{devices[0].platform} x {len(devices)} ({devices[0].device_kind})"
    if devices[0].platform != "cpu":
        return [Finding("device", kinds, True)]
    return [Finding("device", kinds, True), Finding("no GPU", _why_no_gpu())]


def _why_no_gpu() -> str:
    asked = os.environ.get("JAX_PLATFORMS", "")
    present = shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()
    plugin = any(importlib.util.find_spec(name) for name in ("jax_cuda12_plugin", "jax_cuda13_plugin"))
    if asked and "cpu" in asked.split(",")[0]:
        return f"JAX_PLATFORMS={asked} asks for the processor"
    if not present:
        return "this machine shows no NVIDIA driver (neither nvidia-smi nor /proc/driver/nvidia)"
    if not plugin:
        return "there is an NVIDIA driver, but jax has no CUDA plugin: pip install 'jax[cuda12]'"
    return "there are an NVIDIA driver and a CUDA plugin, but they do not work together; JAX_PLATFORMS=cuda says why"


def _cache() -> list[Finding]:
    from ..cache import cache_folder, writable

    folder = cache_folder()
    if folder is None:
        return [Finding("cache", "no home folder: every program is compiled anew; set JAX_COMPILATION_CACHE_DIR")]
    if not writable(folder):
        return [Finding("cache", f"{folder} cannot be written: every program is compiled anew")]
    files = [path.stat().st_size for path in folder.glob("*") if path.is_file()]
    return [Finding("cache", f"{folder}: {len(files)} files, {sum(files) / 2**20:.1f} MiB; writable", True)]


def _self_test() -> list[Finding]:
    """One neuron without leak: the standard deviation of its readout is known exactly (inverse-Gaussian intervals)."""
    import jax
    import numpy as np

    from ..sweeps import Grid, sweep
    from ..theory import renewal_variance

    begun = time.monotonic()
    noise, rate = 1.0, 16.0
    data = sweep(_neuron, Grid(noise=[noise], seed=32), key=jax.random.key(0), constants={"rate": rate})
    found = float(np.sqrt(data["variance"].mean()))
    expected = float(np.sqrt(renewal_variance(noise, rate)))
    text = f"readout of one noisy neuron {found:.4f}, theory {expected:.4f} ({time.monotonic() - begun:.1f} s)"
    return [Finding("self-test", text, bool(abs(found / expected - 1) < TOLERANCE))]


def _neuron(point: Any, key: Any) -> dict[str, Any]:
    import jax.numpy as jnp

    from ..engine import nothing, simulate
    from ..networks import Chain, Constant, homogeneous
    from ..readouts import DecayingMoments, Score

    steps_per_isi, intervals = 50, 400
    net = homogeneous(1, leak=0.0, noise=point["noise"], rate=point["rate"])
    steps = intervals * steps_per_isi
    window = {"first": steps // 4, "last": steps}
    error = DecayingMoments("output.error", rate=1 / point["rate"], drive="input", **window)
    cell = Chain(Constant(jnp.ones(1)), Score(net, {"error": error}))
    state, _ = simulate(cell, None, dt=1 / steps_per_isi, key=key, steps=steps, block=100, record=nothing)
    return {"variance": state[1].meters["error"].variance[0]}
