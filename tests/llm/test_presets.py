"""Teachers by name: one line gives records from each provider as its documentation describes it, without thoughts, at
the price that it asks.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from jianghu.errors import InputError
from jianghu.llm.budget import Budget
from jianghu.llm.dialect import LADDER, SWITCHES, Dialect
from jianghu.llm.prices import in_peak, price
from jianghu.llm.runner import Summary, plan_strategies, run_strategies
from jianghu.llm.status import status
from jianghu.llm.store import Store
from jianghu.recipe import TEACHERS, SynthSettings, TeacherSettings, load_recipe, teacher_values, to_toml
from jianghu.synth import PassageStrategy, Shelf, forecast
from tests.conftest import jianghu
from tests.llm.preset_server import NATURES, Nature, PresetServer
from tests.llm.teacher_server import Act, TeacherServer, chat, items_for
from tests.synth.shelf import chapters, run_passages

KEY = "sk-0123456789abcdef"
pytestmark = pytest.mark.usefixtures("quick")


def settings_of(name: str, url: str = "http://127.0.0.1:9/v1", **more: object) -> TeacherSettings:
    """A preset that points to loopback, outside peak hours, with a price where its own is unknown or nothing."""
    own: dict[str, object] = {"teacher": name, "base_url": url, "peak_hours": "", "rpm": 0, "tpm": 0}
    values = teacher_values(name)
    if not values.get("price_in"):
        own |= {"price_in": 2.0, "price_out": 8.0}
        own |= {"price_cached": 0.5} if values.get("price_cached") == 0 else {}
    return TeacherSettings.model_validate({**own, **more})


@pytest.mark.parametrize("name", TEACHERS)
def test_a_preset_says_where_it_comes_from_and_is_whole(name: str) -> None:
    values = teacher_values(name)
    settings = TeacherSettings(**values)
    assert settings.base_url
    assert settings.model
    assert settings.thinking_off
    assert set(settings.thinking_off) <= set(SWITCHES)
    assert "price_in" not in values or re.fullmatch(r"2026-\d\d-\d\d", settings.prices_read)
    assert TeacherSettings.model_validate(name) == TeacherSettings.model_validate({"teacher": name, **values})


@pytest.mark.parametrize("name", TEACHERS)
def test_the_same_lines_give_records_from_each_provider_at_the_price_of_its_bill(
    name: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(name)
    if settings.key_env:
        monkeypatch.setenv(settings.key_env, KEY)
    with PresetServer(NATURES[name], settings) as server:
        synth = SynthSettings(passage_chars=120, max_passages=24, teacher=settings_of(name, server.url))
        summary = run_passages(chapters(8), store, synth)
        assert (summary.done, summary.records) == (24, 48)
        assert server.thoughts <= 2 * synth.teacher.concurrency  # those that were under way while it was found out
        assert summary.cost == pytest.approx(server.bill, rel=0.01)
        assert status(store)["cost"] == pytest.approx(server.bill, rel=0.01)
        before, seen = server.thoughts, len(server.seen)
        run_passages(chapters(8, seed=5), store, synth.model_copy(update={"max_passages": 5}))
        assert server.thoughts == before  # what was found out is remembered
        assert len(server.seen) == seen + 5


def test_an_unknown_server_that_thinks_is_told_not_to_by_each_way_in_turn(store: Store) -> None:
    for switch in LADDER[1:]:
        nature = Nature(calmed_by=SWITCHES[switch])
        settings = TeacherSettings(key_env="", model=f"m-{switch}", base_url="http://127.0.0.1:9/v1", concurrency=1)
        with PresetServer(nature, settings) as server:
            own = settings.model_copy(update={"base_url": server.url})
            run_passages(chapters(), store, SynthSettings(passage_chars=120, max_passages=8, teacher=own))
            assert server.thoughts == LADDER.index(switch)
            known = store.dialect(server.url, own.model)
            assert known is not None
            assert known["switch"] == switch


def test_a_parameter_that_is_refused_later_is_left_out(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        if "thinking" in body:
            return Act(400, '{"error": {"message": "json: unknown field \\"thinking\\""}}')
        thought = {"reasoning_content": "想"} if number == 3 else {}
        return Act(body=chat(json.dumps({"records": items_for(body)}, ensure_ascii=False), **thought))

    with TeacherServer(behave) as server:
        teacher = TeacherSettings(base_url=server.url, model="m", key_env="", concurrency=2)
        summary = run_passages(chapters(), store, SynthSettings(passage_chars=120, max_passages=10, teacher=teacher))
    assert (summary.done, summary.failed) == (10, {})


def test_a_reply_of_thoughts_alone_is_asked_again_without_them(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        if body.get("thinking") == {"type": "disabled"}:
            return Act(body=chat(json.dumps({"records": items_for(body)}, ensure_ascii=False)))
        return Act(body=chat("", "length", reasoning_content="想" * 500))

    with TeacherServer(behave) as server:
        teacher = TeacherSettings(base_url=server.url, model="m", key_env="", retries=0)
        summary = run_passages(chapters(), store, SynthSettings(passage_chars=120, max_passages=6, teacher=teacher))
    assert (summary.done, summary.records, summary.failed) == (6, 12, {})


def test_thinking_that_is_wanted_is_left_alone(store: Store) -> None:
    settings = settings_of("vllm", think=True)
    with PresetServer(NATURES["vllm"], settings) as server:
        own = settings.model_copy(update={"base_url": server.url})
        run_passages(chapters(), store, SynthSettings(passage_chars=120, max_passages=5, teacher=own))
        assert server.thoughts == 5
        assert all("chat_template_kwargs" not in body for body in server.seen)


def test_a_users_own_parameters_are_sent_as_they_are(store: Store) -> None:
    with TeacherServer() as server:
        extra = {"top_p": 0.9, "temperature": 0.1, "provider": {"order": ["a", "b"]}}
        teacher = TeacherSettings(base_url=server.url, model="m", key_env="", extra=extra)
        run_passages(chapters(), store, SynthSettings(passage_chars=120, max_passages=2, teacher=teacher))
        assert all(body[name] == value for body in server.seen for name, value in extra.items())


def test_a_name_alone_or_with_lines_that_override_it(tmp_path: Path) -> None:
    path = tmp_path / "jianghu.toml"
    path.write_text('[synth]\nstrategies = ["facts"]\nteacher = "deepseek"\n', encoding="utf-8")
    alone = load_recipe(path).synth.teacher
    assert (alone.model, alone.key_env, alone.price_cached) == ("deepseek-flash", "DEEPSEEK_API_KEY", 0.02)
    flags = {"synth": {"teacher": {"model": "deepseek-v4-pro", "price_in": 4.5}}}
    other = load_recipe(path, flags).synth.teacher
    assert (other.model, other.price_in, other.base_url) == ("deepseek-v4-pro", 4.5, alone.base_url)
    path.write_text(
        '[synth.teacher]\nteacher = "zhipu"\nmax_tokens = 99\n[synth.teacher.extra]\nx = 1\n', encoding="utf-8"
    )
    recipe = load_recipe(path)
    assert (recipe.synth.teacher.max_tokens, recipe.synth.teacher.extra) == (99, {"x": 1})
    for comments in (True, False):
        path.write_text(to_toml(recipe, comments), encoding="utf-8")
        assert load_recipe(path) == recipe
    path.write_text('[synth]\nteacher = "deepsek"\n', encoding="utf-8")
    with pytest.raises(InputError, match="deepseek"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("when", "peak"),
    [
        ("2026-11-27 09:00", True),  # a Friday, by the clock of Beijing
        ("2026-11-27 08:59", False),
        ("2026-11-27 12:00", False),
        ("2026-11-27 17:59", True),
        ("2026-11-28 10:00", False),  # a Saturday
    ],
)
def test_peak_hours_are_those_of_the_providers_clock(when: str, peak: bool) -> None:
    at = datetime.fromisoformat(when).replace(tzinfo=timezone(timedelta(hours=8))).timestamp()
    settings = TeacherSettings(teacher="deepseek")
    assert in_peak(settings.peak_hours, at) is peak
    assert price(settings, 1e6, 1e6, 5e5, at) == pytest.approx((0.5 + 0.01 + 4.0) * (2 if peak else 1))


def test_a_dialect_of_an_older_program_is_read() -> None:
    known = {"format": "json_object", "length": "max_tokens", "temperature": True, "no_thinking": True}
    assert Dialect.stored(known) == Dialect("json_object", switch="enable_thinking")
    assert Dialect.stored(Dialect(steps=("a",), tried=("b",)).to_dict()) == Dialect(steps=("a",), tried=("b",))


def test_check_tells_what_a_teacher_is_like(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    settings = settings_of("deepseek")
    with PresetServer(NATURES["deepseek"], settings) as server:
        recipe = f'[synth.teacher]\nteacher = "deepseek"\nbase_url = "{server.url}"\npeak_hours = ""\n'
        (tmp_path / "jianghu.toml").write_text(recipe, encoding="utf-8")
        told = json.loads(jianghu("synth", "check", "--json", cwd=tmp_path).stdout)
        assert (told["sendings"], told["thought"], told["format"]) == (1, False, "json_object")
        assert (told["records"], told["accepted"], told["currency"]) == (2, 2, "CNY")
        assert told["cost"] == pytest.approx(server.bill, rel=0.01)
        said = jianghu("synth", "check", cwd=tmp_path).stdout
        assert "it does not think" in said
    with TeacherServer(lambda n, body: Act(body=chat("", reasoning_content="想"))) as quiet:
        (tmp_path / "jianghu.toml").write_text(
            f'[synth.teacher]\nbase_url = "{quiet.url}"\nmodel = "m"\nkey_env = ""\n', encoding="utf-8"
        )
        ended = jianghu("synth", "check", cwd=tmp_path, check=False)
        assert ended.returncode == 1
        assert "only thought" in ended.stderr


def test_forecast_budget_and_status_agree_with_the_bill(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    settings = settings_of("deepseek")
    books = chapters(24, 40)
    with PresetServer(NATURES["deepseek"], settings) as server:
        synth = SynthSettings(passage_chars=120, max_passages=120, teacher=settings_of("deepseek", server.url))
        strategies = [PassageStrategy(Shelf(books), synth)]

        def run(budget: Budget) -> Summary:
            return run_strategies(strategies, books, store, synth.teacher, budget=budget)

        run(Budget(requests=40))
        plan_strategies(strategies, books, store, synth.teacher)
        (row,) = forecast(strategies, store, synth.teacher)
        before = server.bill
        bounded = run(Budget(money=row["cost"] / 2))
        spent = server.bill - before
        assert "budget" in bounded.ended
        assert 0.9 * row["cost"] / 2 < spent <= row["cost"] / 2
        whole = run(Budget())
        assert whole.cost == pytest.approx(server.bill, rel=0.01)
        assert row["cost"] == pytest.approx(server.bill - before, rel=0.01)
        assert server.cached > 0.5 * server.asked  # the instructions, and what stands before the passage
        assert status(store)["cached"] == pytest.approx(server.cached / server.asked, rel=0.01)
