"""What splits, kinds, sources, rules and reasons are called in the reader's language. A name of the files goes in, its
form in both languages comes out; a name that is not known stays as it is.
"""

from __future__ import annotations

from functools import cache

from ..messages import Both, both


def split_name(name: str) -> Both:
    """What a file of data/records holds."""
    return _of(_splits(), name)


def kind_name(name: str) -> Both:
    """A kind of question."""
    return _of(_kinds(), name)


def source_name(name: str) -> Both:
    """A way of making records."""
    return _of(_sources(), name)


def rule_name(name: str) -> Both:
    """A rule by which a book was cleaned."""
    return _of(_rules(), name)


def reason_name(name: str) -> Both:
    """Why a record was left out or rejected."""
    return _of(_reasons(), name)


def state_name(name: str) -> Both:
    """A state of a trial, or of a request to a teacher."""
    return _of(_states(), name)


def _of(names: dict[str, Both], name: str) -> Both:
    return names.get(name) or Both(name.replace("_", " "), name.replace("_", " "))


@cache
def _splits() -> dict[str, Both]:
    return {
        "train": both("to learn"),
        "paraphrase": both("new words of taught facts, for the exam"),
        "val_paraphrase": both("new words of taught facts, to choose the checkpoint"),
        "val": both("other facts, to validate"),
        "test": both("other facts, for the exam"),
    }


@cache
def _kinds() -> dict[str, Both]:
    return {
        "person": both("people"),
        "who": both("who"),
        "relation": both("relations"),
        "plot": both("plot"),
        "thing": both("things"),
        "place": both("places"),
        "where": both("where"),
        "whom": both("to whom"),
        "saying": both("sayings"),
        "number": both("numbers"),
        "time": both("time"),
        "chapter": both("in which chapter"),
        "next": both("what comes next"),
        "cloze": both("fill the gap"),
        "present": both("is in the book"),
        "absent": both("is not in the book"),
        "contrast": both("of another book"),
        "unanswerable": both("not told"),
        "manners": both("manners"),
        "reason": both("reasons"),
        "other": both("other questions"),
    }


@cache
def _sources() -> dict[str, Both]:
    return {
        "cloze": both("cut from the text"),
        "bundled": both("bundled"),
        "manners": both("manners"),
        "passage": both("teacher, from passages"),
        "basics": both("teacher, what is asked first"),
        "facts": both("teacher, from facts"),
        "rolling": both("teacher, the original's way"),
        "import": both("imported"),
        "written": both("written beside the book"),
    }


@cache
def _rules() -> dict[str, Both]:
    return {
        "endless run": both("endless run"),
        "HTML remains": both("HTML remains"),
        "invisible character": both("invisible character"),
        "site header": both("site header"),
        "separator line": both("separator line"),
        "advert": both("advert"),
        "advert or disclaimer": both("advert or disclaimer"),
        "author's note": both("author's note"),
        "Project Gutenberg's licence": both("Project Gutenberg's licence"),
        "web address": both("web address"),
        "title and author": both("title and author"),
        "repeated line": both("repeated line"),
        "page number": both("page number"),
        "hard line wrap": both("hard line wrap"),
        "space in mid-sentence": both("space in mid-sentence"),
        "words before a heading": both("words before a heading"),
        "table of contents": both("table of contents"),
        "marks around a heading": both("marks around a heading"),
        "heading without text": both("heading without text"),
        "lines before the first heading": both("lines before the first heading"),
        "repeated chapter": both("repeated chapter"),
    }


@cache
def _reasons() -> dict[str, Both]:
    return {
        "repeat": both("asks what another asks"),
        "contradiction": both("contradicts another"),
        "leak": both("would give away an exam question"),
        "by hand": both("rejected by you"),
        "new": both("not written yet"),
        "judge": both("refused by the judge"),
        "excluded": both("its source is excluded"),
        "cut off": both("cut off"),
        "not JSON": both("not JSON"),
        "wrong schema": both("wrong schema"),
        "no items": both("nothing in it"),
        "broken object": both("broken object"),
        "not an object": both("not an object"),
        "wrong fields": both("wrong fields"),
        "wording missing": both("a wording is missing"),
        "about somebody else": both("about somebody else"),
        "duplicate fact": both("fact twice"),
        "duplicate name": both("name twice"),
        "duplicate question": both("question twice"),
        "duplicate text": both("text twice"),
        "duplicate wording": both("wording twice"),
        "nothing is missing": both("nothing was missing"),
        "no name": both("no name"),
        "no question and answer": both("no question with an answer"),
        "book unknown": both("its book is not on the shelf"),
        "empty": both("empty"),
        "too long": both("too long"),
        "too short": both("too short"),
        "garbage": both("garbage"),
        "leans on the passage": both("leans on the passage"),
        "evidence not found": both("evidence not found"),
        "half an answer": both("half an answer"),
        "copied sentence": both("copied sentence"),
        "question holds its answer": both("question holds its answer"),
        "question names nobody": both("question names nobody"),
        "name of another book": both("name of another book"),
        "name not in the book": both("name not in the book"),
        "name not in the passage": both("name not in the passage"),
        "name not in the evidence": both("name not in the evidence"),
        "answer not in the evidence": both("answer not in the evidence"),
        "number not in the evidence": both("number not in the evidence"),
        "does not say no": both("does not say no"),
        "is in the book": both("is in the book after all"),
    }


@cache
def _states() -> dict[str, Both]:
    return {
        "done": both("done"),
        "failed": both("failed"),
        "running": both("running"),
        "waiting": both("waiting"),
        "open": both("open"),
        "sent": both("sent"),
        "answered": both("answered"),
        "read": both("read"),
        "aside": both("set aside"),
    }
