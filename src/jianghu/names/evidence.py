"""How a Chinese text uses its strings: what speaks for and against each of them being somebody's name.

Characters and strings go in; a matrix of evidence comes out, one row a string. The first part is the same for every
book; the second part learns from the book itself which characters its names are made of and what stands beside them.
"""

from __future__ import annotations

from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from .characters import Characters, Flags, Ints, Strings, frequent_strings

Floats = NDArray[np.float64]

COUNTED = "个個位名众眾諸诸各每几幾数數两兩些员員"
POINTED = "那这這此其该該"
OWNED = "我你他她您吾俺咱伊汝尔爾"
PLURAL, AND = "们們", "与與和同及并並等"
DOES = (
    "道说說曰云问問答叫笑哭骂罵喝听聽见見看想走来來去忙便又也却卻就才纔正在是已早只心"
    "一不把将將和与與向对對知坐站立拿同带帶回出进進大连連都"
)
"""What clauses say of somebody begins with one of these."""
UNDERGOES = "对對向与與和同跟把将將被叫请請教问問见見替给給等令命使让讓遇寻尋找是着著了"
"""Behind one of these somebody is named to whom something is done."""
GRAMMAR = frozenset(
    "的了着过是在有又也便就都只不这那此其一二三四五六七八九十两几众诸各每某我你他她它您吾俺咱汝尔自己谁何甚什么怎为因所以而且或"
    "与和同及将把被从向对于到往来去出入进回上下起里内外中边旁面前后左右间处时日今昨夜忽忙连再才刚方却倒还更最很太已曾正即遂乃亦皆"
    "并如若虽然则但可能会要想得地之者乎哉矣焉说道曰云言问答叫喊骂笑哭听见看闻望思知觉吃打走坐站立跪拜点摇伸拿取些样般等们个声话事"
    "心口手眼头身脚气過這兩幾衆眾諸爾誰麼爲為與將從對於來進裏裡內邊後間處時連纔剛卻還並雖則會說問罵聽見聞覺喫點搖樣們個聲話頭腳氣著"
)
"""Characters of grammar and of everyday doings, which names seldom hold."""
RANKS = frozenset(
    "人子兄弟哥姐妹姊爷娘母父叔伯婶嫂婆妇女儿公翁夫妻师徒将军士兵卒官府县尹守令吏使者臣帝王后妃主仆奴婢差役丁童老少客商匠工僧尼道医"
    "生员郎君侯相尉史丞卿傅尚书侍监参谋贼寇盗爺孃嬸婦兒師將軍縣僕醫員書監參謀賊盜"
)
"""Characters of ranks, trades and kinship."""
NEVER = frozenset("的们們")
NEVER_FIRST = frozenset(OWNED + POINTED + "众眾諸诸各每")
"""Characters that no name holds, or begins with."""
BOOK_EVIDENCE = ("first character", "last character", "inner characters", "left neighbours", "right neighbours")
GROUPS = frozenset("兵军軍营營队隊马馬众眾衆等家门門寨庄莊")
"""Characters of troops, households and camps."""
_SIZES = "小老大新假两兩几幾众眾衆诸諸一二三四五六七八九十个個"
"""What may stand before a role and leaves it one: 小和尚, 两个公人."""
KIN = frozenset("兄弟哥姐姊妹爷爺娘父母叔伯婶嬸嫂公婆儿兒女孙孫侄姪舅姨姑媳爹妈媽")
_KINDRED = frozenset("大二三四五六七八九十小老贤賢仁愚劣令尊家舍阿义義表亲親先族")
"""What stands before a word of kinship when it addresses somebody."""
_TIMES = frozenset("晌刻霎久初时時日夜天年晚")
_WHEN = "当當起最"
_LASTS, _DONE_TO = 0.1, 0.02
"""A word of time says how long something lasted (停了半晌), and nothing is done to it."""
PREDICATES = frozenset(
    ["大喜", "大怒", "大惊", "大驚", "大笑", "大哭", "吩咐", "闻言", "聞言", "听言", "听说", "聽說", "传令", "傳令"]
)
"""What clauses often say of somebody right behind the name: 操大喜 is no name."""
_PARTS, _PART, _UNKNOWN = 200, 2500, -0.9
"""At most so many equal parts of a text, of at least so many characters, over which a string's places are counted:
names come in clusters, other words everywhere. In a short text clusters say nothing, and get the value between both
kinds.
"""
_SHORT = 40_000
"""Characters of the shortest text that is treated as a novel."""
_PULL = 6
"""So many places weigh as much as what all strings have in common."""


@cache
def roles() -> frozenset[str]:
    """Words for what somebody is (将军, 夫人), in both scripts."""
    lines = resources.files("jianghu.names").joinpath("roles.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def is_role(word: str) -> bool:
    """Whether a word says what somebody is and not who: 将军, 小和尚, 两个公人, 贤弟, 三哥."""
    kin = len(word) == 2 and word[0] in _KINDRED and word[1] in KIN
    return kin or word in roles() or (len(word) > 2 and word.lstrip(_SIZES) in roles())


class Evidence:
    """Candidates of a text, and what it shows of them.

    Args:
        text: the text.
        mentions: how often a candidate must occur.
        speeches, openings: how often it must stand where a speaker may be named, or else where a sentence begins.

    Attributes:
        strings: the candidates with their places: strings with changing neighbours on both sides.
    """

    def __init__(self, text: Characters, mentions: int, speeches: int, openings: int) -> None:
        self.text = text
        strings = frequent_strings(text, mentions, speeches, openings)
        strings = strings.kept(self._free(strings))
        self.strings = strings
        self.left = text.left[strings.places]
        self.right = text.ids[strings.places + strings.lengths]
        self.count = self._sum(np.ones(len(strings.places)))

    @property
    def words(self) -> list[str]:
        """The candidates."""
        return self.strings.words

    @property
    def short(self) -> bool:
        """Whether the text is too short for some of the evidence: no novel."""
        return len(self.text) < _SHORT

    def _free(self, strings: Strings) -> Flags:
        """Strings that no single character mostly precedes or follows; in a novel they also end a clause."""
        text, size = self.text, len(strings.words)
        left, right = text.left[strings.places], text.ids[strings.places + strings.lengths]
        count = np.bincount(strings.word, minlength=size)
        pointed = np.bincount(strings.word, weights=text.flags(COUNTED + POINTED)[left], minlength=size)
        crowded = [self._neighbours(strings.word, side, count)[1] for side in (left, right)]
        shaped = np.array([w[0] not in NEVER_FIRST and not set(w) & NEVER for w in strings.words], bool)
        ends = np.bincount(strings.word, weights=(left != 0) & (right == 0), minlength=size)
        shaped &= (ends > 0) | self.short
        return shaped & (crowded[0] < 0.85) & (crowded[1] < 0.8) & (2 * pointed < count)

    def _neighbours(self, word: Ints, side: Ints, count: Ints | Floats) -> tuple[Floats, Floats]:
        """For each string the entropy of its neighbours, each boundary another one, and the share of the commonest."""
        width, size = len(self.text.alphabet) + 1, len(count)
        keys, times = np.unique(word * width + side, return_counts=True)
        owner, neighbour = keys // width, keys % width
        share = times / count[owner]
        terms = np.where(neighbour == 0, share * np.log(count[owner]), -share * np.log(share))
        most = np.zeros(size)
        np.maximum.at(most, owner, np.where(neighbour == 0, 0.0, share))
        return np.bincount(owner, weights=terms, minlength=size).astype(float), most

    @cached_property
    def _titles(self) -> Flags:
        """Whether a role of two characters stands here (the two last entries: beyond the text)."""
        text, number = self.text, self.text.number
        width = len(text.alphabet) + 1
        pairs = text.ids[: len(text) + 1] * width + text.ids[1 : len(text) + 2]
        known = [word for word in roles() if len(word) == 2 and set(word) <= number.keys()]
        return np.isin(pairs, np.array([number[word[0]] * width + number[word[1]] for word in known], np.int64))

    def _sum(self, weights: Floats | Flags) -> Floats:
        return np.bincount(self.strings.word, weights=weights, minlength=len(self.words)).astype(float)

    def general(self) -> dict[str, Floats]:
        """Evidence that means the same in every book."""
        text, words, count = self.text, self.words, self.count
        places, left, right = self.strings.places, self.left, self.right

        def rate(flags: Flags) -> Floats:
            """Log of the share of a string's places, pulled to the share of all places where there are few."""
            usual = (flags.sum() + 0.5) / (len(flags) + 1)
            return np.log((self._sum(flags) + _PULL * usual) / (count + _PULL))

        starts, ends = left == 0, right == 0
        left_entropy, left_most = self._neighbours(self.strings.word, left, count)
        right_entropy, right_most = self._neighbours(self.strings.word, right, count)
        lengths = np.array([len(word) for word in words])
        grammar = np.array([[character in GRAMMAR for character in (w[0], w[-1])] for w in words], float).reshape(-1, 2)
        return {
            "constant": np.ones(len(words)),
            "log count": np.log(count),
            "speaks": rate(text.speaking[places] & ~ends),
            "speaks often": np.log1p(self._sum(text.speaking[places] & ~ends)),
            "opens sentences": rate(text.opening[places] & ~ends),
            "does": rate(starts & text.flags(DOES)[right]),
            "does, anywhere": rate(text.flags(DOES)[right]),
            "undergoes": rate(text.flags(UNDERGOES)[left]),
            "title behind": rate(self._titles[places + self.strings.lengths]),
            "title before": rate(self._titles[np.maximum(places - 2, 0)] & (places >= 2)),
            "opens clauses": rate(starts & ~ends),
            "closes clauses": rate(~starts & ends),
            "stands alone": rate(starts & ends),
            "is called": rate(text.quoted[places] & ends),
            "counted": rate(text.flags(COUNTED)[left]),
            "pointed at": rate(text.flags(POINTED)[left]),
            "owned": rate(text.flags(OWNED)[left]),
            "plural": rate(text.flags(PLURAL)[right]),
            "left entropy": left_entropy / np.log(count + 1),
            "left commonest": left_most,
            "right entropy": right_entropy / np.log(count + 1),
            "right commonest": right_most,
            "subject and object": np.minimum(self._sum(starts & ~ends), self._sum(~starts & ends)) / count,
            "two characters": (lengths == 2).astype(float),
            "four and more": (lengths >= 4).astype(float),
            "grammar first": grammar[:, 0],
            "grammar last": grammar[:, 1],
            "grammar share": _share(words, GRAMMAR),
            "rank last": np.array([word[-1] in RANKS for word in words], float),
            "rank share": _share(words, RANKS),
            "a role": np.array([is_role(word) for word in words], float),
            "a group last": np.array([word[-1] in GROUPS for word in words], float),
            "a role last": np.array([len(word) > 2 and word[-2:] in roles() for word in words], float),
            "cohesion": self._cohesion(),
            "in clusters": self._clusters(),
        }

    def says_when(self) -> Flags:
        """Which candidates are words of time: 半晌, 当初. They stand where names do (半晌，道：), and never speak."""
        lasts = self._sum(self.text.flags("了过過有")[self.left] & (self.right == 0))
        done_to = self._sum(self.text.flags("".join(sorted(set(UNDERGOES) - set("着著了等"))))[self.left])
        timed = np.array([word[-1] in _TIMES for word in self.words], bool)
        when = np.array([len(word) == 2 and word[0] in _WHEN for word in self.words], bool)
        lasting = (lasts >= _LASTS * self.count) & (done_to <= _DONE_TO * self.count)
        return timed & (when | lasting)

    def _cohesion(self) -> Floats:
        """How much oftener the characters stand together than by chance, a character."""
        text = self.text
        times = np.bincount(text.ids, minlength=len(text.alphabet) + 1)
        total = times[1:].sum()
        chance = np.array([sum(np.log(times[text.number[c]] / total) for c in word) for word in self.words])
        return (np.log(self.count / total) - chance) / (np.array([len(word) for word in self.words]) - 1)

    def _clusters(self) -> Floats:
        """In how many parts of the text a string stands, beside what the same number of random places would reach."""
        if self.short:
            return np.full(len(self.words), _UNKNOWN)
        parts = min(_PARTS, len(self.text) // _PART)
        part = self.strings.places * parts // len(self.text)
        used = np.unique(self.strings.word * parts + part) // parts
        expected = parts * (1 - (1 - 1 / parts) ** self.count)
        return np.log(np.bincount(used, minlength=len(self.words)) / expected)

    def of_this_book(self, belief: Floats) -> dict[str, Floats]:
        """Evidence learned from the book: log odds of a candidate's characters and neighbours among its names, against
        those among its other candidates. What a candidate itself contributed does not count.

        Args:
            belief: for each candidate the probability that it is a name.
        """
        return dict(zip(BOOK_EVIDENCE, (*self._spelling(belief), *self._company(belief)), strict=True))

    def _spelling(self, belief: Floats) -> tuple[Floats, Floats, Floats]:
        words, number = self.words, self.text.number
        word = np.repeat(np.arange(len(words)), [len(w) for w in words])
        character = np.array([number[c] for w in words for c in w], np.int64)
        # Where in its word: 0 first, 1 inside, 2 last.
        role = np.array([0 if at == 0 else 2 if at == len(w) - 1 else 1 for w in words for at in range(len(w))])
        width = len(number) + 1
        key = role * width + character
        for_it, against = belief[word], 1 - belief[word]
        pro = np.bincount(key, weights=for_it, minlength=3 * width)[key] - for_it
        con = np.bincount(key, weights=against, minlength=3 * width)[key] - against
        pros, cons = np.bincount(role, weights=for_it, minlength=3), np.bincount(role, weights=against, minlength=3)
        odds = np.log((pro + 0.5) / (pros[role] + 50)) - np.log((con + 0.5) / (cons[role] + 50))
        first, inner, last = (
            np.bincount(word[role == r], weights=odds[role == r], minlength=len(words)).astype(float) for r in range(3)
        )
        return first, last, inner / np.maximum(1, np.bincount(word[role == 1], minlength=len(words)))

    def _company(self, belief: Floats) -> tuple[Floats, Floats]:
        width, size = len(self.text.alphabet) + 1, len(self.words)
        result = []
        for side in (self.left, self.right):
            keys, times = np.unique(self.strings.word * width + side, return_counts=True)
            owner, neighbour = keys // width, keys % width
            share = times / self.count[owner]
            weight = share * np.sqrt(np.minimum(self.count[owner], 200))
            for_it, against = weight * belief[owner], weight * (1 - belief[owner])
            pro = np.bincount(neighbour, weights=for_it, minlength=width)[neighbour] - for_it
            con = np.bincount(neighbour, weights=against, minlength=width)[neighbour] - against
            pros, cons = for_it.sum() + 0.3 * width, against.sum() + 0.3 * width
            odds = np.log((pro + 0.3) / pros) - np.log((con + 0.3) / cons)
            result.append(np.bincount(owner, weights=np.clip(odds, -3, 3) * share, minlength=size).astype(float))
        return result[0], result[1]


def _share(words: list[str], characters: frozenset[str]) -> Floats:
    return np.array([sum(character in characters for character in word) / len(word) for word in words], float)
