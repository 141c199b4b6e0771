"""Many keys at once: the dead ones are left, the throttled ones are spared, the others are used to the full."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from jianghu.errors import InputError, RunError
from jianghu.llm.budget import Budget
from jianghu.llm.keys import Key, read_accounts
from jianghu.llm.pool import make_pool
from jianghu.llm.runner import Summary, run_strategies
from jianghu.llm.store import Reader, Reply, Store
from jianghu.recipe import AccountSettings, TeacherSettings
from tests.llm.plain import run_plain
from tests.llm.provider_server import Limit, ProviderServer
from tests.llm.virtual import ManyStrategy, Provider, quick_folder, virtual_time
from tests.synth.shelf import chapters, synth_settings

KEYS = [f"sk-secret-{number:02d}" for number in range(20)]
HASHES = [Key(secret).hash for secret in KEYS]


def settings_of(tmp_path: Path, lines: list[str], **more) -> TeacherSettings:
    path = tmp_path / "keys.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o600)
    given = {"base_url": "http://127.0.0.1:9/v1", "model": "test-model", "keys_file": str(path), **more}
    return TeacherSettings(**given)


def run_many(count: int, settings: TeacherSettings, provider: Provider, budget: Budget | None = None):
    """A run in virtual time; returns its summary, the seconds it took and the outcomes in the store."""
    ended = 0.0

    def watch(now: Summary) -> None:
        nonlocal ended
        ended = asyncio.get_running_loop().time() if asyncio._get_running_loop() else ended

    with quick_folder() as folder, virtual_time(), Store(folder / "s.sqlite") as store:
        summary = run_strategies([ManyStrategy(count)], [], store, settings, watch, budget=budget, transport=provider)
        return summary, ended, store.outcomes()


def test_twenty_keys_of_which_five_are_dead_and_three_throttled(tmp_path: Path) -> None:
    bears, throttled = 8, 2
    provider = Provider(seconds=1.0, warm=8.0)
    for number, name in enumerate(HASHES):
        if number < 5:
            provider.dead_from[name] = 1 if number < 3 else 20  # three from the start, two after a while
        provider.at_once[name] = throttled if 5 <= number < 8 else bears
    count = 6000
    summary, seconds, outcomes = run_many(count, settings_of(tmp_path, KEYS, concurrency=64), provider)
    assert summary.done == count == outcomes["ok"]
    allowed = 12 * bears + 3 * throttled  # requests a second, at one second each
    assert count / seconds >= 0.9 * allowed
    for name in HASHES[:3]:
        assert provider.calls[name] <= 2  # a fresh account gets two at once
    for name in HASHES[3:5]:
        # What was in flight when it died had been sent before anybody knew.
        assert provider.calls[name] - 20 <= bears
    for name in HASHES[5:]:
        assert provider.peak[name] <= provider.at_once[name] + 1
    assert sum(provider.refused.values()) < 0.2 * count


def test_a_dead_key_is_not_called_again(tmp_path: Path) -> None:
    limits = {KEYS[0]: Limit(dead_from=6), KEYS[1]: Limit(dead_from=1), KEYS[2]: Limit(at_once=3)}
    shelf = chapters(6, 30)
    with ProviderServer(limits=limits, delay=0.03) as server, Store(tmp_path / "s.sqlite") as store:
        settings = settings_of(tmp_path, KEYS[:4], base_url=server.url, concurrency=6)
        summary = run_plain(shelf, store, synth_settings(teacher=settings.model_dump()))
        assert summary.done == summary.total == sum(server.billed.values())
        assert server.calls[KEYS[1]] <= 2  # a fresh account gets two at once
        assert server.calls[KEYS[0]] - server.dead_at[KEYS[0]] <= 2 + 4
        asked = server.calls[KEYS[0]]
        run_plain(chapters(7, 30), store, synth_settings(teacher=settings.model_dump()))
        assert server.calls[KEYS[0]] - asked <= 2
        pool = store.get_meta("pool")["accounts"]
    assert [bool(account["dead"]) for account in pool] == [True, True, False, False]
    # A key is known by its hash alone, wherever one looks.
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name != "keys.txt")
    assert HASHES[0].encode() in left
    assert not any(key.encode() in left for key in KEYS)


def test_requests_and_tokens_a_minute_are_kept(tmp_path: Path) -> None:
    provider = Provider(seconds=2.0, tokens=(60, 40))
    settings = settings_of(tmp_path, KEYS[:2], rpm=60, concurrency=64)
    _, seconds, outcomes = run_many(400, settings, provider)
    assert set(outcomes) == {"ok"}
    for starts in provider.starts.values():
        assert busiest(starts) <= 60 + 1
    assert seconds < 1.1 * 400 / 2
    provider = Provider(seconds=2.0, tokens=(60, 40))
    settings = settings_of(tmp_path, KEYS[:2], tpm=6000, concurrency=64)
    _, seconds, _ = run_many(400, settings, provider)
    for starts in provider.starts.values():
        assert busiest(starts) * 100 <= 6000 * 1.1
    assert seconds < 1.15 * 400 / 2


def busiest(starts: list[float]) -> int:
    """Most calls in any sixty seconds."""
    return max(sum(begin <= other < begin + 60 for other in starts) for begin in starts)


def test_the_least_loaded_account_comes_first_and_a_retry_prefers_another_key(tmp_path: Path) -> None:
    pool = make_pool(settings_of(tmp_path, [f"{KEYS[0]} {KEYS[1]}", KEYS[2]], concurrency=4), lambda: 0.0)
    for endpoint in pool.endpoints:
        endpoint.proven = True
    for account in pool.accounts:
        account.window.width = 4
    sent = [pool.choose(10) for _ in range(6)]
    assert Counter(one.account is pool.accounts[0] for one in sent if one) == {True: 3, False: 3}
    used = Counter(one.key.hash for one in sent if one)
    assert sorted(used.values()) == [1, 2, 3]
    second = pool.choose(10, avoid=HASHES[2])
    assert second is not None
    assert second.key.hash != HASHES[2]
    pool.accounts[0].dead = "unpaid"
    last = pool.choose(10, avoid=HASHES[2])
    assert last is not None
    assert last.key.hash == HASHES[2]  # better than none
    assert pool.choose(10) is None  # all it bears


def test_one_unpaid_account_does_not_stop_the_others_and_all_of_them_do(tmp_path: Path) -> None:
    class Unpaid(Provider):
        async def send(self, body, endpoint, key):
            if key.hash in HASHES[:unpaid]:
                self.calls[key.hash] += 1
                return Reply("account_blocked", detail="HTTP 429: 1113 欠费", key_hash=key.hash)
            return await super().send(body, endpoint, key)

    unpaid, provider = 2, Unpaid()
    summary, _, outcomes = run_many(50, settings_of(tmp_path, KEYS[:3]), provider)
    assert summary.done == 50
    assert outcomes["account_blocked"] == 2
    unpaid = 3
    with pytest.raises(RunError, match=r"no live key is left.*the account is refused.*1113"):
        run_many(50, settings_of(tmp_path, KEYS[:3]), Unpaid())


def test_a_spent_quota_is_waited_for_by_the_others_only(tmp_path: Path) -> None:
    class Spent(Provider):
        async def send(self, body, endpoint, key):
            if key.hash in HASHES[:spent]:
                self.calls[key.hash] += 1
                return Reply("quota_exhausted", detail="1304", wait=wait, key_hash=key.hash)
            return await super().send(body, endpoint, key)

    spent, wait = 1, 3600.0
    provider = Spent()
    summary, seconds, _ = run_many(60, settings_of(tmp_path, KEYS[:2]), provider)
    assert summary.done == 60
    assert seconds < 60
    assert provider.calls[HASHES[0]] == 1
    spent = 2
    with pytest.raises(RunError, match="every account asks to wait"):
        run_many(60, settings_of(tmp_path, KEYS[:2]), Spent())


def test_a_budget_ends_the_run_before_it_is_exceeded(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, KEYS[:2], price_in=50.0, price_out=100.0)  # 0.01 a request
    summary, _, outcomes = run_many(400, settings, Provider(), Budget(money=1.0))
    assert "budget of 1 is reached" in summary.ended
    assert 0.8 <= summary.cost <= 1.0 + 1e-9
    assert outcomes == {"ok": summary.done}
    summary, _, _ = run_many(400, settings, Provider(), Budget(tokens=3000))
    assert "3,000 tokens" in summary.ended
    assert 2000 <= summary.tokens <= 3000
    summary, _, outcomes = run_many(400, settings, Provider(), Budget(requests=37))
    assert summary.ended == "the limit of 37 requests is reached"
    assert outcomes == {"ok": 37}
    summary, _, _ = run_many(20, settings, Provider(), Budget(requests=20, money=9.0, tokens=99_999))
    assert (summary.done, summary.ended) == (20, "")


def test_a_limit_counts_requests_and_not_tries(tmp_path: Path) -> None:
    class Refusing(Provider):
        async def send(self, body, endpoint, key):
            self.calls[body["messages"][1]["content"]] += 1
            if self.calls[body["messages"][1]["content"]] == 1:
                return Reply("server_error", detail="HTTP 503")
            return await super().send(body, endpoint, key)

    summary, _, outcomes = run_many(100, settings_of(tmp_path, KEYS[:2]), Refusing(), Budget(requests=10))
    assert outcomes == {"server_error": 10, "ok": 10}
    assert summary.ended == "the limit of 10 requests is reached"


def test_an_outage_of_minutes_is_waited_for(tmp_path: Path) -> None:
    class Down(Provider):
        async def send(self, body, endpoint, key):
            if 20 < asyncio.get_running_loop().time() < 200:
                self.refused[key.hash] += 1
                await asyncio.sleep(0.05)
                return Reply("rate_limited", detail="HTTP 429", key_hash=key.hash)
            return await super().send(body, endpoint, key)

    provider = Down()
    summary, seconds, _ = run_many(600, settings_of(tmp_path, KEYS[:2]), provider)
    assert summary.done == 600
    assert 200 < seconds < 400
    assert sum(provider.refused.values()) < 60  # it was not hammered


def test_keys_of_lines_commas_and_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(tmp_path, ["# mine", f"{KEYS[0]} {KEYS[1]}", "", KEYS[2]], rpm=7)
    accounts = read_accounts(settings)
    assert [[key.hash for key in account.keys] for account in accounts] == [HASHES[:2], [HASHES[2]]]
    assert [account.rpm for account in accounts] == [7, 7]
    monkeypatch.setenv("TWO_KEYS", f"{KEYS[3]}, {KEYS[4]}")
    assert len(read_accounts(TeacherSettings(key_env="TWO_KEYS"))) == 2
    own = [AccountSettings(key_env="TWO_KEYS", rpm=5, base_url="http://elsewhere/v1"), AccountSettings()]
    first, second = read_accounts(TeacherSettings(model="m", rpm=9, concurrency=3, accounts=own))
    assert (len(first.keys), first.rpm, first.base_url, first.model, first.concurrency) == (
        2,
        5,
        "http://elsewhere/v1",
        "m",
        3,
    )
    assert (second.keys[0].hash, second.rpm) == ("", 9)


@pytest.mark.parametrize(
    ("lines", "mode", "named"),
    [
        (KEYS[:2], 0o644, "chmod 600"),
        ([], 0o600, "holds no key"),
        (["sk-钥匙"], 0o600, "odd characters"),
        ([KEYS[0], KEYS[0]], 0o600, "twice"),
    ],
)
def test_a_file_of_keys_that_cannot_be_used_is_refused(tmp_path: Path, lines: list[str], mode: int, named: str) -> None:
    settings = settings_of(tmp_path, lines)
    Path(settings.keys_file).chmod(mode)
    with pytest.raises(InputError, match=named) as caught:
        read_accounts(settings)
    assert "sk-" not in str(caught.value)


def test_no_file_of_keys(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_accounts(TeacherSettings(keys_file=str(tmp_path / "none.txt")))


def test_a_key_is_never_shown() -> None:
    key = Key(KEYS[0])
    assert KEYS[0] not in repr(key)
    assert key.hash in repr(key)
    with pytest.raises(InputError, match="no store"):
        Reader(Path("nowhere.sqlite"))
