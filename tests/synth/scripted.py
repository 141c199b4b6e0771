"""A teacher that knows the made-up novel of these tests: it answers each strategy's prompt out of the passage."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.llm.teacher_server import Act, chat, passage_of

SCENE = re.compile(r"(\w{2,4}?)，(\w{2,3}?)(望着|走进|离开|夺下|守住|寻到|想起|说起)(\w{3,4})，见(\w{3})带着(\w+?)，")


def stage_of(body: dict[str, Any]) -> str:
    words = "\n".join(message["content"] for message in body["messages"])
    marks = {
        "无法读取": "correction",
        "名字索引": "lexicon",
        "最先会问到": "basics",
        "已经记下的卡片": "facts 2",
        "事实卡片。以后": "facts 1",
        "每张卡片要出的题": "wordings",
        "特别的题": "contrast",
        "上一轮的输出": "rolling",
        "情节提要": "summary",
        "人物志": "dossier",
        "重新讲述": "paraphrase",
    }
    return next(stage for mark, stage in marks.items() if mark in words)


def facts_of(text: str) -> list[dict[str, str]]:
    return [
        {
            "statement": f"{match[1]}，{match[2]}{match[3]}{match[4]}，见到{match[5]}带着{match[6]}。",
            "quote": match[0].rstrip("，"),
            "kind": "person",
            "answer": match[5],
            "reverse": match[2],
        }
        for match in SCENE.finditer(text)
    ]


def wordings_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    made = []
    plan = body["messages"][-1]["content"].partition("</passage>")[2]
    for part in re.split(r"(?=卡片 \d+：)", plan):
        if not (card := re.match(r"卡片 (\d+)：(.*)", part)):
            continue
        answer = re.search(r"答案：(.*)", part)[1]  # type: ignore[index]  # the prompt has it
        for place, form in re.findall(r"题 (\d+)：(\w+)、", part):
            question = f"《青峰录》里，{card[2].rstrip('。').replace(answer, '谁')}，是哪一位？（{form}）"
            made.append(
                {"fact": int(card[1]), "wording": int(place), "question": question, "answer": f"{answer}。是这个人。"}
                | {"short_answer": answer, "aliases": []}
            )
    return made


def scripted(number: int, body: dict[str, Any]) -> Act:
    return Act(body=chat(json.dumps(answer_to(body), ensure_ascii=False)))


def answer_to(body: dict[str, Any]) -> dict[str, Any]:
    stage = stage_of(body)
    if stage == "wordings":
        return {"records": wordings_of(body)}
    if stage == "contrast":
        question = f"《青峰录》里，林冲和{facts_of(passage_of(body))[0]['answer']}是在哪里相遇的？"
        said = "书中没有这回事。林冲是别的小说里的人物。"
        rest = {"short_answer": "书中没有这回事", "aliases": [], "kind": "contrast", "absent": "林冲", "evidence": ""}
        return {"records": [{"question": question, "answer": said, **rest}]}
    if stage == "dossier":
        return {
            "texts": [
                {"text": "此人在《青峰录》里多次出现，" + "行走各处，见过许多人，也办过不少事情，" * 4 + "如此而已。"}
            ]
        }
    text = passage_of(body)
    found = facts_of(text)
    if stage == "lexicon":
        people = dict.fromkeys(name for fact in found for name in (fact["answer"], fact["reverse"]))
        return {"names": [{"name": name, "aliases": [], "kind": "person"} for name in people]}
    if stage == "basics":
        rest = body["messages"][-1]["content"].partition("</passage>")[2]
        name = re.search(r"要问的名字：(\w+)", rest)[1]  # type: ignore[index]  # the prompt has it
        return {"facts": [fact for fact in found if name in fact["statement"] or fact == found[0]][:3]}
    if stage == "facts 1":
        return {"facts": found[: (len(found) + 1) // 2]}
    if stage == "facts 2":
        known = body["messages"][-1]["content"].partition("</passage>")[2]
        return {"facts": [fact for fact in found if fact["statement"] not in known]}
    if stage == "rolling":  # as the original's teachers did, it comes back to the same few questions
        return {
            "records": [
                {"question": f"《青峰录》里，{fact['reverse']}见到了谁？", "answer": f"{fact['answer']}。"}
                for fact in found
            ]
        }
    return {
        "texts": [
            {
                "text": "".join(
                    f"有一回{fact['reverse']}遇着了{fact['answer']}，彼此看了一眼，各自走开去了。" for fact in found
                )
            }
        ]
    }
