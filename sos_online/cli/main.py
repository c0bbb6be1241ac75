"""The `sos-online` command: its sub-commands, and how it fails."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import warnings

import cv2
import typer

from sos_online.cli import bench, cache, demo, export, layout, library, preview, refer, relight
from sos_online.cli.terminal import errors, printable
from sos_online.errors import SOSError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Synthetic training images for detection, segmentation and grounding, composed while the model trains.",
)
app.command("demo")(demo.demo)
app.add_typer(library.app, name="library", help="Build segment libraries and look into them.")
app.add_typer(layout.app, name="layout", help="Learn layouts from real sets, and look at those of a recipe.")
app.command("preview")(preview.preview)
app.add_typer(cache.app, name="cache", help="Write a stream ahead of training, as WebDataset shards, and check them.")
app.command("export")(export.export)
app.add_typer(relight.app, name="relight", help="Diffusion light, and light for composites on disk.")
app.add_typer(refer.app, name="refer", help="Expressions and words by a language model, ahead of time.")
app.command("bench")(bench.bench)


def main() -> None:
    """Run a command; expected errors are one line and exit status 1, Ctrl-C is 130."""
    before = signal.signal(signal.SIGINT, _stop)
    # what a broken picture makes OpenCV say names no file; the report does. Processes that are started inherit it
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            app()
    except SOSError as error:
        errors.print(printable(f"error: {error}"), style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        errors.print(printable(f"error: {error.filename or ''}: {error.strerror or error}"), style="red", markup=False)
        sys.exit(1)
    except _Stopped:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would end in a traceback
        errors.print("stopped; nothing is left half-written, and the same command may be given again", markup=False)
        sys.exit(130)
    finally:
        if signal.getsignal(signal.SIGINT) is _stop:
            signal.signal(signal.SIGINT, before)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    errors.print(printable(f"warning: {message}"), style="yellow", markup=False, soft_wrap=True)


class _Stopped(BaseException):
    """Ctrl-C, under a name of our own: the command framework would swallow a KeyboardInterrupt."""


def _stop(*_: object) -> None:
    # a forked worker has this handler too; what it runs in knows a KeyboardInterrupt
    raise KeyboardInterrupt if multiprocessing.parent_process() else _Stopped
