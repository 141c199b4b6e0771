import time
from collections import Counter, defaultdict

import pytest

from jianghu.corpus import Chapter
from jianghu.names import Lexicon, Name
from jianghu.recipe import SynthSettings
from jianghu.records import Record
from jianghu.synth import cloze_records
from tests.synth.shelf import BOOK, chapters, lexicon

NAMES = Lexicon([Name("顾长风", ("长风先生",)), Name("秦夫人"), Name("白无双"), Name("寒潭寺", (), "place")])


def ask(text: str, title: str = "第七回 夜探古寺", count: int = 4000, book: str = BOOK) -> list[Record]:
    return cloze_records([Chapter(book, 7, title, text)], {book: NAMES}, SynthSettings(cloze_records=count))


def of_kind(records: list[Record], kind: str) -> list[Record]:
    return [record for record in records if record.kind == kind]


@pytest.fixture(scope="module")
def shelf() -> list[Chapter]:
    return [*chapters(12, 60), *chapters(6, 40, "长风记", 7)]


@pytest.fixture(scope="module")
def records(shelf: list[Chapter]) -> list[Record]:
    return cloze_records(shelf, {BOOK: lexicon(), "长风记": lexicon()}, SynthSettings(cloze_records=900))


def test_who_said_it() -> None:
    made = of_kind(ask("秦夫人冷笑道：“你若今夜敢来，我便把灯点上。”"), "who")
    assert len({record.fact for record in made}) == 1
    assert {record.wording for record in made} == {1, 2, 3}
    for record in made:
        assert "你若今夜敢来，我便把灯点上。" in record.question
        assert record.short_answer == "秦夫人"
        assert record.answer.startswith("秦夫人")


@pytest.mark.parametrize(
    "text",
    [
        "秦夫人使人告白无双道：“你若今夜敢来，我便把灯点上。”",
        "秦夫人之子道：“你若今夜敢来，我便把灯点上。”",
        "秦夫人道：“我秦夫人今夜若不来，你便把灯点上。”",
        "有人道：“你若今夜敢来，我便把灯点上。”",
    ],
)
def test_a_doubtful_speaker_is_not_asked_for(text: str) -> None:
    assert not of_kind(ask(text), "who")


def test_an_alias_is_answered_as_it_stands_and_explained() -> None:
    made = of_kind(ask("长风先生纵马跃过断桥，一剑削落了匪首的铁盔。"), "who")
    assert made
    for record in made:
        assert record.short_answer == "长风先生"
        assert "顾长风" in record.aliases
        assert record.answer.startswith("长风先生，也就是顾长风")
        assert "谁" in record.question or "哪" in record.question or "有人" in record.question


def test_where() -> None:
    made = of_kind(ask("三更过后，白无双悄悄来到寒潭寺，推开那扇朽烂的木门。"), "where")
    assert {record.short_answer for record in made} == {"寒潭寺"}
    assert all("寒潭寺" not in record.question for record in made)


def test_to_whom_it_was_said_and_done() -> None:
    said = of_kind(ask("秦夫人对白无双冷笑道：“今夜若敢来，便把灯点上等着。”"), "whom")
    assert {record.short_answer for record in said} == {"白无双"}
    assert all("秦夫人" in record.question and "白无双" not in record.question for record in said)
    done = of_kind(ask("顾长风取出半块玉佩，双手递与秦夫人，转身便走。"), "whom")
    assert {record.short_answer for record in done} == {"秦夫人"}
    assert all("顾长风取出半块玉佩，双手递与" in record.question for record in done)


def test_with_what() -> None:
    made = of_kind(ask("顾长风大步上前，提着一口朴刀，守在门口。"), "thing")
    assert {record.short_answer for record in made} == {"一口朴刀"}
    assert all("朴刀" not in record.question for record in made)


@pytest.mark.parametrize(
    "text",
    [
        "顾长风听了，也不再言语，只仰天打了三个哈哈。",  # what he heard stands above
        "顾长风哪里肯受，谦让至再三才受半礼。",
        "顾长风夫妻望着河里，痛哭了一场，各自散去。",
        "顾长风策马出城，夜半孤灯照雪明。",  # verse
        "顾长风把那封信交与他，转身走下山去了。",
    ],
)
def test_a_deed_that_only_the_lines_around_explain_is_not_asked_for(text: str) -> None:
    assert not of_kind(ask(text), "who")


def test_asking_words_and_orders_differ(records: list[Record]) -> None:
    by_fact = defaultdict(list)
    for record in of_kind(records, "who"):
        by_fact[record.fact].append(record.question)
    assert by_fact
    for questions in by_fact.values():
        assert len({next(word for word in ("哪个人", "什么人", "哪一位", "谁") if word in q) for q in questions}) > 1
        assert len({question.index("《") for question in questions}) > 1


def test_few_records_are_about_chapters(records: list[Record]) -> None:
    assert 0 < len(of_kind(records, "chapter")) <= 0.1 * len(records)


def test_a_place_is_a_name_and_a_whole_one() -> None:
    text = "".join(
        f"白无双{n}次来到酒楼，那酒楼里有一座酒楼。\n史家叫庄客到叫庄客家，白无双在叫庄客家。\n" for n in "一二三四五"
    )
    assert not {"酒楼", "叫庄"} & {record.short_answer for record in of_kind(ask(text), "where")}


def test_places_are_found_without_a_lexicon_entry() -> None:
    text = "白无双连夜奔白鹿山去取药。\n秦夫人带人来到白鹿山脚下安营扎寨。\n顾长风独自守白鹿山前门三日三夜。"
    assert "白鹿山" in {record.short_answer for record in of_kind(ask(text), "where")}


def test_a_sentence_that_the_book_has_twice_is_not_asked() -> None:
    sentence = "白无双提灯走过回廊，忽听墙外有三声梆子。"
    assert any(sentence[3:-1] in record.question for record in ask(sentence))
    assert not any(sentence[3:-1] in record.question for record in ask(sentence + "\n" + sentence))


def test_one_question_with_two_answers_is_dropped() -> None:
    text = "白无双提灯走过回廊，忽听墙外有三声梆子。\n秦夫人提灯走过回廊，忽听墙外有三声梆子。"
    assert not any("____提灯走过" in record.question for record in ask(text))


def test_a_name_that_the_sentence_gives_away_is_not_blanked() -> None:
    text = "白无双提灯走过回廊，双脚忽然陷进了一处泥坑。"
    assert not of_kind(ask(text), "cloze")


def test_chapter_titles_both_ways() -> None:
    made = of_kind(ask("天色渐晚。"), "chapter")
    assert {record.short_answer for record in made} == {"第七回", "夜探古寺"}
    assert len({record.split for record in made}) == 1  # one way gives the other away
    assert all(record.start is None for record in made)


def test_a_chapter_without_number_is_not_asked_by_number() -> None:
    assert not of_kind(ask("白无双提灯走过回廊，忽听墙外有三声梆子。", title="楔子"), "chapter")


def test_without_names_there_are_still_title_questions(shelf: list[Chapter]) -> None:
    made = cloze_records(shelf, {}, SynthSettings(cloze_records=50))
    assert {record.kind for record in made} <= {"chapter", "where"}
    assert of_kind(made, "chapter")


def test_every_answer_stands_in_its_evidence(shelf: list[Chapter], records: list[Record]) -> None:
    texts: dict[tuple[str, int | None], Chapter] = {(c.book, c.chapter): c for c in shelf}
    for record in records:
        if record.start is not None:
            chapter = texts[record.book, record.chapter]
            assert (
                record.short_answer in chapter.text[record.start : record.end] or record.short_answer in chapter.title
            )
        elif record.kind == "chapter":
            assert record.short_answer in texts[record.book, record.chapter].title
        else:
            assert record.short_answer in ("是的", "不是")


def test_lengths_and_form(records: list[Record]) -> None:
    assert len(records) == 900
    for record in records:
        assert len(record.question) <= 120
        assert len(record.answer) <= 60
        assert record.answer.startswith(record.short_answer)
        assert f"《{record.book}》" in record.question
        assert record.source == "cloze"
        assert Record.from_dict(record.to_dict()) == record


def test_questions_and_ids_are_unique_and_wordings_share_a_split(records: list[Record]) -> None:
    assert len({record.question for record in records}) == len(records) == len({record.id for record in records})
    by_fact = defaultdict(list)
    for record in records:
        by_fact[record.fact].append(record)
    assert max(map(len, by_fact.values())) == 3
    for own in by_fact.values():
        assert len({record.split for record in own}) == len({record.short_answer for record in own}) == 1
    assert {record.split for record in records} == {"train", "val", "test"}


def test_a_sentence_is_spent_once(records: list[Record]) -> None:
    facts_of = defaultdict(set)
    for record in records:
        if record.start is not None and record.kind != "present":
            facts_of[record.book, record.chapter, record.start].add(record.fact)
    assert max(map(len, facts_of.values())) == 1


def test_spread_over_chapters_and_kinds(shelf: list[Chapter], records: list[Record]) -> None:
    per_chapter = Counter((r.book, r.chapter) for r in records if r.kind not in ("absent", "present"))
    assert len(per_chapter) == len(shelf)
    assert max(per_chapter.values()) <= 3 * min(per_chapter.values())
    kinds = Counter(record.kind for record in records)
    assert set(kinds) == {"who", "where", "cloze", "next", "chapter", "absent", "present"}
    assert min(kinds.values()) >= 10
    assert kinds["present"] >= kinds["absent"]  # always saying no must not pay


def test_no_means_no_and_yes_means_yes(shelf: list[Chapter], records: list[Record]) -> None:
    whole: dict[str, str] = defaultdict(str)
    for chapter in shelf:
        whole[chapter.book] += chapter.title + chapter.text
    for record in of_kind(records, "absent"):
        assert record.short_answer == "不是"
        asked = record.question.replace(f"《{record.book}》", "")
        stranger = next(word for word in _names() if word in asked)
        assert stranger not in whole[record.book]
    for record in of_kind(records, "present"):
        if record.short_answer == "是的":
            assert any(name in record.question and name in whole[record.book] for name in _names())


def _names() -> list[str]:
    from jianghu.names import famous
    from tests.conftest import PEOPLE

    return [*PEOPLE, *(name for names in famous().values() for name in names)]


def test_a_name_of_a_classic_that_occurs_in_the_book_is_never_denied() -> None:
    made = ask("白无双自比关羽，提灯走过回廊，忽听墙外有三声梆子。")
    assert of_kind(made, "absent")
    assert not any("关羽" in record.question for record in of_kind(made, "absent"))


def test_the_same_input_gives_the_same_records(shelf: list[Chapter], records: list[Record]) -> None:
    lexicons = {BOOK: lexicon(), "长风记": lexicon()}
    assert cloze_records(shelf, lexicons, SynthSettings(cloze_records=900)) == records
    assert cloze_records(shelf, lexicons, SynthSettings(cloze_records=300)) == records[:300]
    other = cloze_records(shelf, lexicons, SynthSettings(cloze_records=900, seed=2))
    assert other != records


def test_adding_a_book_moves_no_record_to_another_split(records: list[Record]) -> None:
    alone = cloze_records(chapters(12, 60), {BOOK: lexicon()}, SynthSettings(cloze_records=900))
    before = {record.fact: record.split for record in alone}
    shared = [record for record in records if record.fact in before]
    assert len(shared) > 100
    assert all(before[record.fact] == record.split for record in shared)


def test_thousands_in_seconds() -> None:
    many = chapters(60, 200)
    began = time.thread_time()
    made = cloze_records(many, {BOOK: lexicon()}, SynthSettings(cloze_records=4000))
    assert len(made) > 3000
    assert time.thread_time() - began < 20  # of the processor, whatever else the machine does
