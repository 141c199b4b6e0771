"""The program itself: its commands, `-C DIR`, and how errors end."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from .. import __version__
from ..errors import InputError, InterruptedByUser, JianghuError
from ..messages import tr, use_language
from ..recipe.secrets import without_keys
from ..signals import watched
from . import (
    ask,
    books,
    chat,
    compare,
    demo,
    evaluate,
    export,
    log,
    place,
    plan,
    report,
    serve,
    studio,
    sweep,
    synth,
    train,
)
from . import workspace_commands as project
from .usage import HelpFormatter, asked_language, usage_error

app = App(
    name="jianghu",
    help="A shelf of novels goes in; a small language model that has read them comes out.",
    version=__version__,
    version_flags=["--version"],
    help_formatter=HelpFormatter(),
    suppress_keyboard_interrupt=False,  # `main` says how to go on
)
app.meta.suppress_keyboard_interrupt = False
app.command(demo.demo, sort_key=1)
app.command(studio.studio, sort_key=1)
app.command(project.init, sort_key=2)
app.command(books.app)
app.command(plan.plan, sort_key=4)
app.command(project.prepare, sort_key=4)
app.command(train.pretrain, sort_key=5)
app.command(synth.app)
app.command(project.reader, sort_key=6)
app.command(train.sft, sort_key=7)
app.command(train.dpo, sort_key=7)
app.command(ask.sample, sort_key=8)
app.command(ask.ask, sort_key=9)
app.command(chat.chat, sort_key=10)
app.command(evaluate.evaluate, name="eval", sort_key=11)
app.command(compare.compare, sort_key=11)
app.command(compare.judge, sort_key=11)
app.command(sweep.sweep, sort_key=12)
app.command(report.report, sort_key=12)
app.command(serve.serve, sort_key=13)
app.command(export.export, sort_key=13)
app.command(export.push, sort_key=13)
app.command(log.log, sort_key=13)
app.command(project.run, sort_key=14)
app.command(project.status, sort_key=15)


@app.meta.default
def _program(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    directory: Annotated[Path, Parameter(name="-C", help="Folder of the workspace; paths stay yours.")] = Path("."),
    lang: Annotated[
        Literal["en", "zh"] | None, Parameter(help="Language; default: that of the system.", show_default=False)
    ] = None,
) -> None:
    place.use_root(directory)
    place.use_command(tokens)
    app(tokens, exit_on_error=False, print_error=False)


MAX_NAME = 120
"""Letters of a path that a message shows."""


def main() -> None:
    """Run the program; exits with 0, 1 (failed work), 2 (bad input) or 130 (stopped by the user)."""
    # Two threads of a product wait for each other by spinning. A short spin costs nothing on a quiet machine; the
    # default of milliseconds makes training several times slower beside any other busy program.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    if os.environ.get("RANK", "0") != "0":  # one of several processes that train together: the first one speaks
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the process ends
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a Windows console may default to a code page
    sys.stdout, sys.stderr = watched(sys.stdout), watched(sys.stderr)
    try:
        use_language(asked_language(sys.argv[1:]))
        _refuse_names_that_are_not_utf8()
        app.meta(sys.argv[1:], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        _end(without_keys(usage_error(error)), 2)
    except InterruptedByUser as error:
        _end(place.with_way_on(str(error)) if error.same_command else str(error), error.exit_code)
    except JianghuError as error:
        _end(str(error), error.exit_code)
    except KeyboardInterrupt:
        _end(place.stopped(), 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `jianghu … | head`
        sys.exit(0)
    except OSError as error:
        _end(*_file_system_error(error))
    except Exception as error:
        told = str(error)
        if "No space left on device" in told:  # safetensors and SQLite have errors of their own
            _end(tr("the disk is full. Make room, then run it again."), 1)
        if any(words in told for words in ("Permission denied", "Read-only file system", "readonly database")):
            _end(tr("a file here may not be written ({reason}). Permit writing, then run it again.", reason=told), 1)
        raise


def _file_system_error(error: OSError) -> tuple[str, int]:
    """What the file system refused, in one line, and the exit code: 2 where the name itself cannot be used."""
    full = {errno.ENOSPC: tr("the disk is full"), errno.EDQUOT: tr("the disk quota is used up")}
    reason = full.get(error.errno or 0) or error.strerror or " ".join(str(error).split())
    # A server's refusal has no file; SQLite's and safetensors' have no number.
    name = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    if len(name) > MAX_NAME:
        name = f"{name[:MAX_NAME]}…: "
    if error.errno in (errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EILSEQ):
        return tr("{name}{reason}. Give another path or name.", name=name, reason=reason), 2
    return tr("{name}{reason}. Make room or permit writing, then run it again.", name=name, reason=reason), 1


def _refuse_names_that_are_not_utf8() -> None:
    """Folders and arguments are written into JSON, SQLite and messages: all of it UTF-8.

    Raises:
        InputError: the folder, or an argument, holds bytes that are not.
    """
    for text in (os.getcwd(), *sys.argv[1:]):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            shown = text.encode("utf-8", "replace").decode("utf-8")
            raise InputError(
                tr("{name}: this name is not UTF-8. Rename it, or work in another folder.", name=shown)
            ) from None


def _end(message: str, code: int) -> None:
    if code != InputError.exit_code or os.environ.get("RANK", "0") == "0":  # all processes refuse bad input alike
        with contextlib.suppress(OSError):  # a terminal that was closed
            print(f"jianghu: {message}", file=sys.stderr)
    sys.exit(code)
