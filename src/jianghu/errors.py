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
    """The user stopped the work; everything finished is saved, and the message says how to go on.

    Args:
        same_command: what goes on is the command that was typed; who knows it adds it to the message.
    """

    exit_code = 130

    def __init__(self, message: str, same_command: bool = False) -> None:
        super().__init__(message)
        self.same_command = same_command
