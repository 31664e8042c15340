"""The `flowdsl` program; `--version` is answered here, before anything else is imported."""

# Nothing else is imported here, not even `__future__`: until the working folder is off `sys.path`,
# an import may find a file of the project.
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
else:
    import _signal

LONG_RUNNING = frozenset(("deploy", "emulator", "run", "runs"))
"""Commands that may run long enough to make garbage worth collecting."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["--version"]:
        from flowdsl import __version__

        try:
            sys.stdout.write(f"flowdsl {__version__}\n")
            sys.stdout.flush()
            return 0
        except OSError:  # `run` reports it
            pass
    from flowdsl.cli.main import run

    return run(words)


def run_process() -> None:
    """Run the command line of this process and end the process.

    A command leaves no garbage worth collecting unless it is one of `LONG_RUNNING` (`lsp` and
    `--watch` collect by themselves), and to take its modules and trees apart at the end takes
    longer than to read a flow; together that is a sixth of the time of `flowdsl check one.flow`. So
    neither is done.
    """
    # Until `host.signals` listens, Python would raise `KeyboardInterrupt` in the middle of an
    # import. Here, a signal ends the process without a word instead.
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    _leave_working_folder()
    from flowdsl.host import signals

    signals.listen_for_signals()
    _open_missing_streams()
    if LONG_RUNNING.isdisjoint(sys.argv):
        gc.disable()
    code = main()
    signals.remove_leftovers()  # `os._exit` calls no finalizer
    os._exit(code)


def _leave_working_folder() -> None:
    """Take the working folder off `sys.path`, where `python -m` puts it first.

    What lies there is a project, which a pull request can change, and none of it may run. In the
    folder that FlowDSL or Python itself is installed in, all stays as it is.
    """
    try:
        here = os.stat(os.curdir)
    except OSError:  # it has gone, and whatever lay there
        return
    site = sys.modules.get("site")
    installed = [
        os.path.dirname(os.path.dirname(__file__)),
        os.path.dirname(os.__file__),
        *(site.getsitepackages() if site is not None else ()),
    ]
    if not any(_is(here, folder) for folder in installed):
        sys.path[:] = [folder for folder in sys.path if not _is(here, folder or os.curdir)]


def _is(here: os.stat_result, folder: str) -> bool:
    try:
        return os.path.samestat(here, os.stat(folder))
    except OSError:
        return False


def _open_missing_streams() -> None:
    """Open the standard streams that the process was started without.

    Reading them gives nothing, and what is written to them is lost. The lowest free descriptor is
    that of the missing stream, so that no file that is opened later can take its place.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode))


if __name__ == "__main__":
    run_process()
