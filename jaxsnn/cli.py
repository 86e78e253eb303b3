"""The command line: `jaxsnn reproduce | train | sweep | report | doctor | bench`.

What a user can put right ends in one paragraph on stderr and exit code 2; Ctrl-C and SIGTERM in a sentence on how to go
on and 130 or 143; a disk that fills up on the way likewise and 1. With JAXSNN_TRACEBACK=1 errors show where they come
from.
"""

import contextlib
import os
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from .commands import Bench, Doctor, Report, Reproduce, Sweep, Train
from .commands.arguments import split_axes

BAD_INPUT, INTERRUPTED, TERMINATED = 2, 130, 143

ABOUT = "Spiking networks: sweep grids of parameters, train, reproduce papers. `jaxsnn COMMAND --help` tells more."
Command = (
    Annotated[Reproduce, tyro.conf.subcommand("reproduce")]
    | Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Sweep, tyro.conf.subcommand("sweep")]
    | Annotated[Report, tyro.conf.subcommand("report")]
    | Annotated[Doctor, tyro.conf.subcommand("doctor")]
    | Annotated[Bench, tyro.conf.subcommand("bench")]
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Raises SystemExit for --help and for options that cannot be read."""
    return _guarded(lambda: _parsed(list(sys.argv[1:] if argv is None else argv)).run())


def reproduce(root: Path, argv: Sequence[str] | None = None) -> int:
    """`jaxsnn reproduce` of the checkout `root`, for the script that stands in it."""
    args = list(sys.argv[1:] if argv is None else argv)
    command = tyro.cli(Reproduce, args=args, prog="python paper_figures/reproduce.py")
    return _guarded(lambda: command.run(root))


def _parsed(args: list[str]) -> Sweep | Reproduce | Train | Report | Doctor | Bench:
    axes: dict[str, str] = {}
    if args[:1] == ["sweep"]:
        args, axes = split_axes(args, Sweep)
    command = tyro.cli(Command, args=args, prog="jaxsnn", description=ABOUT)
    return command.with_axes(axes) if isinstance(command, Sweep) else command


def _guarded(act: Callable[[], int]) -> int:
    ended: list[int] = []
    try:
        with _terminable(ended):
            return act()
    except KeyboardInterrupt as stop:
        _say(str(stop) or "stopped")
        return TERMINATED if ended else INTERRUPTED
    except BrokenPipeError:  # `jaxsnn sweep ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError) as error:
        if os.environ.get("JAXSNN_TRACEBACK"):
            raise
        _say(f"error: {error}")
        return getattr(error, "exit_code", BAD_INPUT)


@contextlib.contextmanager
def _terminable(ended: list[int]) -> Iterator[None]:
    """SIGTERM, as a batch system sends it before the time is up, stops a command as Ctrl-C does. ended: what came.

    A signal that arrives while a library's callback runs (jax has one for the garbage collector) raises its exception
    there, where it is printed and forgotten; it is then raised again a moment later.
    """

    def stop(number: int, frame: object) -> None:
        ended.append(number)
        raise KeyboardInterrupt

    def again(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def forgotten(lost: Any) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
        else:
            hook(lost)

    hook = sys.unraisablehook
    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread, which alone may say what signals do
        yield
        return
    alarm = signal.signal(signal.SIGALRM, again)
    sys.unraisablehook = forgotten
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
        signal.signal(signal.SIGALRM, alarm or signal.SIG_DFL)
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _say(text: str) -> None:
    print(textwrap.fill(" ".join(text.split()), 110, break_long_words=False, break_on_hyphens=False), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
