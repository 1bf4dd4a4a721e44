# ruff: noqa: RUF001 - words of other scripts are the cases
"""Which encoding a text is in: told where its words tell it, asked where they do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stoker.core.errors import DataError
from stoker.data.acquire._csv_form import csv_form
from stoker.data.acquire._text import likely_encoding

KNOWN = {
    "German": ("Größe;schön;hässlich\nMüller;für;12,50 €\n", "cp1252"),
    "German labels only": ("name;urteil\nA;schön\nB;hässlich\n", "cp1252"),
    "French": ("prénom;âge\nFrançois;à côté\nZoé;élève\n", "cp1252"),
    "Spanish": ("año;país;¿qué?\nMaría;España;Sí\n", "cp1252"),
    "Portuguese": ("cidade;não\nSão Paulo;ação\n", "cp1252"),
    "Swedish": ("ålder;kön\nGöteborg;ö\n", "cp1252"),
    "Danish": ("køn;år\nSøren;Århus\n", "cp1252"),
    "signs alone": ("preis;temp °C\n12,50 €;37\n", "cp1252"),
    "Chinese": ("订单号;省份\n一;北京\n", "gb18030"),
    "few Chinese words": ("id,y\n1,是\n2,否\n", "gb18030"),
    "traditional Chinese": ("訂單號,數量,備註\n一,臺灣,電話\n", "gb18030"),
    "male and female in Chinese": ("id,性别\n1,男\n2,女\n", "gb18030"),
    "names of the mainland": ("姓名,城市\n王鑫,北京\n李淼,上海\n赵磊,杭州\n", "gb18030"),
    "Korean": ("이름,도시\n김철수,서울특별시\n이영희,부산광역시\n", "cp949"),
    "Japanese of Unix": ("名前,都市\n山田,東京都です\n佐藤,大阪府ですよ\n", "euc_jp"),
    "Japanese of mail": ("名前,都市\n山田,東京都\n", "iso2022_jp"),
    "Japanese": ("なまえ,とし\nひらがなとカタカナ,七\n", "shift_jis"),
}
ASKED = {
    "Czech": ("kraj;pohlaví\nPlzeňský;muž\nJihočeský;žena\n", "cp1250"),
    "Polish": ("miasto;płeć\nŁódź;mężczyzna\n", "cp1250"),
    "Russian": ("город;пол\nМосква;мужской\n", "cp1251"),
    "Greek": ("όνομα;φύλο\nΓιώργος;άνδρας\n", "cp1253"),
    "Turkish": ("şehir;cinsiyet\nMuğla;kadın\n", "cp1254"),
    "DOS": ("Größe;schön\nMüller;für\n", "cp850"),
    "Macintosh": ("Größe;schön\nMüller;für\n", "mac_roman"),
    "names of Japan": ("氏名,住所\n山田太郎,東京都\n鈴木,京都市\n佐藤花子,大阪府\n", "cp932"),
    "names of Japan on Unix": ("氏名,住所\n山田太郎,東京都\n鈴木,京都市\n", "euc_jp"),
    "few Korean words": ("id,y\n1,예\n2,네\n", "cp949"),
    "rare Korean syllables": ("이름,도시\n뷁쓩,똠방각하\n펲시,부산광역시\n", "cp949"),
    "Hebrew": ("שם,עיר\nדוד,ירושלים\nשרה,חיפה\n", "cp1255"),
    "KOI8": ("город,имя\nКазань,Пётр\nОмск,Олег\n", "koi8_r"),
    "Taiwan": ("訂單號,數量,備註\n一,臺灣,電話\n", "big5"),
}


@pytest.mark.parametrize("times", [1, 40])
@pytest.mark.parametrize("case", KNOWN)
def test_what_the_words_tell_is_taken(case: str, times: int) -> None:
    text, encoding = KNOWN[case]
    assert likely_encoding((text * times).encode(encoding), "a.csv") == encoding


@pytest.mark.parametrize("times", [1, 40])
@pytest.mark.parametrize("case", ASKED)
def test_what_they_do_not_tell_is_asked_with_a_word_in_each(case: str, times: int) -> None:
    text, encoding = ASKED[case]
    with pytest.raises(DataError) as caught:
        likely_encoding((text * times).encode(encoding), "a.csv")
    said = str(caught.value)
    assert len(said.splitlines()) == 3
    assert "--set encoding=X" in said
    found = re.search(rf"\b{encoding} if a word is '(\w+)'", said)
    assert found is not None
    assert found[1] in text


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.tsv", "\t"), ("a.tsv.gz", "\t"), ("a.csv", ",")]
)
def test_an_ending_decides_between_delimiters_that_are_as_frequent(
    tmp_path: Path, name: str, delimiter: str
) -> None:
    (tmp_path / name).write_text("weight, kg\tage\n1\t2\n", encoding="utf-8")
    assert csv_form(tmp_path / name).delimiter == delimiter
