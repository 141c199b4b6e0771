"""All accounts of a teacher: which key takes the next request, and when none can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypedDict

from ..errors import RunError
from ..messages import tr
from ..recipe import TeacherSettings
from .accounts import Account, Sending
from .dialect import Dialect
from .endpoint import Endpoint, endpoint_of
from .keys import Key, read_accounts
from .limits import Bucket, Window
from .store import Reply

MAX_REST = 600.0  # seconds; where every account rests longer, the run ends instead of waiting


class AccountStatus(TypedDict):
    """An account as `status` shows it.

    Attributes:
        keys, dead_keys: hashes. at_once: requests it may have in flight. rests: seconds. dead: why it is not used.
    """

    endpoint: str
    keys: list[str]
    dead_keys: list[str]
    at_once: int
    in_flight: int
    rests: float
    dead: str


class Pool:
    """The accounts of a run, and the time by which they are judged.

    Args:
        now: seconds of the run's clock.
    """

    def __init__(self, accounts: Sequence[Account], now: Callable[[], float]) -> None:
        self.accounts, self.now = accounts, now

    @property
    def endpoints(self) -> list[Endpoint]:
        """The different endpoints of the accounts."""
        return list({id(account.endpoint): account.endpoint for account in self.accounts}.values())

    def choose(self, tokens: float, avoid: str = "") -> Sending | None:
        """A key for one request, counted in; None if none may send now.

        The least loaded account, of it the key with the fewest requests in flight; a key to avoid only if there is no
        other.

        Args:
            tokens: about how many the request will use.
            avoid: short hash of the key that failed with it.
        """
        now = self.now()
        ready = [account for account in self.accounts if account.alive and account.wait(now) == 0]
        found: list[tuple[bool, float, int, Account, Key]] = [
            (key.hash == avoid and bool(avoid), account.load, key.flying, account, key)
            for account in ready
            for key in account.keys
            if not key.dead
        ]
        if not found:
            return None
        *_, account, key = min(found, key=lambda entry: entry[:3])
        return account.begin(key, tokens, now)

    def end(self, sending: Sending, reply: Reply) -> None:
        """Count a request out.

        Raises:
            RunError: no key is left, or all of them rest for long.
        """
        sending.account.end(sending, reply, self.now())

    def check(self) -> None:
        """Raise RunError where going on makes no sense: no live key, or all of them at rest for long."""
        alive = [account for account in self.accounts if account.alive]
        if not alive:
            reasons: dict[str, int] = {}
            for account in self.accounts:
                for reason in [account.dead] if account.dead else [key.dead for key in account.keys]:
                    words = f"{account.endpoint.address}: {reason}"
                    reasons[words] = reasons.get(words, 0) + 1
            told = "; ".join(f"{words}{f' × {count}' if count > 1 else ''}" for words, count in reasons.items())
            raise RunError(
                tr("no live key is left. {what}. What was received is kept; the same command goes on.", what=told)
            )
        rest = min(account.rest_until for account in alive) - self.now()
        if rest > MAX_REST:
            raise RunError(
                tr(
                    "every account asks to wait, the shortest {seconds:.0f} s, as for a spent quota. What was received "
                    "is kept; the same command goes on later.",
                    seconds=rest,
                )
            )

    def wait(self) -> float | None:
        """Seconds until some account may send one more; None where that depends on a reply to come."""
        now = self.now()
        waits = [wait for account in self.accounts if account.alive and (wait := account.wait(now)) is not None]
        return min(waits, default=None)

    @property
    def room(self) -> int:
        """How many requests may be in flight at once, as far as is known."""
        return sum(int(account.window.width) for account in self.accounts if account.alive)

    def facts(self) -> list[AccountStatus]:
        """Each account for `status`: hashes of its keys, the window found, what is wrong."""
        now = self.now()
        return [
            {
                "endpoint": account.endpoint.address,
                "keys": [key.hash for key in account.keys],
                "dead_keys": [key.hash for key in account.keys if key.dead or account.dead],
                "at_once": int(account.window.width),
                "in_flight": account.window.flying,
                "rests": round(max(0.0, account.rest_until - now), 1),
                "dead": account.dead or next((key.dead for key in account.keys if key.dead), ""),
            }
            for account in self.accounts
        ]


def make_pool(settings: TeacherSettings, now: Callable[[], float]) -> Pool:
    """The pool of a teacher's settings. See `read_accounts` and `endpoint_of` for what is raised."""
    endpoints: dict[tuple[str, str], Endpoint] = {}
    accounts = []
    for own in read_accounts(settings):
        place = (own.base_url, own.model)
        if place not in endpoints:
            endpoints[place] = endpoint_of(*place, settings.provider)
            endpoints[place].dialect = Dialect.first(settings)
        accounts.append(
            Account(
                endpoints[place],
                own.keys,
                Window(own.concurrency),
                Bucket(own.rpm, now()),
                Bucket(own.tpm, now()),
                settings.retries,
            )
        )
    return Pool(accounts, now)
