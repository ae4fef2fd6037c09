"""The names under which tables have a turn's words, speaker, times and call, in five languages."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Column names in five languages and of the usual exporters, the surest first, compared without
# case, blanks and marks.
COLUMNS = {
    "text": """
        text tekst utterance message content sentence said words body transcript transcription
        replik ytring yttrande besked melding meddelande indhold innhold innehåll transskription
        transkription transkripsjon transkript originaltext displaytext
    """,
    "role": "role rolle roll participantrole participantpurpose speakerrole sendertype",
    "speaker": """
        speaker speakerlabel speakername name participant participantid sender from author taler
        talare snakker navn namn afsender avsender deltager deltaker deltagare who channel kanal
    """,
    "start": """
        start starttime startseconds startsec starts begin in fromtime timestamp time offset
        starttid tid tidspunkt begynner börjar
    """,
    "end": "end endtime endseconds endsec ends stop out totime slut sluttid slutt slutter",
    "start_ms": "startms starttimems beginoffsetmillis offsetms startmillis",
    "end_ms": "endms endtimems endoffsetmillis endmillis",
    "id": """
        callid conversationid samtaleid samtalid opkaldsid contactid interactionid dialogueid
        call conversation samtale samtal id
    """,
    "language": "language languagecode sprog språk lang",
    "started_at": "startedat callstart calldate date dato datum",
    "customer_id": "customerid kundeid kundid kundenr kundenummer kundnummer",
    "agent_id": """
        agentid medarbejderid medarbeiderid medarbetarid agentnr agentnummer employeeid
    """,
    "queue": "queue kø kö",
    "case_id": "caseid sagsid sagsnr sagsnummer saksid saksnr saksnummer ärendeid ärendenummer",
    "product": "product produkt vare vara",
}
_RANKS = {
    name: (rank, field)
    for field, names in COLUMNS.items()
    for rank, name in enumerate(names.split())
}


def fields_of(columns: Sequence[object]) -> dict[str, int]:
    """Field -> position of the column that bears the surest of its names."""
    found: dict[str, tuple[int, int]] = {}
    for position, column in enumerate(columns):
        name = re.sub(r"[\s_.\-]", "", str(column).lower().lstrip("\ufeff"))
        if name in _RANKS:
            rank, field = _RANKS[name]
            found[field] = min(found.get(field, (rank, position)), (rank, position))
    return {field: position for field, (_, position) in found.items()}
