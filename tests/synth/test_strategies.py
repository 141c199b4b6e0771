"""The strategies against a teacher that is scripted: what is asked, what follows, and what is kept."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from jianghu.corpus import Chapter
from jianghu.llm.budget import Budget
from jianghu.llm.prompts import Prompts, prompt_names
from jianghu.llm.runner import reparse, run_strategies
from jianghu.llm.store import Store
from jianghu.names import Lexicon, Name
from jianghu.recipe import SynthSettings
from jianghu.synth import Coverage, Shelf, coverage, make_strategies, schemas, stored_records
from jianghu.synth.checks import letters
from jianghu.synth.strategies.well_known import well_known
from jianghu.synth.strategies.wordings import BRIEF, FORMS, plan_wordings
from tests.llm.teacher_server import Act, TeacherServer, chat, passage_of
from tests.synth.scripted import scripted, stage_of
from tests.synth.shelf import BOOK, chapters, lexicon, synth_settings

CHAPTERS = chapters()
LEXICONS = {BOOK: lexicon()}
pytestmark = pytest.mark.usefixtures("quick")


def run(
    store: Store, settings: SynthSettings, *names: str, lexicons=LEXICONS, prompts=None, held=None, **named
) -> Shelf:
    shelf = Shelf(CHAPTERS, lexicons, store, held or {})
    strategies = make_strategies(names, shelf, settings, prompts)
    run_strategies(strategies, CHAPTERS, store, settings.teacher, **named)
    return shelf


def asked(server: TeacherServer) -> list[dict]:
    """What was asked, each request once: on a busy machine one may time out and be sent again."""
    return list({json.dumps(body["messages"]): body for body in server.seen}.values())


def rows(store: Store, settings: SynthSettings) -> list[dict]:
    return [record.to_dict() for _, record in stored_records(store, settings)]


def test_facts_come_in_passes_and_each_in_its_planned_wordings(store: Store) -> None:
    with TeacherServer(scripted) as server:
        settings = synth_settings(server.url, wordings=3, max_passages=8, contrast_share=1.0)
        run(store, settings, "facts")
        stages = Counter(stage_of(body) for body in asked(server))
    assert stages["facts 1"] == stages["contrast"] == 8
    assert 0 < stages["facts 2"] <= 8
    assert stages["wordings"] >= stages["facts 2"]
    facts = list(store.kept("fact"))
    texts = {chapter.chapter: chapter.text for chapter in CHAPTERS}
    for kept in facts:
        assert kept.passage is not None
        assert kept.passage.text[kept.content["start"] : kept.content["end"]] == kept.content["quote"]
    records = rows(store, settings)
    by_fact = Counter(row["fact"] for row in records if row["kind"] != "contrast")
    assert len(by_fact) > 8
    assert set(by_fact.values()) <= {1, 2, 3}
    for row in records:
        if row["kind"] != "contrast":
            assert row["short_answer"] in texts[row["chapter"]][row["start"] : row["end"]]
        else:
            assert row["start"] is None


def test_basics_ask_what_everybody_asks_about_the_most_named(store: Store) -> None:
    lexicons = {BOOK: Lexicon([*lexicon().names, Name("张三", (), "person")])}
    with TeacherServer(scripted) as server:
        settings = synth_settings(server.url, basics_names=5, basics_passages=3, wordings=4, facts_per_passage=3)
        run(store, settings, "basics", lexicons=lexicons)
        bodies = [body for body in asked(server) if stage_of(body) == "basics"]
    names = Counter(name_asked(body) for body in bodies)
    assert set(names.values()) == {3}
    kinds = {name.name: name.kind for name in lexicons[BOOK].names}
    assert Counter(kinds[name] for name in names) == {"person": 3, "place": 2}
    assert "张三" not in names  # the book does not name him
    assert all(name_asked(body) in passage_of(body) for body in bodies)
    facts = list(store.kept("fact", "basics"))
    told = [(about_of(store, kept.key)["name"], kept.content["statement"]) for kept in facts]
    assert len(told) > 10
    assert len(set(told)) == len(told)  # nothing is noted twice about a name, in whichever of its passages it stands
    assert all(name in statement for name, statement in told)
    assert store.verdicts("fact")["about somebody else"] > 0
    made = rows(store, settings)
    assert {row["source"] for row in made} == {"basics"}
    assert sum(kept.content["form"] == BRIEF for kept in store.kept("record", "basics")) >= len(made) / 3


def name_asked(body: dict) -> str:
    return body["messages"][-1]["content"].partition("要问的名字：")[2].splitlines()[0]


def about_of(store: Store, key: str) -> dict:
    request = store.request(key)
    assert request is not None
    return request.body["about"]


def test_the_words_of_a_topic_choose_the_passage() -> None:
    filler = "次日天明，众人收拾行李，各自上路，不在话下。" * 6
    told = [
        f"那日武松来到店中。{filler}",
        f"武松手提一条哨棒，腰挂戒刀。{filler}",
        f"武松的哥哥武大是清河县人氏。{filler}",
    ]
    chapters = [Chapter("水浒", n, f"第{n}回", f"{one}\n武松走了。武松又来。") for n, one in enumerate(told, 1)]
    shelf = Shelf(chapters, {"水浒": Lexicon([Name("武松"), Name("哨棒", (), "other"), Name("店中", (), "place")])})
    [found] = well_known(shelf, "水浒", 120, 5, 3)
    assert (found.name, len(found.passages)) == ("武松", 3)
    assert ["人氏" in found.passages[0].text, "戒刀" in found.passages[2].text] == [True, True]


def test_the_same_store_comes_of_any_order_of_arrival(tmp_path: Path) -> None:
    made = []
    for turn in (0, 1):
        delayed = lambda n, body: Act(body=scripted(n, body).body, delay=0.02 * ((n * 7) % 3) * turn)  # noqa: B023, E731 - used in this turn only
        with TeacherServer(delayed) as server, Store(tmp_path / f"{turn}.sqlite") as store:
            settings = synth_settings(server.url, max_passages=5)
            run(store, settings, "facts")
            made.append(rows(store, settings))
    assert made[0] == made[1] != []


def test_a_changed_prompt_asks_only_its_own_requests_again(store: Store, tmp_path: Path) -> None:
    own = tmp_path / "wordings.md"
    own.write_text(Prompts().get("wordings").text.replace("像朋友之间聊这本书", "像茶馆里闲谈"), encoding="utf-8")
    with TeacherServer(scripted) as server:
        settings = synth_settings(server.url, max_passages=4, contrast_share=0.0)
        run(store, settings, "facts")
        first = Counter(stage_of(body) for body in asked(server))
        del server.seen[:]
        run(store, settings, "facts", prompts=Prompts(tmp_path))
        again = Counter(stage_of(body) for body in asked(server))
    assert again == {"wordings": first["wordings"]}


def test_what_the_present_prompt_does_not_ask_for_leaves_and_comes_back_for_nothing(
    store: Store, tmp_path: Path
) -> None:
    own = tmp_path / "wordings.md"
    own.write_text(Prompts().get("wordings").text.replace("像朋友之间聊这本书", "像茶馆里闲谈"), encoding="utf-8")
    changed = Prompts(tmp_path)
    with TeacherServer(scripted) as server:
        settings = synth_settings(server.url, max_passages=4, contrast_share=0.0)
        run(store, settings, "facts")
        first, facts = rows(store, settings), list(store.kept("fact"))
        run(store, settings, "facts", prompts=changed, budget=Budget(requests=2))
        some = rows(store, settings)
        assert {asked.prompt for kept in store.kept() if (asked := store.request(kept.key))} == {
            changed.get("wordings").hash
        }
        assert list(store.kept("fact")) == facts  # their prompt is as it was
        run(store, settings, "facts", prompts=changed, budget=Budget(requests=1))
        more = rows(store, settings)
        assert store.verdicts()["accepted"] == len(more)
        sent = len(server.seen)
        run(store, settings, "facts")
        assert rows(store, settings) == first
        run(store, settings, "facts", prompts=changed, budget=Budget(requests=0))
        assert rows(store, settings) == more
        assert len(server.seen) == sent
    ids = [{row["id"] for row in made} for made in (first, some, more)]
    assert set() < ids[1] < ids[2]  # what a limited run brought stays when the next one brings more
    assert not ids[0] & ids[2]


def test_an_unreadable_reply_is_corrected_once(store: Store) -> None:
    def behave(number: int, body: dict) -> Act:
        return Act(body=chat("对不起，我换个格式：问：谁？答：他。"))

    with TeacherServer(behave) as server:
        run(store, synth_settings(server.url, max_passages=3), "passage")
        turns = Counter(len(body["messages"]) for body in asked(server))
    assert turns == {2: 3, 4: 3}
    assert store.verdicts() == {"not JSON": 6}


def test_names_are_found_first_where_a_book_brings_none(store: Store) -> None:
    with TeacherServer(scripted) as server:
        settings = synth_settings(server.url, max_passages=6)
        shelf = run(store, settings, "facts", "lexicon", lexicons={})
        order = [stage_of(body) for body in asked(server)]
    last = max(n for n, stage in enumerate(order) if stage == "lexicon")
    assert set(order[: last + 1]) == {"lexicon"}
    shelf.learn()
    found = {name.name for name in shelf.names(BOOK).names}
    assert found
    assert found <= {name.name for name in lexicon().names}


def test_rolling_turns_through_twelve_prompts_and_shows_the_last_output(store: Store) -> None:
    with TeacherServer(scripted) as server:
        run(store, synth_settings(server.url, rolling_chains=1, max_passages=14), "rolling")
        bodies = asked(server)
    assert len(bodies) == 14
    systems = [body["messages"][0]["content"] for body in bodies]
    assert len(set(systems)) == 12
    assert systems[12:] == systems[:2]
    for before, after in pairwise(bodies):
        said = scripted(0, before).body["choices"][0]["message"]["content"]  # type: ignore[index, call-overload]  # a dictionary
        assert said[-200:] in after["messages"][1]["content"]


def test_rolling_repeats_itself_more_than_facts_on_the_same_number_of_requests(tmp_path: Path) -> None:
    rates = {}
    for name in ("rolling", "facts"):
        with TeacherServer(scripted) as server, Store(tmp_path / f"{name}.sqlite") as store:
            settings = synth_settings(server.url, max_passages=20 if name == "rolling" else 5, contrast_share=0.0)
            run(store, settings, name)
            questions = [letters(row["question"]) for row in rows(store, settings)]
            rates[name] = 1 - len(set(questions)) / len(questions)
    assert rates["facts"] < rates["rolling"]


def test_texts_for_pretraining_keep_off_what_training_is_validated_on(store: Store) -> None:
    held = {(BOOK, 1): [(0, len(CHAPTERS[0].text))]}
    with TeacherServer(scripted) as server:
        run(store, synth_settings(server.url, rewrite_chars=400), "rewrite", held=held)
        assert {stage_of(body) for body in asked(server)} == {"summary", "dossier", "paraphrase"}
    kept = list(store.kept("text"))
    assert kept
    assert all(item.passage is None or item.passage.chapter != 1 for item in kept)


def test_coverage_names_bare_chapters_and_silent_people(store: Store) -> None:
    with TeacherServer(scripted) as server:
        shelf = run(store, synth_settings(server.url, max_passages=2), "facts")
    found = coverage(store, shelf)[BOOK]
    assert found["brief"]["facts"] == sum(row["facts"] for row in found["chapters"]) > 0
    assert found["brief"]["chapters_without_facts"] == sum(not row["facts"] for row in found["chapters"]) > 0
    assert found["people"]["known"] == found["people"]["asked"] + len(found["people"]["silent"])
    assert found["brief"]["people_without_questions"] == len(found["people"]["silent"])


def test_coverage_is_counted_piece_by_piece_and_anew_when_plans_or_readings_change(store: Store) -> None:
    with TeacherServer(scripted) as server:
        settings = synth_settings(server.url, max_passages=2, contrast_share=0.0)
        shelf = run(store, settings, "facts")
        found = Coverage(shelf)
        looks = 1
        while not found.look(store, 2):
            looks += 1
        assert looks == len(rows(store, settings)) // 2 + 1
        few = found.books(store)
        assert few == coverage(store, shelf)
        run(store, settings.model_copy(update={"max_passages": 12}), "facts")
        assert found.look(store)
        many = found.books(store)
        assert many == coverage(store, shelf)
        assert many[BOOK]["people"]["asked"] > few[BOOK]["people"]["asked"]
        run(store, settings, "facts")
        assert found.look(store)
        assert found.books(store) == few
        (strategy,) = make_strategies(["facts"], shelf, settings)
        reparse(strategy, store)
        assert not found.look(store)
        assert found.look(store)
        assert found.books(store) == few


@pytest.mark.parametrize("backward", [True, False])
def test_wordings_are_planned_both_ways_and_differ(backward: bool) -> None:
    seen: Counter[str] = Counter()
    for number in range(300):
        plan = plan_wordings(f"fact {number}", 4, backward)
        assert len(set(plan)) == 4
        assert [w.form for w in plan][: 1 + backward] == ["正问", "反问"][: 1 + backward]
        seen.update(wording.form for wording in plan)
    assert set(seen) == set(FORMS) - (set() if backward else {"反问"})


def test_of_ten_wordings_half_are_brief() -> None:
    for count, brief in ((3, 0), (4, 0), (6, 2), (10, 5), (12, 6)):
        plan = plan_wordings("a fact", count, True)
        assert [w.form for w in plan].count(BRIEF) == brief
        assert len(plan) == count
        full = plan[: count - brief]
        assert len(set(full)) == len(full)


SCHEMAS = {
    "basics": schemas.FACTS,
    "contrast": schemas.CONTRASTS,
    "facts": schemas.FACTS,
    "facts-more": schemas.FACTS,
    "lexicon": schemas.NAMES,
    "passage": schemas.RECORDS,
    "wordings": schemas.WORDINGS,
    **dict.fromkeys(("summary", "dossier", "paraphrase"), schemas.TEXTS),
    **{f"rolling-{number:02d}": schemas.PAIRS for number in range(1, 13)},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_prompt_shows_the_json_that_its_schema_asks_for(name: str) -> None:
    prompt = Prompts().get(name)
    *_, line = (line for line in f"{prompt.system}\n{prompt.user}".splitlines() if line.startswith('{"'))
    ((listing, (shown,)),) = json.loads(line).items()
    assert SCHEMAS[name]["required"] == [listing]
    assert SCHEMAS[name]["properties"][listing]["items"]["required"] == list(shown)


def test_every_prompt_of_the_package_can_be_read() -> None:
    assert {Prompts().get(name).name for name in prompt_names()} == set(prompt_names()) > set(SCHEMAS)
