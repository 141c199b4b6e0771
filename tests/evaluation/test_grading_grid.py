"""A grid of graded pairs, written down as a reader of the answer would mark it, before the code that marks it."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jianghu.evaluation import Item, contains, exact, grade
from jianghu.evaluation.clauses import tokens

R, W, A = "right", "wrong", "abstained"
WHO, HOW_MANY, WHERE = "是谁放走了曹操？", "一共有多少？", "诏书藏在什么地方？"
IS_IT, JUDGE, CHOOSE = "李逵是书里的人吗？", "判断对错：关羽温酒斩华雄。", "选择：A 关羽 B 张飞 C 赵云 D 马超"

NUMBERS = [
    (HOW_MANY, ["314"], "3.14", W),
    (HOW_MANY, ["3.14"], "314", W),
    (HOW_MANY, ["3.14"], "约为3.14。", R),
    (HOW_MANY, ["18"], "180", W),
    (HOW_MANY, ["18"], "一共18个。", R),
    (HOW_MANY, ["18"], "十八个", R),
    (HOW_MANY, ["八十二斤"], "重82斤。", R),
    (HOW_MANY, ["八十二斤"], "重一百八十二斤。", W),
    (HOW_MANY, ["十万"], "十万八千里", W),
    (HOW_MANY, ["十万"], "共10万支箭", R),
    (HOW_MANY, ["十万八千里"], "108000里", R),
    (HOW_MANY, ["三人"], "3人。", R),
    (HOW_MANY, ["三人"], "三个人", R),
    (HOW_MANY, ["三人"], "十三人", W),
    (HOW_MANY, ["九岁"], "十九岁", W),
    (HOW_MANY, ["两万"], "２００００", R),
    (HOW_MANY, ["1.5万"], "15,000人", R),
    (HOW_MANY, ["五十"], "四五十", W),
    (HOW_MANY, ["一百零五"], "105个", R),
    (HOW_MANY, ["一百〇五"], "一百零五人", R),
    (HOW_MANY, ["一百零八"], "一百五", W),
    (HOW_MANY, ["50%"], "百分之五十", R),
    (HOW_MANY, ["5"], "-5", W),
    (HOW_MANY, ["一"], "一共三人", W),
    (HOW_MANY, ["3"], "《三国演义》里有两人。", W),
    ("在哪一年？", ["1949年"], "一九四九年", R),
    ("出自哪一回？", ["第一百二十回"], "第120回", R),
    ("How many came?", ["3 men"], "Three men came.", R),
    ("How many came?", ["3"], "13.", W),
]
EDGES = [
    ("Which animal?", ["cat"], "category", W),
    ("Which animal?", ["cat"], "A cat.", R),
    ("Which animal?", ["cat"], "CAT", R),
    ("Which animal?", ["cat"], "Not a cat.", W),
    ("Who wrote it?", ["Smith"], "Mr. Smith wrote it.", R),
    ("Who wrote it?", ["Smith"], "Smithson.", W),
    ("他骑的是什么？", ["马"], "司马懿", W),
    ("他骑的是什么？", ["马"], "是马。", R),
    ("他骑的是什么？", ["马"], "马上就到", W),
    (WHO, ["关羽"], "ＧＵＡＮ羽", W),
    ("他的英文名叫什么？", ["Guan Yu"], "ｇｕａｎ　ｙｕ", R),
    ("谁是蜀汉的皇帝？", ["刘备"], "劉備。", R),
    ("谁是蜀汉的皇帝？", ["劉備"], "是刘备", R),
    ("他的字是什么？", ["云长"], "字雲長。", R),
]
FIRST = [
    (WHO, ["关羽"], "关羽。他念旧情。", R),
    (WHO, ["关羽"], "是关羽在华容道放走的。", R),
    (WHO, ["关羽"], "张飞、关羽、赵云", W),
    (WHO, ["关羽"], "张飞，关羽", W),
    (WHO, ["关羽"], "张飞。关羽也在。", W),
    (WHO, ["关羽"], "关羽、张飞", R),
    (WHO, ["关羽"], "不是张飞，是关羽。", R),
    (WHO, ["关羽"], "不是关羽。", W),
    (WHO, ["关羽"], "没有关羽", W),
    (WHO, ["关羽"], "曹操败走之后，关羽放走了他。", R),
    (WHO, ["关羽"], "答案：关羽", R),
    (WHO, ["关羽"], "**关羽**", R),
    (WHO, ["关羽"], "", W),
    (WHO, ["关羽"], "张飞", W),
    ("谁死在徐州？", ["曹操"], "曹操的父亲曹嵩。", W),
    ("谁送来的信？", ["诸葛亮"], "诸葛亮之弟诸葛均。", W),
    ("关平是谁的儿子？", ["关羽"], "关羽的义子。", R),
    ("廖化是谁的部将？", ["关羽"], "关羽的部将。", R),
    ("孙乾是谁？", ["刘备的谋士", "刘备"], "刘备的谋士。", R),
    ("诸葛亮字什么？", ["孔明"], "诸葛亮，字孔明。", R),
    ("董承把诏书藏在什么地方？", ["玉带"], "董承。他把诏书缝在玉带里。", W),
    (WHERE, ["玉带"], "缝在玉带里。", R),
    ("刘备和曹操，是谁先到？", ["曹操"], "刘备，曹操", W),
    ("他留下哪句话？", ["淡泊以明志，宁静而致远"], "淡泊以明志，宁静而致远。", R),
    ("他留下哪句话？", ["淡泊以明志，宁静而致远"], "宁静。", W),
    ("谁在桃园结义？", ["刘备、关羽、张飞"], "关羽、张飞和刘备三人。", R),
    ("谁在桃园结义？", ["刘备、关羽、张飞"], "刘备、关羽、赵云", W),
    ("谁在桃园结义？", ["刘备、关羽、张飞"], "刘备、关羽", W),
    ("谁在桃园结义？", ["刘备、关羽、张飞"], "曹操、刘备、关羽、张飞", W),
    (WHO, ["关羽"], "书中没有交代。", A),
    (WHO, ["关羽"], "我不知道，也许是关羽。", A),
]
JUDGED = [
    (JUDGE, ["错"], "没错。", W),
    (JUDGE, ["错"], "这句话是错的。", R),
    (JUDGE, ["错误"], "不对，是孙坚斩的。", R),
    (JUDGE, ["对"], "没错。", R),
    (JUDGE, ["对"], "不对。", W),
    (JUDGE, ["正确"], "对的", R),
    (JUDGE, ["正确"], "不正确", W),
    (JUDGE, ["对"], "对手是华雄", W),
    (IS_IT, ["不是"], "不是，他是梁山好汉。", R),
    (IS_IT, ["不是"], "是，他是书里的人。", W),
    (IS_IT, ["是"], "不是。", W),
    (IS_IT, ["是"], "是的。", R),
    (IS_IT, ["不是"], "李逵不是书里的人。", R),
    (IS_IT, ["是"], "李逵是谁？", W),
    ("Is he a hero? true or false", ["false"], "It is not true.", R),
    ("Is he a hero? true or false", ["true"], "False.", W),
    ("Is he a hero?", ["no"], "Nobody knows.", W),
    (CHOOSE, ["A"], "A", R),
    (CHOOSE, ["A"], "选（A）。", R),
    (CHOOSE, ["A"], "a. 关羽", R),
    (CHOOSE, ["A"], "B", W),
    (CHOOSE, ["A"], "Apple", W),
    (CHOOSE, ["A"], "A和B", W),
    (CHOOSE, ["B"], "I think it is B.", R),
    (CHOOSE, ["A"], "答案是Ｂ，不是A", W),
]


@pytest.mark.parametrize(("question", "accepted", "answer", "outcome"), [*NUMBERS, *EDGES, *FIRST, *JUDGED])
def test_a_reader_would_mark_it_so(question, accepted, answer, outcome):
    assert grade(Item("1", question, accepted[0], tuple(accepted)), answer) == outcome


def test_the_grid_is_no_smaller_than_promised():
    assert len([*NUMBERS, *EDGES, *FIRST, *JUDGED]) >= 60


@example(text="。", answer="A")
@example(text="A", answer="。")
@example(text="", answer="B")
@given(text=st.text(max_size=40), answer=st.text(max_size=60))
def test_any_text_can_be_graded_and_a_text_is_its_own_answer(text, answer):
    assert grade(Item("1", answer, text, (text,)), answer) in ("right", "wrong", "abstained")
    assert exact(text, [text]) is bool(tokens(text))


@given(value=st.integers(0, 10**12), other=st.integers(0, 10**12))
def test_numbers_are_equal_by_value_alone(value, other):
    assert contains(f"一共{value:,}个", [str(value)])
    assert contains(f"一共{other}个", [str(value)]) is (value == other)


@pytest.mark.parametrize("piece", ["不是张飞，", "答案是，", "刘备、", "1,", "关羽", "不"])
def test_a_long_answer_is_graded_in_time_that_grows_with_its_length(piece):
    def seconds(times):
        began = time.process_time()
        for ending in ("a", "b", "c"):
            text = piece * times + ending  # each is new, so that nothing is remembered
            grade(Item("1", WHO, "赵云", ("赵云", "刘备、关羽、张飞")), text)
        return time.process_time() - began

    seconds(100)
    brief, long = (min(seconds(times + extra) for extra in range(3)) for times in (500, 4000))
    assert long < 24 * max(brief, 0.002)  # eight times the length; a square would give 64 times
