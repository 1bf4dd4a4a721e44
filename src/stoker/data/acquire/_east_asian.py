"""Whether a text of two bytes a sign is Chinese, Korean or Japanese, as far as it can be told.

GB18030 reads the bytes of all its neighbours as Chinese characters, so it is not enough that it
can.  Read in it, a text is Chinese if nearly all characters are ordinary ones, and some of them
stand where the others have none: the Korean syllables of EUC-KR come out as characters of the first
half of the alphabet (a to r), the usual ones of EUC-JP of its first four fifths, and real Chinese
uses x, y and z for a quarter.  Labels of few characters, such as 是 and 否, are told by the words
that tables are made of.  What stays in doubt is asked.

Cost: milliseconds for 64 kB.

Source: GB/T 2312-1980, KS X 1001 and JIS X 0208, as Python's codecs have them
"""

from __future__ import annotations

import codecs

CHINESE, KOREAN, JAPANESE, JAPANESE_EUC = "gb18030", "cp949", "shift_jis", "euc_jp"
_FIRST_LETTERS = (0xB0, 0xCF)
"""Lead bytes of ordinary characters that Korean and Japanese bytes may give too."""
_ORDINARY = (0xB0, 0xD7)
_ORDINARY_BIG5 = (0xA4, 0xC6)
_LEAST_ORDINARY = 0.85
_LEAST_OWN = 0.1
_LEAST_TOLD = 0.5
_MOST_KANA = 0.05
_LEAST_KANA = 0.3
_LEAST_KANA_EUC = 0.2
_LEAST_HANGUL = 0.9
_FEWEST_SYLLABLES = 6
_TABLE_WORDS = frozenset(
    "是否男女有无的一二三四五六七八九十百千万上下左右大中小高低好坏正负面年月日时分秒元个人名姓别性号"
    "编类型态状级地城市省区县国家学生老师医院患者病阴阳轻重未已不可能开关新旧先后前后东南西北京海广"
    "州江河山湖用户客流失订单数量价格金额产品评级优良差中及合成功败通过电话手机邮箱备注职业收入教育"
    "婚姻子房车贷款借还期利率信息时间日期标签分结果原因说明内容题目问答"
)


def is_chinese(sample: bytes) -> bool:
    r"""Whether the beginning of a text is Chinese in GB18030.

    >>> is_chinese("姓名,城市\\n张三,北京".encode("gbk")), is_chinese("是,否".encode("gbk"))
    (True, True)
    >>> is_chinese("이름,도시\\n김철수,서울특별시".encode("euc_kr"))
    False
    """
    text = _decoded(sample, CHINESE)
    characters = {c for c in text if _is_character(c)}
    kana = sum(_is_kana(c) for c in text)
    if not characters or "\ufffd" in text or kana > _MOST_KANA * len(_foreign(text)):
        return False
    if sum(map(_is_ordinary, characters)) < _LEAST_ORDINARY * len(characters):
        return False
    may_be_korean = _is_hangul(_foreign(_decoded(sample, KOREAN)))
    own = sum(_is_own(c, alone=may_be_korean) for c in characters)
    told = len(characters & _TABLE_WORDS)
    return own >= _LEAST_OWN * len(characters) or told >= _LEAST_TOLD * len(characters)


def is_korean(sample: bytes) -> bool:
    r"""Whether the beginning of a text that is not Chinese is Korean in EUC-KR.

    >>> is_korean("이름,도시\\n김철수,서울특별시".encode("euc_kr"))
    True
    """
    foreign = _foreign(_decoded(sample, "euc_kr"))
    return len(set(foreign)) >= _FEWEST_SYLLABLES and _is_hangul(foreign)


def is_japanese(sample: bytes, encoding: str) -> bool:
    """Whether the beginning of a text is Japanese in one of its encodings; kana tell it."""
    foreign = _foreign(_decoded(sample, encoding))
    least = _LEAST_KANA_EUC if encoding == JAPANESE_EUC else _LEAST_KANA
    kana = sum(map(_is_kana, foreign))
    return bool(kana) and "\ufffd" not in foreign and kana >= least * len(foreign)


def _is_hangul(foreign: list[str]) -> bool:
    syllables = sum("\uac00" <= c <= "\ud7a3" for c in foreign)
    return "\ufffd" not in foreign and syllables >= _LEAST_HANGUL * len(foreign)


def _decoded(sample: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(sample)


def _foreign(text: str) -> list[str]:
    return [c for c in text if c > "\x7f"]


def _is_kana(sign: str) -> bool:
    return "\u3040" <= sign <= "\u30ff"


def _is_character(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff"


def _is_ordinary(sign: str) -> bool:
    """Whether it is one of the frequent characters of the mainland or of Taiwan."""
    mainland, taiwan = sign.encode("gb2312", "ignore"), sign.encode("big5", "ignore")
    is_mainland = bool(mainland) and _ORDINARY[0] <= mainland[0] <= _ORDINARY[1]
    return is_mainland or (bool(taiwan) and _ORDINARY_BIG5[0] <= taiwan[0] <= _ORDINARY_BIG5[1])


def _is_own(sign: str, *, alone: bool) -> bool:
    """Whether this character speaks for Chinese: its neighbours or two letters do not give it.

    Args:
        sign: A character.
        alone: Whether only those of the mainland's usual set count.
    """
    lead, trail = sign.encode(CHINESE)[:2]
    if trail < 0xA1:
        return not alone and not chr(trail).isalpha()
    return _FIRST_LETTERS[1] < lead <= _ORDINARY[1] or (not alone and lead < _FIRST_LETTERS[0])
