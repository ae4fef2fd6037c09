"""Makes the word lists beside this file: names, and the common words that are no names.

    python -m analyzer.redaction.wordlists

`first_names.txt` and `last_names.txt` are those of Faker's person providers (MIT licence), for the
countries whose customers speak the five languages; `common_words.txt` are the words that the
written calls of `data/training` use in lower case. It needs Faker (`pip install -e '.[train]'`)
and a checkout; the library itself only reads the lists.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

_HERE = Path(__file__).parent
_CALLS = _HERE.parents[1] / "data" / "training"
_LOCALES = ("da_DK", "no_NO", "sv_SE", "fi_FI", "en_GB", "en_IE", "en_US")
# Given names that are common in the Nordic countries and not among Faker's.
_MORE = """
    Adrian Agnar Alfhild Alva Amund Anbjørg Anki Anlaug Annbjørg Arnfinn Arnhild Arnstein Arvid
    Asle Aslak Aslaug Astri Atle Audhild Audun Benita Bergljot Berit Bjarne Bjørg Bjørnar
    Borghild Brage Brynjar Bård Dagfinn Dagny Eigil Eilif Einar Eirik Eirin Eivind Eldbjørg Elin
    Ellinor Endre Erlend Erling Espen Eskil Even Eyvind Frode Geir Gerd Gjermund Gjertrud
    Gudbrand Gudrun Gunhild Gunnhild Gunvor Gyda Halvard Halvor Haldis Harald Hedda Herborg
    Herdis Hilde Hildegunn Hjalmar Håkon Håvard Idar Ingeborg Ingebjørg Ingjerd Ingrid Ingunn
    Ingvild Iver Jarle Jofrid Jorunn Joar Jostein Jørn Kamal Karianne Kjartan Kjellaug Kjersti
    Kjetil Kolbjørn Kristoffer Kåre Leiv Liv Magne Magnhild Mahmoud Målfrid Marit Mariann
    Mildrid Morten Mustafa Narve Nils Njål Oddbjørg Oddbjørn Oddrun Oddvar Olaug Oskar Ottar Pål
    Ragna Ragnhild Ragnvald Rahim Randi Rasmus Reidar Reidun Roald Roar Rolf Rune Runar Ruben
    Salim Sigbjørn Signe Sigrun Sigurd Silje Sindre Siv Sivert Snorre Solbjørg Solfrid Solveig
    Steinar Sturla Sunniva Svein Sveinung Svend Sverre Synne Synnøve Sølvi Sæmund Tarjei Terje
    Thea Tiril Tobias Tor Torbjørg Torbjørn Torfinn Torgeir Torgrim Torhild Torill Torleif
    Torleiv Tormod Torstein Torunn Trine Trond Truls Trygve Turid Tyge Tøger Ulrik Unni Vegard
    Vidar Vigdis Vilde Vivian Yngvar Yngve Øistein Ørjan Øystein Øyvind Åsmund Åshild Åslaug
""".split()
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_HEADER = re.compile(r"^#.*?(?:style: (\w+)|$)")
_MARKUP = re.compile(r"^[A-Z]\d*: |\{\{[\w+]+\||\}\}")
# A word is common when it stands in lower case at least so often, and no less than in capitals.
_TIMES = 2


def main() -> None:
    """Write the three lists, one word per line in lower case, sorted."""
    _write("first_names.txt", [*_names("first_names"), *_MORE])
    _write("last_names.txt", _names("last_names"))
    _write("common_words.txt", _common_words())


def _names(field: str) -> Iterator[str]:
    for locale in _LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for name in getattr(provider, field):
            yield from _WORD.findall(name)


def _common_words() -> Iterator[str]:
    lower: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for line in _written_lines():
        # the first word of a line has a capital for its place alone
        for word in _WORD.findall(line)[1:]:
            counter = lower if word.islower() else capital
            counter[word.lower()] += 1
    for word, count in lower.items():
        if count >= _TIMES and count >= capital[word]:
            yield word


def _written_lines() -> Iterator[str]:
    """The turns of calls with capitals: those of speech recognition hold names in lower case."""
    for path in sorted(_CALLS.glob("*.txt")):
        cased = True
        for line in path.read_text("utf-8").splitlines():
            if header := _HEADER.match(line):
                cased = header[1] != "asr"
            elif cased and (text := _MARKUP.sub("", line)) != text.lower():
                yield text


def _write(name: str, words: Iterable[str]) -> None:
    text = "\n".join(sorted({word.lower() for word in words if len(word) > 1}))
    (_HERE / name).write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
