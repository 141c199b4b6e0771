"""Answers out of a few: yes or no, and the letter of a choice. An answer goes in; what it says comes out."""

from __future__ import annotations

import re

from .clauses import Clause, clauses, tokens

_YES = frozenset(["是", "是的", "对", "对的", "正确", "yes", "true"])
_NO = frozenset(["不是", "否", "错", "错的", "错误", "no", "false"])
_YES_IF_ASKED = frozenset(["有", "会", "能", "可以", "真", "真的", "没错", "correct"])
_NO_IF_ASKED = frozenset(["没有", "不会", "不能", "不可以", "假", "假的", "不对", "不正确", "并非", "incorrect"])
"""Yes and no only where the question asks for it: 没有 may be another question's whole answer."""
_ASKS = re.compile(
    r"吗|么[？?]?$|是不是|是否|有没有|会不会|能不能|能否|可否|判断|对错|真假|^(?:is|are|was|were|did|does|do|has|can)\b|true"
)

_SAYS_YES = re.compile(r"没有?错|不错|不假")
_BEGINS_NO = re.compile(r"不|没|并非|并不|否|非|未|错(?:的|了|误|$)|假(?:的|$)")
_HOLDS_NO = re.compile(r"(?<!是)不是|并非|并不|没有|从未|不曾|(?:错误?|假|不对|不正确)(?:的|了)?$")
_BEGINS_YES = re.compile(
    r"是(?!谁|什么|哪|否|不|几|怎)|(?:对|正确|真|有|会|能|可以|当然)(?:的|了|啊|呀|$)|有(?!谁|什么|哪)"
)
_ENDS_YES = re.compile(r"(?:没错|对|正确|真)(?:的|了)?$")
_ENGLISH_YES, _ENGLISH_NO = (
    frozenset(["yes", "true", "correct", "indeed"]),
    frozenset(["no", "false", "incorrect", "wrong"]),
)
_ENGLISH_NOT = frozenset(["not", "never", "isn't", "wasn't", "didn't", "doesn't"])


def wants_yes(question: str, accepted: str) -> bool | None:
    """Whether a question's accepted answer is yes or no; None if it is neither."""
    form = "".join(tokens(accepted))
    asked = _ASKS.search(question.lower()) is not None
    if form in _YES or (asked and form in _YES_IF_ASKED):
        return True
    return False if form in _NO or (asked and form in _NO_IF_ASKED) else None


def yes_or_no(answer: str, question: str) -> bool | None:
    """Whether an answer says yes or no in its first clause; None if it says neither.

    A clause that only repeats the question as a statement says yes.
    """
    said = clauses(answer)
    if not said:
        return None
    text, words = said[0].text, [token.text for token in said[0].tokens]
    if text.isascii():
        return _english(words)
    if _SAYS_YES.match(text):
        return True
    if _BEGINS_NO.match(text) or _HOLDS_NO.search(text):
        return _ENDS_YES.search(text) is not None and "没错" in text
    if _BEGINS_YES.match(text) or _ENDS_YES.search(text):
        return True
    repeats = set(words) <= {*tokens(question), "的"} and re.search(r"是(?!谁|什么|哪)", text)
    return True if repeats else None


def _english(words: list[str]) -> bool | None:
    if words[0] in _ENGLISH_YES | _ENGLISH_NO:
        return words[0] in _ENGLISH_YES
    negations = sum(word in _ENGLISH_NOT for word in words)
    verdicts = [word in _ENGLISH_YES for word in words if word in _ENGLISH_YES | _ENGLISH_NO]
    if not verdicts:
        return False if negations else None
    return verdicts[0] is (negations % 2 == 0)


def is_letter(form: str) -> bool:
    """Whether an accepted form is the letter of a choice."""
    return re.fullmatch("[A-Za-zＡ-Ｚａ-ｚ]", form.strip()) is not None


def choice_letter(answer: str) -> str | None:
    """The one letter that an answer chooses, in lower case; None if it names none, or several."""
    said = clauses(answer)
    for clause, following in zip(said, [*said[1:], None], strict=False):  # of marks alone there is no clause
        letters = {token.text for place, token in enumerate(clause.tokens) if _is_choice(clause, place, answer)}
        if letters and clause.mark == "、" and following is not None and _is_choice(following, 0, answer):
            letters.add(following.tokens[0].text)
        if letters:
            return letters.pop() if len(letters) == 1 else None
    return None


def _is_choice(clause: Clause, place: int, answer: str) -> bool:
    """Whether a token is a letter by itself, and neither I nor the article."""
    token, after = clause.tokens[place], clause.tokens[place + 1].text if place + 1 < len(clause.tokens) else ""
    if not re.fullmatch("[a-z]", token.text):
        return False
    if not re.fullmatch("[a-z']+", after) or after in ("or", "and", "is"):
        return True
    return token.text not in ("a", "i") or (place > 0 and answer[token.start] == "A")
