from __future__ import annotations

import pytest

from analyzer.redaction.addresses import find_addresses
from analyzer.redaction.passage import Passage


@pytest.mark.parametrize(
    ("language", "text", "address"),
    [
        ("da", "Jeg bor på Kærmindevej 19.", "Kærmindevej 19"),
        ("da", "Ny Skolevej 10, 2. tv, 8000 Aarhus C, ja", "Ny Skolevej 10, 2. tv, 8000 Aarhus C"),
        ("da", "på nørre allé 76 og", "nørre allé 76"),
        ("da", "nørregade femten i byen", "nørregade femten"),
        ("nb", "i storgata 12 b ja", "storgata 12 b"),
        ("nb", "Myrveien 4, 0150 Oslo.", "Myrveien 4, 0150 Oslo"),
        ("sv", "Kvarnvägen 5, 114 55 Stockholm", "Kvarnvägen 5, 114 55 Stockholm"),
        ("en", "at 12 High Street, please", "12 High Street"),
        ("en", "it's fourteen rowan road", "fourteen rowan road"),
        ("en", "the postcode is LS1 4AP", "LS1 4AP"),
        ("en", "14 Larch Crescent, Leeds LS1 4AP", "14 Larch Crescent, Leeds LS1 4AP"),
    ],
)
def test_a_street_with_a_number_is_found(language: str, text: str, address: str) -> None:
    assert address in [text[d.start : d.end] for d in find_addresses(Passage(text, language))]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("da", "Vi er alle tre på vej 2 timer i træk."),
        ("da", "Kom til Nørregade i Odense."),
        ("da", "undervejs 3 gange"),
        ("nb", "Det er lang vei, 3 mil."),
        ("en", "two miles down the road"),
        ("en", "Gimme five, I'll drive."),
        ("sv", "på väg 4 dagar"),
    ],
)
def test_ways_and_places_stay(language: str, text: str) -> None:
    assert list(find_addresses(Passage(text, language))) == []
