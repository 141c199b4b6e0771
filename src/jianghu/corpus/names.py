"""The persons of a book that has no lexicon, found by statistics: who speaks.

Chapters go in; a `Lexicon` of persons comes out. A name is a string that begins with a surname, often stands
between the start of a clause and a speech verb (宋江道：), and elsewhere has changing neighbours on both sides.
Precision counts for more than recall: an invented person spoils many questions, a missing one spoils none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from .book import Chapter
from .lexicon import Lexicon, Name

_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭郎鲁韦马苗花方俞任袁柳"
    "鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐傅皮卞齐康伍余卜顾孟黄穆萧尹姚邵汪祁毛狄臧计戴宋茅庞熊纪舒屈项祝董梁"
    "杜阮蓝闵季贾江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万柯管卢莫房裘丁宣邓郁单洪包诸左石崔吉龚程邢裴陆荣翁荀"
    "羊惠甄封芮储靳段巫焦巴牧谷车侯班秋仲伊宫宁仇栾甘厉祖武符刘景詹束龙叶司黎乔温庄晏柴瞿阎连习艾容向古易慎廖耿"
    "满匡文寇关师巩聂晁敖融冷辛简饶曾沙丰巢游竺权盖桓公燕时展解应智白贝蒲朴索辜晋楚闫涂钦段欧智时"
    "趙錢孫吳鄭馮陳衛蔣韓楊許呂張嚴華謝鄒蘇範魯韋馬龍葉劉黃蕭湯羅畢賀鄔樂傅齊顧龐紀項閔賈顏鍾鐘駱盧單諸龔榮儲車"
    "寧厲喬溫莊閻連滿關聶饒權蓋晉歐陽鐵"
)
_COMPOUND = re.compile(
    "欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|司徒|司空|东方|独孤|南宫|西门|端木|呼延|太史|淳于|公冶|申屠"
    "|轩辕|钟离|濮阳|闻人|万俟|赫连|百里|歐陽|諸葛|公孫|長孫|東方|獨孤|南宮|西門|鍾離|司馬|尉遲"
)
_SPEECH = re.compile(
    r"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]{2,4}?)"
    r"(?:[忙便又乃也即就遂亦因方才只再连連急大冷微苦哈呵]{0,2}"
    r"(?:笑|怒|喝|叫|骂|罵|问|問|答|说|說|谢|謝|叹|歎|哭|喊|答应|吩咐|接|应声|奏|禀|稟|告|拱手|点头|點頭|摇头|搖頭|厉声|低声|高声)?)"
    r"(?:道|曰|云)(?=[：:，“「])"
)
_NOT_GIVEN = frozenset(
    "不了的一是在有又也便就都只把将將被从從向对對与與和却卻乃即亦遂忙再才方这這那其之者曰道说說笑问問答叫喝骂怒大人们們"
    "等及见見听聽来來去上下出入回看想知可要欲因为為以于於而则則且既若虽雖当當此某何谁誰自己我你他她汝吾公爷爺叔伯婶嫂"
    "哥弟姐妹娘妈媽婆母父儿子女孙孫氏家府官差役兵军軍帅帥王侯相臣卿帝皇后妃仆僕奴丫鬟头頭手声聲连連急冷微苦哈呵点點摇搖"
    "二三四五六七八九十两兩口心气氣面左右前客主营營老"
)
"""What no given name of a found person may hold: function words, kinship, titles, verbs of speech."""
_TITLE = re.compile(
    r"(?:太守|刺史|知府|知县|太尉|太师|丞相|将军|都头|教头|都监|提辖|员外|先生|师傅|师父|大师|老爷|大人|夫人|小姐|"
    r"公子|少爷|太公|道人|和尚|禅师|法师|真人|长老|头领|统制|统领|元帅|护卫|太监|总管|掌柜|庄主|寨主|秀才|孔目|押司|"
    r"节级|制使|安人|奶奶|妈妈|婆婆|客人|老儿|老者|老人|汉子|差人|小二|祖师|姑娘|先锋|校尉|尚书|侍郎|御史|府尹|"
    r"天师|国老|枢密|虞候|学究|干办|巡抚|真君|仙姑|道士|老叟|军师|豪杰|好汉|兄弟|贤弟|仁兄)$"
)
_CHINESE = re.compile("[\u4e00-\u9fff]")
_LEAST_SPEECHES = 3
_LEAST_MENTIONS = 6


def find_names(chapters: Iterable[Chapter]) -> Lexicon:
    """Persons who speak in a book, the most mentioned first, with the given name of two characters (智深 for
    鲁智深) as an alias where it speaks too and belongs to one person. The same text always gives the same names.
    """
    text = "\n".join(chapter.text for chapter in chapters)
    speakers = Counter(match[1] for match in _SPEECH.finditer(text))
    named = {name: count for name, count in speakers.items() if count >= _LEAST_SPEECHES and looks_like_name(name)}
    sides = _neighbours(text, set(named) | {name[-2:] for name in named})
    found = [name for name in named if _stands_alone(sides[name])]
    found = [name for name in found if name[1:] not in found]  # 向柳迟, "to 柳迟"
    longer = {name for name in found for other in found if other != name and other.startswith(name)}
    found = [name for name in found if name not in longer or _apart(name, found, sides)]
    found.sort(key=lambda name: (-sum(sides[name][0].values()), name))
    return Lexicon(Name(name, _given(name, found, speakers, sides)) for name in found)


def _surname(name: str) -> str:
    if len(name) > 2 and _COMPOUND.match(name):
        return name[:2]
    return name[0] if name[0] in _SURNAMES else ""


def looks_like_name(name: str) -> bool:
    """Whether a string has the shape of a person's name: a surname, then one or two characters that fit a name."""
    surname = _surname(name)
    given = name[len(surname) :]
    fits = bool(surname) and 1 <= len(given) <= 2 and not _TITLE.search(name) and not _COMPOUND.fullmatch(name)
    return fits and not any(character in _NOT_GIVEN for character in given)


def _neighbours(text: str, names: set[str]) -> dict[str, tuple[Counter[str], Counter[str]]]:
    """For each name, what stands left and right of it; marks and line ends count as one neighbour, ""."""
    sides: dict[str, tuple[Counter[str], Counter[str]]] = {name: (Counter(), Counter()) for name in names}
    lengths = sorted({len(name) for name in names})
    heads = {name[:2] for name in names}
    for at in range(len(text) - 1):
        if text[at : at + 2] in heads:
            for length in lengths:
                if (name := text[at : at + length]) in sides:
                    left, right = sides[name]
                    left[_hanzi(text[at - 1 : at])] += 1
                    right[_hanzi(text[at + length : at + length + 1])] += 1
    return sides


def _hanzi(character: str) -> str:
    return character if _CHINESE.match(character) else ""


def _stands_alone(sides: tuple[Counter[str], Counter[str]]) -> bool:
    """Often enough in the text, with no single character beside it most of the time."""
    left, right = sides
    total = sum(left.values())
    if total < _LEAST_MENTIONS or len(left) < 4 or len(right) < 4:
        return False
    crowded = max((count for side in sides for character, count in side.items() if character), default=0)
    return 2 * crowded <= total


def _apart(name: str, found: list[str], sides: dict[str, tuple[Counter[str], Counter[str]]]) -> bool:
    """Whether a name that begins a longer one (李明 in 李明山) mostly stands without it."""
    total = sum(sides[name][0].values())
    inside = sum(sum(sides[other][0].values()) for other in found if other != name and other.startswith(name))
    return 2 * inside < total


def _given(
    name: str, found: list[str], speakers: Counter[str], sides: dict[str, tuple[Counter[str], Counter[str]]]
) -> tuple[str, ...]:
    given = name[len(_surname(name)) :]
    alone = len(given) == 2 and speakers[given] >= _LEAST_SPEECHES and sum(o.endswith(given) for o in found) == 1
    return (given,) if alone and given not in found and _stands_alone(_without(sides[given], name[-3])) else ()


def _without(sides: tuple[Counter[str], Counter[str]], left: str) -> tuple[Counter[str], Counter[str]]:
    """Neighbours of a given name where it stands without its surname."""
    others = Counter({character: count for character, count in sides[0].items() if character != left})
    return others, sides[1]
