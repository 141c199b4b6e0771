import pytest

from jianghu.corpus import BUNDLED_NAME, Chapter, find_bundled, load_book
from jianghu.errors import InputError
from jianghu.recipe import BooksSettings, SynthSettings
from jianghu.synth import map_records
from jianghu.synth.bundled import BundledFact

RAW = [
    "第一回 起\n\n  \n\t沈青峰夜入寒潭寺。\n\n\t柳如烟点灯相候。沈青峰夜入寒潭寺。",
    "第二回 承\n\n\t白无双\n\t独守断云岭。",
]
CLEAN = [
    Chapter(BUNDLED_NAME, 1, "第一回 起", "沈青峰夜入寒潭寺。\n柳如烟点灯相候。沈青峰夜入寒潭寺。"),
    Chapter(BUNDLED_NAME, 2, "第二回 承", "白无双\n独守断云岭。"),
]


def fact(number: int, chapter: int | None, start: int | None, end: int | None, **changes) -> BundledFact:
    fields = {"fact": f"s-{number}", "group": f"s-{number}", "kind": "plot", "short_answer": "甲", "aliases": ()}
    texts = {
        "answers": ("甲。", "甲，是他。"),
        "questions": (f"第{number}问是什么？", f"第{number}问说的是谁？", f"{number}呢？"),
    }
    return BundledFact(**{**fields, **texts, "chapter": chapter, "start": start, "end": end, **changes})


def span(chapter: int, words: str, skip: int = 0) -> tuple[int, int]:
    at = RAW[chapter - 1].index(words, skip)
    return at, at + len(words)


def test_spans_move_into_the_cleaned_text_across_white_space() -> None:
    rows = [fact(1, 1, *span(1, "柳如烟点灯相候。")), fact(2, 2, *span(2, "白无双\n\t独守"))]
    first, _, _, second, *_ = map_records(rows, RAW, CLEAN, SynthSettings())
    assert CLEAN[0].text[first.start : first.end] == "柳如烟点灯相候。"
    assert CLEAN[1].text[second.start : second.end] == "白无双\n独守"
    assert (first.source, first.book, first.chapter) == ("bundled", BUNDLED_NAME, 1)


def test_of_two_equal_places_the_near_one_is_taken() -> None:
    words = "沈青峰夜入寒潭寺。"
    early, late = fact(1, 1, *span(1, words)), fact(2, 1, *span(1, words, 30))
    first, _, _, second, *_ = map_records([early, late], RAW, CLEAN, SynthSettings())
    assert first.start == 0
    assert second.start == CLEAN[0].text.rindex(words)


def test_records_without_a_span_stay() -> None:
    record, *_ = map_records([fact(1, None, None, None, absent="孙悟空")], RAW, CLEAN, SynthSettings())
    assert (record.chapter, record.start, record.end) == (None, None, None)


def test_a_heading_is_evidence_without_a_span() -> None:
    record, *_ = map_records([fact(1, 2, 0, 5)], RAW, CLEAN, SynthSettings())
    assert (record.chapter, record.start, record.end) == (2, None, None)


def test_facts_of_a_group_share_a_split() -> None:
    rows = [fact(n, 1, *span(1, "柳如烟"), group="pair") for n in range(40)]
    assert len({record.split for record in map_records(rows, RAW, CLEAN, SynthSettings())}) == 1


def test_every_wording_is_a_record_and_takes_the_answers_in_turn() -> None:
    made = map_records([fact(1, 1, *span(1, "柳如烟"))], RAW, CLEAN, SynthSettings())
    assert [(record.wording, record.answer) for record in made] == [(1, "甲。"), (2, "甲，是他。"), (3, "甲。")]
    assert len({record.id for record in made}) == 3
    assert {record.fact for record in made} == {"s-1"}


def test_what_every_reader_asks_is_always_taught() -> None:
    rows = [fact(n, 1, *span(1, "柳如烟"), taught=True) for n in range(40)]
    assert {record.split for record in map_records(rows, RAW, CLEAN, SynthSettings())} == {"train"}


def test_another_edition_is_refused_and_a_small_gap_is_not() -> None:
    rows = [fact(n, 1, *span(1, "柳如烟点灯相候。")) for n in range(99)] + [fact(99, 2, *span(2, "断云岭"))]
    changed = [CLEAN[0], Chapter(BUNDLED_NAME, 2, "第二回 承", "全然不同的一章。")]
    assert len(map_records(rows, RAW, changed, SynthSettings())) == 99 * 3
    with pytest.raises(InputError, match="another edition"):
        map_records(rows[95:], RAW, changed, SynthSettings())


def test_a_shelf_without_the_novel_is_refused() -> None:
    other = [Chapter("青峰录", 1, "第一回 起", CLEAN[0].text)]
    with pytest.raises(InputError, match=BUNDLED_NAME):
        map_records([fact(1, 1, 0, 4)], RAW, other, SynthSettings())


def test_spans_of_the_real_novel_are_found_after_cleaning(tmp_path) -> None:
    novel = find_bundled()
    if novel is None:
        pytest.skip("the bundled novel is not installed")
    book = load_book(novel.write_book(tmp_path), BooksSettings())
    rows: list[BundledFact] = []
    for chapter, raw in enumerate(novel.chapters_raw, 1):
        body = raw.index("\t")
        for start in range(body + 50, len(raw) - 60, 400):
            rows.append(fact(len(rows), chapter, start, start + 40))
    made = map_records(rows, novel.chapters_raw, book.chapters, SynthSettings())
    assert len(made) >= 0.98 * 3 * len(rows)
    texts = {chapter.chapter: chapter.text for chapter in book.chapters}
    for record in made:
        assert record.chapter is not None
        source = rows[int(record.fact[2:])]
        wanted = novel.chapters_raw[record.chapter - 1][source.start : source.end]
        found = texts[record.chapter][record.start : record.end]
        assert "".join(found.split()) == "".join(wanted.split())
