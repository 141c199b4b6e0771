"""Who is not in a book: people of the shelf's other books."""

from jianghu.corpus import Chapter
from jianghu.evaluation.grading import abstains
from jianghu.names import Lexicon, Name
from jianghu.synth.outside import outside_records

GREEN = Chapter("青峰录", 1, "第一回", "沈青峰夜入寒潭寺，柳如烟点灯相候。沈青峰道：“久等了。”路远也在。")
BRIDGE = Chapter("断桥记", 1, "第一回", "顾长河过断桥，遇见路远。顾长河道：“兄台何往？”")
LEXICONS = {
    "青峰录": Lexicon([Name("沈青峰"), Name("柳如烟"), Name("路远"), Name("寒潭寺", (), "place")]),
    "断桥记": Lexicon([Name("顾长河"), Name("路远")]),
}


def test_people_of_the_other_book_are_asked_about_and_told_to_be_elsewhere():
    records = outside_records([GREEN, BRIDGE], LEXICONS)
    asked = {(record.book, record.fact.rpartition(":")[2]) for record in records}
    assert asked == {("断桥记", "沈青峰"), ("断桥记", "柳如烟"), ("青峰录", "顾长河")}  # both have 路远
    for record in records:
        other = "断桥记" if record.book == "青峰录" else "青峰录"
        assert f"《{record.book}》" in record.question
        assert f"《{other}》" in record.answer
        assert abstains(record.answer)
        assert record.answer.startswith(record.short_answer)
    assert len({record.question for record in records}) == len(records)
    assert len({record.id for record in records}) == len(records)


def test_a_shelf_of_one_book_has_nobody_elsewhere():
    assert outside_records([GREEN], LEXICONS) == []


def test_an_english_shelf_gets_none():
    emma, persuasion = (Chapter(title, 1, "Chapter I", f"{title} was there.") for title in ("Emma", "Persuasion"))
    assert outside_records([emma, persuasion], {}) == []


def test_somebody_of_two_other_books_is_asked_about_once():
    third = Chapter("孤雁集", 1, "第一回", "程小楼独上白鹿山庄，无人应门。程小楼又等了一夜。")
    records = outside_records([GREEN, BRIDGE, third], {**LEXICONS, "孤雁集": Lexicon([Name("程小楼")])})
    assert any(record.fact == "outside:孤雁集:路远" for record in records)
    assert len({record.id for record in records}) == len(records)
