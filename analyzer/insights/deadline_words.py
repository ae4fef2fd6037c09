"""The words of time of each language, as patterns that `analyzer.insights.deadlines` reads with.

The keys of a table are patterns, its values the numbers they stand for; weekdays count from 0.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; docs/insights.md has examples of each."""

    numbers: dict[str, int]
    ordinals: dict[str, int]
    weekdays: dict[str, int]
    months: dict[str, int]
    units: dict[str, str]
    ordinal_end: str
    weekday_end: str
    past_weekday: str
    to: str
    more: str
    the: str
    of: str
    of_the_month: str
    today: str
    tomorrow: str
    day_after_tomorrow: str
    yesterday: str
    next: str
    last: str
    in_next_week: str
    a_week_later: str
    this_week: str
    next_week: str
    last_week: str
    weekend: str
    before_weekend: str
    end_of_month: str
    next_month: str
    christmas: str
    within: str
    since: str
    ago: str
    clock: str
    habits: str


def _table(*forms: str, first: int = 1) -> dict[str, int]:
    return {form: value for value, form in enumerate(forms, first)}


_NO_NUMBERS = {
    **_table("én|ein|eitt|ett|et|en|ei|éi", "to", "tre", "fire", "fem", "seks", "sju|syv", "åtte",
             "ni", "ti", "elleve|elve", "tolv", "tretten", "fjorten", "femten"),
    "et par|eit par|nokre|noen": 3, "tjue|tyve": 20, "tretti": 30,
}  # fmt: skip

_NORWEGIAN = Words(
    numbers=_NO_NUMBERS,
    ordinals=_table(
        "første|fyrste", "andre", "tredje", "fjerde", "femte", "sjette", "sju[ea]nde|syvende",
        "ått[ea]nde", "ni[ea]nde", "ti[ea]nde", "ellevte|elvte", "tolvte", "trett[ea]nde",
        "fjort[ea]nde", "femt[ea]nde", "sekst[ea]nde", "sytt[ea]nde", "att[ea]nde",
        "nitt[ea]nde", "tju[ea]nde|tyvende", "tjue(?:første|fyrste)", "tjueandre", "tjuetredje",
        "tjuefjerde", "tjuefemte", "tjuesjette", "tjuesju[ea]nde", "tjueått[ea]nde",
        "tjueni[ea]nde", "tretti[ea]nde", "tretti(?:første|fyrste)",
    ),
    weekdays=_table("mandag|måndag", "tirsdag|tysdag", "onsdag", "torsdag", "fredag",
                    "lørdag|laurdag", "søndag|sundag", first=0),
    months=_table("januar", "februar", "mars", "april", "mai", "juni", "juli", "august",
                  "september", "oktober", "november", "desember"),
    units={
        "working_day": r"(?:virke|arbeids|yrkes|kvar)dag(?:er|ar)?",
        "minute": r"minutt(?:er|ers)?",
        "hour": r"tim(?:e|er|ar|es)",
        "day": r"dag(?:er|ar|ers|ars)?|døgn",
        "week": r"uk(?:e|er|es|ers)|vek(?:e|er|a)",
        "month": r"måned(?:er|ers|s)?|månad(?:er|ar)?",
    },
    ordinal_end=r"\.",
    weekday_end=r"(?:en|s?(?:kveld(?:en)?|morgen(?:en)?|ettermiddag(?:en)?|formiddag(?:en)?))?",
    past_weekday=r"på (?P<past_weekday>(?:man|tirs|ons|tors|fre|lør|søn)dag) var",
    to="til|eller|-|–",
    more="til|fulle|hele",
    the=r"(?:på )?den|d\.|til den",
    of="i",
    of_the_month="i (?:denne )?(?:måneden|månaden)",
    today=r"i ?dag|i ?kveld|i ?ettermiddag|i ?formiddag|i ?natt|før midnatt|på dagen|innen dagen"
          r"|innen stengetid|i løpet av (?:dagen|ettermiddagen|formiddagen|kvelden)",
    tomorrow=r"i ?morgen|i ?morgon|i morgå|i morra",
    day_after_tomorrow=r"i ?over ?morgen|i ?over ?morgon|overimorgen",
    yesterday=r"i ?går",
    next="neste",
    last="forrige|sist|førre",
    in_next_week=r"(?:i )?neste (?:uke|uka|veke|veka)",
    a_week_later="om ei? uke",
    this_week=r"(?:i løpet av|innen|ut|før) (?:denne )?(?:uken|uka|veka)(?: (?:er|e) (?:omme|over|"
              r"ferdig|slutt))?|denne (?:uken|uka|veka)",
    next_week=r"(?:i løpet av |utpå )?neste (?:uke|uka|veke|veka)|(?:uken|uka|veka) etter",
    last_week="forrige (?:uke|uka)|førre veka",
    weekend=r"(?:i|til|over|i løpet av) (?:helgen|helga)",
    before_weekend=r"(?:før|innen) (?:helgen|helga)",
    end_of_month=r"(?:ved |innen |før )?(?:månedsskiftet|månadsskiftet|utgangen av måneden)"
                 r"|(?:slutten av|ut) måneden",
    next_month="neste (?:måned|månad)",
    christmas="(?:før|innen|til) jul",
    within=r"(?:innen(?:for)?|om|på|i løpet av|senest om|seinast om|tar|ta|tek|bruker|maks)"
           r"(?: (?:cirka|ca\.?|maks|rundt|de neste|dei neste|gjerne))?",
    since="(?:for )?",
    ago=r" (?:siden|sida|sidan)",
    clock=r"(?:(?:klokka|klokken|kl\.?) (?:halv )?|kl\.?)(?:\d{1,2}(?:[.:]\d\d)?|(?<= )\w+)"
          r"|(?:før|etter|til|over)"
          r" (?:lunsj|middag)|\d\d[.:]\d\d",
    habits=r"(?:hver|kvar) \w*dag|om \w*dagen"
           r"|(?:man|tirs|ons|tors|fre|lør|søn)dager",
)  # fmt: skip

_DANISH = Words(
    numbers={
        **_table("en|et|én|ét|1", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni", "ti",
                 "elleve", "tolv", "tretten", "fjorten", "femten"),
        "et par|nogle|nogle få": 3, "tyve": 20, "tredive": 30,
    },
    ordinals=_table(
        "første", "anden|andet", "tredje", "fjerde", "femte", "sjette", "syvende", "ottende",
        "niende", "tiende", "ellevte|elvte", "tolvte", "trettende", "fjortende", "femtende",
        "sekstende", "syttende", "attende", "nittende", "tyvende", "enogtyvende", "toogtyvende",
        "treogtyvende", "fireogtyvende", "femogtyvende", "seksogtyvende", "syvogtyvende",
        "otteogtyvende", "niogtyvende", "tredivte", "enogtredivte",
    ),
    weekdays=_table("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag",
                    first=0),
    months=_table("januar", "februar", "marts", "april", "maj", "juni", "juli", "august",
                  "september", "oktober", "november", "december"),
    units={
        "working_day": r"(?:hver|arbejds|bank)dag(?:e|es)?",
        "minute": r"minut(?:ter|ters)?|kvarter",
        "hour": r"tim(?:e|er|es|ers)(?: tid)?",
        "week_and_half": r"halvanden uge",
        "day": r"dag(?:e|es)?(?: tid)?|døgn",
        "week": r"uge(?:r|s|rs)?(?: tid)?",
        "month": r"måned(?:er|s|ers)?(?: tid)?",
    },
    ordinal_end=r"\.",
    weekday_end=r"(?:en|s?(?: ?aften| ?morgen| ?eftermiddag| ?formiddag))?",
    past_weekday=r"i (?P<past_weekday>(?:man|tirs|ons|tors|fre|lør|søn)dag)s",
    to="til|eller|-|–",
    more="mere|hele",
    the=r"(?:på )?den|d\.",
    of="i",
    of_the_month="i (?:denne )?måneden",
    today=r"i ?dag|i ?aften|i ?eftermiddag|i ?formiddag|i ?nat|inden midnat|samme dag"
          r"|inden lukketid|i løbet af (?:dagen|eftermiddagen|formiddagen|aftenen)",
    tomorrow=r"i ?morgen",
    day_after_tomorrow=r"i ?over ?morgen",
    yesterday=r"i ?går",
    next="næste",
    last="sidste|forrige",
    in_next_week=r"(?:i )?næste uge",
    a_week_later="om en uge|otte dage",
    this_week=r"(?:i løbet af|inden|før) (?:denne |hele )?ugen(?:s udgang)?(?: er (?:omme|slut))?"
              r"|ugen ud|i denne uge|denne uge|senere på ugen",
    next_week=r"(?:i |i løbet af |inde i )?(?:den )?næste uge|ugen efter",
    last_week="(?:i )?sidste uge",
    weekend=r"(?:i|til|hen over|i løbet af) weekenden",
    before_weekend=r"(?:inden|før) weekenden",
    end_of_month=r"(?:ved |inden |omkring )?månedsskiftet|(?:slutningen af|inden udgangen af)"
                 r" måneden|måneden ud",
    next_month="næste måned",
    christmas="(?:inden|før|til) jul",
    within=r"(?:inden(?: for)?|indenfor|om|på|i løbet af|senest om|tager|tage|max|højst)"
           r"(?: (?:cirka|ca\.?|højst|omkring|de næste|gerne|nok))?",
    since="(?:for )?",
    ago=r" siden",
    clock=r"(?:(?:klokken|kl\.?) (?:halv )?|kl\.?)(?:\d{1,2}(?:[.:]\d\d)?|(?<= )\w+)"
          r"|(?:inden|før|efter|til|ved)"
          r" (?:frokost|middag\w*|\w+tiden)|hen under aften|\d\d[.:]\d\d",
    habits=r"hver \w*dag|om \w*dagen"
           r"|(?:man|tirs|ons|tors|fre|lør|søn)dage",
)  # fmt: skip

_SWEDISH = Words(
    numbers={
        **_table("en|ett|1", "två|tu", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio|nie",
                 "tio|tie", "elva", "tolv", "tretton", "fjorton", "femton"),
        "ett par|några": 3, "tjugo": 20, "trettio": 30,
    },
    ordinals=_table(
        "första", "andra", "tredje", "fjärde", "femte", "sjätte", "sjunde", "åttonde", "nionde",
        "tionde", "elfte", "tolfte", "trettonde", "fjortonde", "femtonde", "sextonde",
        "sjuttonde", "artonde", "nittonde", "tjugonde", "tjugoförsta", "tjugoandra",
        "tjugotredje", "tjugofjärde", "tjugofemte", "tjugosjätte", "tjugosjunde", "tjugoåttonde",
        "tjugonionde", "trettionde", "trettioförsta",
    ),
    weekdays=_table("måndag|måndan", "tisdag|tisdan", "onsdag|onsdan", "torsdag|torsdan",
                    "fredag|fredan", "lördag|lördan", "söndag|söndan", first=0),
    months=_table("januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti",
                  "september", "oktober", "november", "december"),
    units={
        "working_day": r"(?:var|arbets|bank)dag(?:ar|ars)?|vardar",
        "minute": r"minut(?:er|ers)?|kvart",
        "hour": r"timm(?:e|ar|ars|es)|halvtimme",
        "week_and_half": r"(?:och )?en halv vecka",
        "day": r"dag(?:ar|ars)?|dar|dygn",
        "week": r"veck(?:a|or|as|ors)",
        "month": r"månad(?:er|s|ers)?",
    },
    ordinal_end=r":e|:a",
    weekday_end=r"(?:en|s?(?: ?kväll(?:en)?| ?morgon(?:en)?| ?eftermiddag(?:en)?"
                r"| ?förmiddag(?:en)?))?",
    past_weekday=r"i (?P<past_weekday>(?:mån|tis|ons|tors|fre|lör|sön)dag?)s",
    to="till|eller|-|–",
    more="till|hela",
    the=r"(?:på )?den",
    of="i",
    of_the_month="i månaden|varje månad",
    today=r"i ?dag|i ?kväll|i ?eftermiddag|i ?förmiddag|i ?natt|(?:före|innan) midnatt|under dagen"
          r"|inom dagen|(?:under|i) (?:eftermiddagen|förmiddagen|kvällen)",
    tomorrow=r"i ?morgon|i ?morron|i ?morrn",
    day_after_tomorrow=r"i ?över ?morgon|i ?över ?morron",
    yesterday=r"i ?går",
    next="nästa",
    last="förra|senaste",
    in_next_week=r"(?:i )?nästa vecka",
    a_week_later="om en vecka|åtta dagar",
    this_week=r"(?:i|under|innan|inom) (?:den här )?veckan(?: är (?:slut|över))?|den här veckan"
              r"|veckan ut|(?:i )?slutet av veckan|senare i veckan",
    next_week=r"(?:i |under |inne i )?nästa vecka|veckan efter",
    last_week="förra veckan",
    weekend=r"(?:i|till|under|över) helgen",
    before_weekend=r"(?:före|innan) helgen",
    end_of_month=r"(?:vid |innan |runt |före )?månadsskiftet|(?:i )?slutet av månaden|månaden ut",
    next_month="nästa månad",
    christmas="(?:före|innan|till) jul",
    within=r"(?:inom|om|på|senast om|tar|ta|behöver|behöva|max|under)"
           r"(?: (?:cirka|ca\.?|max|ungefär|de närmaste))?",
    since="(?:för )?",
    ago=r" (?:sedan|sen)",
    clock=r"(?:(?:klockan|kl\.?) (?:halv )?|kl\.?)(?:\d{1,2}(?:[.:]\d\d)?|(?<= )\w+)"
          r"|(?:före|efter|innan|till|vid)"
          r" (?:lunch|middag\w*|\w+tiden|fem|sex|sju|åtta|nio|tio|elva|tolv|ett|två|tre|fyra)"
          r"|\d\d[.:]\d\d",
    habits=r"varje (?:hel )?\w+|(?:mån|tis|ons|tors|fre|lör|sön)dagar(?:na)?|\w+dagens",
)  # fmt: skip

_ENGLISH = Words(
    numbers={
        **_table("a|an|one|1", "two|a couple of|a couple", "three|a few", "four", "five", "six",
                 "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
                 "fifteen"),
        "twenty": 20, "thirty": 30, "twenty[- ]four": 24, "forty[- ]eight": 48,
    },
    ordinals=_table(
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
        "seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty[- ]first",
        "twenty[- ]second", "twenty[- ]third", "twenty[- ]fourth", "twenty[- ]fifth",
        "twenty[- ]sixth", "twenty[- ]seventh", "twenty[- ]eighth", "twenty[- ]ninth",
        "thirtieth", "thirty[- ]first",
    ),
    weekdays=_table("monday|mon", "tuesday|tues|tue", "wednesday|weds|wed",
                    "thursday|thurs|thur|thu", "friday|fri", "saturday", "sunday", first=0),
    months=_table("january|jan", "february|feb", "march", "april|apr", "may", "june", "july",
                  "august|aug", "september|sept", "october|oct", "november|nov", "december|dec"),
    units={
        "working_day": r"(?:working|business|week|bank) ?days?",
        "minute": r"min(?:ute)?s?",
        "hour": r"hours?",
        "week_and_half": r"week and a half",
        "fortnight": r"fortnights?",
        "day": r"days?|nights?",
        "week": r"weeks?",
        "month": r"months?",
    },
    ordinal_end=r"(?:st|nd|rd|th)",
    weekday_end=r"(?:,? (?:morning|afternoon|evening|night|lunchtime))?",
    past_weekday=r"(?P<past_weekday>monday|tuesday|wednesday|thursday|friday|saturday|sunday) (?:"
                 r"just gone|gone|past)",
    to="to|or|-|–",
    more="more|full|whole",
    the=r"(?:on |by )?the",
    of="of",
    of_the_month="of (?:the|this|next) month",
    today=r"today|tonight|tonite|this (?:morning|afternoon|evening)|before midnight|by midnight"
          r"|(?:by )?(?:the )?(?:end of (?:the day|day|play|business)|close of (?:play|business))"
          r"(?! (?:on )?(?:mon|tue|wed|thu|fri|sat|sun|tomorrow))"
          r"|same day|later on",
    tomorrow=r"tomorrow|tmrw|tomorra",
    day_after_tomorrow=r"(?:the )?day after tomorrow",
    yesterday=r"yesterday|last night",
    next="next",
    last="last",
    in_next_week=r"(?:of )?next week",
    a_week_later="week",
    this_week=r"(?:by |before )?(?:the )?end of (?:the|this) week|this week|later in the week",
    next_week=r"(?:by |early |some ?time )?next week",
    last_week="last week",
    weekend=r"(?:at|over|on|during|this) (?:the )?weekend",
    before_weekend=r"(?:by|before) the weekend",
    end_of_month=r"(?:by |before |at )?(?:the )?end of (?:the|this) month|month[- ]end",
    next_month="next month",
    christmas="(?:before|by|for) christmas",
    within=r"(?:within|in|inside|takes?|take us|usually takes|no (?:more|later) than|up to)"
           r"(?: (?:about|around|at most|the next|up to|us about))?",
    since="(?:about |some )?",
    ago=r" ago",
    clock=r"(?:at|by|before|around|till|after|until) (?:half )?(?:\d{1,2}(?:[.:]\d\d)?(?: ?[ap]m)?"
          r"|noon|lunch(?:time)?|teatime|one|two|three|four|five|six|seven|eight|nine|ten|eleven"
          r"|twelve)|\d{1,2}[.:]\d\d|inside the hour|round teatime",
    habits=r"every (?:single )?\w+|(?:mon|tues|wednes|thurs|fri|satur|sun)days",
)  # fmt: skip

WORDS: dict[str, Words] = {
    "da": _DANISH,
    "nb": _NORWEGIAN,
    "nn": _NORWEGIAN,
    "sv": _SWEDISH,
    "en": _ENGLISH,
}
