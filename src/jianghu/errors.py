"""One family of errors. The command line prints their message in one line and exits with their code."""


class JianghuError(Exception):
    """Something that a person can understand and act on; never shown with a traceback.

    The message names the thing (file, field, run), says what is wrong, and what to do.
    """

    exit_code = 1


class InputError(JianghuError):
    """What the user gave cannot be used: a file, a setting, a flag. Nothing was changed."""

    exit_code = 2


class RunError(JianghuError):
    """Work that had begun could not go on: a teacher out of reach, a full disk, a diverged loss."""

    exit_code = 1


class InterruptedByUser(JianghuError):  # noqa: N818 - nothing went wrong
    """The user stopped the work; everything finished is saved, and the message says how to go on."""

    exit_code = 130
