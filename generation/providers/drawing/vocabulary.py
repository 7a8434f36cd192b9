"""Words of a storyboard and what they ask the artist to draw; the first row that matches wins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generation.providers.base import Shot

Rows = Sequence[tuple[str, str]]

_SETTINGS: Rows = (
    ("space", r"space(?!d)|orbit|planet|asteroid|galaxy|moon base|cosmos|mars\b|spaceship|starship"),
    ("stairs", r"stair(s|case|well|way)?\b|spiral steps"),
    ("window", r"window (on ?to|over|facing|with a view)|(at|by|from|through|out of) (the|a|an|his|her|their) window"),
    ("train", r"train\b|railway|station|platform|subway|metro|carriage"),
    ("kitchen", r"kitchen|bakery|cook"),
    ("bar", r"caf[eé]|\bbar\b|\bpub\b|restaurant|diner|coffee|tavern"),
    ("office", r"office|\bdesk|laborator|\blab\b|classroom|school|library|newsroom|studio"),
    ("corridor", r"corridor|hallway|hospital|hotel|prison|tunnel|basement|garage|warehouse|museum"),
    (
        "room",
        r"room\b|bedroom|interior|\bint\b|apartment|\bhome\b|\bhouse\b|inside|window|flat\b|attic|cabin|sofa|\bbed\b",
    ),
    (
        "sea",
        r"\bsea\b|ocean|beach|shore|coast|boat|\bship\b|harbou?r|lake|river|island|\bwaves?\b|water|pier|sail|lighthouse",
    ),
    ("desert", r"desert|dune|sand\b|sahara|canyon|cactus"),
    ("mountain", r"mountain|\bpeak|alps|cliff|summit|valley|hilltop|glacier|ridge"),
    ("forest", r"forest|wood(s|land)\b|\btrees?\b|jungle|\bpark\b|garden|orchard"),
    ("road", r"\broad|highway|\bcar\b|drive|driving|truck\b|motorway|desert road|\bbus\b|bike|bicycle"),
    (
        "city",
        r"city|street|building|\btown|alley|market|skyline|rooftop|roof\b|square|neon|\bshops?\b|tower|downtown|sidewalk|bridge",
    ),
)
_OUTDOORS = ("space", "sea", "desert", "mountain", "forest", "road", "city")

_PEOPLE = (
    r"\b((wo)?m[ae]n|boys?|girls?|child(ren)?|kids?|bab(y|ies)|person|people|lad(y|ies)|couple|crowd|stranger|friends?"
    r"|keeper|captain|\w+(m[ae]n|wom[ae]n)|sailors?|pilots?|drivers?|riders?|soldiers?|guards?|guests?|officers?|police"
    r"|detective|doctor|nurse|teacher|students?|kings?|queen|prince(ss)?|knights?|wizard|witch|priest|monks?|nuns?"
    r"|farmers?|chef|waiter|waitress|artist|painter|dancers?|singer|musician|players?|mother|father|mum|mom|dad|brother"
    r"|sister|son|daughter|hero(ine)?|thief|workers?|engineer|astronaut|scientist|boss|bride|groom|grand\w+|uncle|aunt"
    r"|widow(er)?|mechanic|owner|maker|seller|hunter|travell?er|walker|runner|cyclist|climber|surgeon|builder|spy|agent"
    r"|figure|face|silhouette|he|she|they)\b"
)
_ANIMALS: Rows = (
    ("dog", r"\bdogs?\b|puppy|hound|wolf|wolves|fox\b"),
    ("cat", r"\bcats?\b|kitten|\blion|tiger"),
    ("horse", r"\bhorses?\b|pony|stallion|\bdeer\b"),
    ("bird", r"\bbirds?\b|eagle|crow\b|raven|gull|owl\b|dove|pigeon|falcon"),
)
_CRAFT: Rows = (
    ("spaceship", r"space ?ship|starship|rocket|shuttle|spacecraft|\bufo\b"),
    ("fishing-boat", r"(fish\w*|motor|tug|row\w*|small|lobster) ?-?boats?\b|trawler|\btug\b"),
    ("ship", r"\bships?\b|ferry|\bliner\b|tanker|freighter|steamer"),
    ("boat", r"\bboats?\b|sail(ing )?boats?|yacht"),
    ("train", r"\btrains?\b|locomotive|\btram\b"),
    ("plane", r"\b(air|aero)?planes?\b|aircraft|\bjet\b|airliner"),
    ("car", r"\bcars?\b|taxi|\bvan\b|truck|vehicle|\bbus\b"),
)
_BUILT: Rows = (
    ("lighthouse", r"lighthouse"),
    ("lamp-post", r"street ?-?(lamp|light)|lamp ?-?post"),
    ("windmill", r"windmill"),
    ("church", r"church|chapel|cathedral|abbey"),
    ("castle", r"castle|fortress|palace"),
    ("skyscraper", r"skyscraper|\bbuilding|office block|high-rise|tower block"),
    ("tower", r"\btower"),
    ("house", r"\bhouse|cottage|\bcabin|\bhut\b|farmhouse|villa\b|mansion|\bbarn\b"),
    ("statue", r"statue|monument|sculpture"),
    ("tree", r"\btrees?\b|\boak\b|\bpine\b|willow"),
)
_PARTS: Rows = (
    ("eyes", r"\beyes?\b|\bgaze|\btears?\b|\biris\b|pupils?\b"),
    ("mouth", r"\bmouth|\blips?\b|\bsmile|\bteeth\b|whisper"),
    ("hands", r"\bhands?\b|fingers?\b|\bfists?\b|\bpalms?\b|thumb"),
)
_OBJECTS: Rows = (
    ("match", r"\bmatch(es)?\b|matchstick"),
    ("candle", r"candle|\bflame|\bwick\b|lighter\b"),
    ("letter", r"letter|envelope|note\b|paper|photo|postcard|map\b"),
    ("phone", r"phone|tablet"),
    ("screen", r"\bscreen|computer|laptop|monitor|television|\btv\b"),
    ("key", r"\bkeys?\b|\b(pad)?lock\b"),
    ("book", r"book|diary|journal"),
    ("watch", r"watch\b|clock|compass|coin|medal|\bring\b"),
    ("glass", r"\bglass\b|wine|whisk(e)?y|cocktail|champagne|\bbeer\b"),
    ("cup", r"cup\b|mug|coffee|tea\b"),
    ("flower", r"flower|\brose\b|tulip|bouquet|blossom|dais(y|ies)"),
    ("knife", r"\bknife|dagger|\bblade\b"),
    ("burner", r"burner"),
    ("lamp", r"\blamp\b|lantern(?! room)|light bulb"),
    ("box", r"\bgun\b|pistol|revolver|\bbox\b|parcel|package|\bgift\b|suitcase"),
)
_SCENERY = (
    r"\b(sea|ocean|waves?|city|skyline|streets?|forest|mountains?|desert|landscape|valley|sky|storm|road|fields?|village"
    r"|town|beach|horizon|garden|river|lake|stairs|staircase|corridor|rock|island|coast(line)?|clouds?|moon|sun(rise|set)?"
    r"|room|kitchen|office|nothing|nobody|no one)\b"
)
_NAMES: Rows = (*_ANIMALS, *_CRAFT, *_BUILT, *_PARTS, *_OBJECTS, ("scenery", _SCENERY), ("person", _PEOPLE))

BUILT = frozenset(name for name, _ in _BUILT)
OBJECTS = frozenset(name for name, _ in _OBJECTS)

_JOINTS = re.compile(
    r"[,;:.!?()]|\b(?:in|on|with|at|under|of|by|near|from|inside|behind|beside|above|over|through|into|onto|to|against"
    r"|around|who|that|and|or|as|holding|wearing|carrying|seen|looking|reading|riding|driving|is|are)\b"
)
_COLLECTIVE = re.compile(r"(flock|herd|pair|group|bunch|row|stack|pile|fleet|line|view|close-up|shot|set|piece)s?\s*$")

_OTHERS = (
    r"\banother|\beach other|\bboth\b|\btwo\b|opposite|\bfac(es|ing) (him|her|them)|across from|(talk|speak|listen|whisper"
    r"|answer|repl)\w* (to|with)|\btells?\b|\basks?\b|convers|interview|argu|confront"
)
_LOOKING = (
    r"\blook(s|ing)?\b|\bwatch(es|ing)\b|\bsees?\b|\bstar(es|ing)\b|\bgaz(es|ing)\b|\bwindow|\breads?\b|\breading\b"
)
_FAR_LIGHT = r"\blights?\b|\bbeacon|\blamp\b|\bflare\b"
_LAMP = r"\blamp|lantern"
_BEAM = r"\bbeam|searchlight|lighthouse"


@dataclass(frozen=True)
class Traits:
    """What the text says about someone's looks; empty where it says nothing."""

    age: str = ""
    sex: str = ""
    hat: str = ""
    hair: str = ""
    beard: str = ""
    garment: str = ""
    carries: str = ""


_AGES: Rows = (
    ("child", r"\bchild|\bboys?\b|\bgirls?\b|\bkids?\b|toddler|\blittle (boy|girl)|\bson\b|daughter"),
    ("old", r"\bold(er)?\b|elder|aged\b|ancient|grand(m|f|pa)|weathered|grey-haired|wrinkled|retired|keeper"),
)
_SEXES: Rows = (
    ("woman", r"\bwom[ae]n|\bgirl|\blady|mother|\bmum\b|\bmom\b|sister|daughter|queen|princess|witch|waitress|\bnun\b|bride"
     r"|actress|heroine|\baunt|widow\b|\bshe\b|\bher\b|grandma"),
    ("man", r"\bm[ae]n\b|\b\w+man\b|\bboys?\b|father|\bdad\b|brother|\bson\b|\bking\b|prince\b|priest|monk|waiter\b|keeper"
     r"|uncle|\bhe\b|\bhis\b|sailor|captain|grandpa|wizard|\bbeard"),
)  # fmt: skip
_HATS: Rows = (
    ("souwester", r"oilskin|sou'?.?wester|fisherm[ae]n|rain ?hat|keeper"),
    ("peaked", r"captain|police|officer|pilot|conductor|uniform|\bguard\b"),
    ("helmet", r"helmet|knight|soldier|astronaut|fire(fighter|man)|builder|miner"),
    ("hood", r"\bhood|\bcloak|\bmonk|witch|\bhoodie"),
    ("brimmed", r"\bhat\b|fedora|detective|cowboy|\bspy\b|wizard"),
)
_HAIRS: Rows = (
    ("cap", r"\bcap\b"),
    ("beanie", r"beanie|woollen hat|knitted hat"),
    ("bald", r"\bbald"),
    ("bun", r"\bbun\b"),
    ("long", r"long hair|long-haired|braid|ponytail"),
    ("short", r"short hair|short-haired"),
)
_BEARDS: Rows = (("moustache", r"mou?stache"), ("beard", r"\bbeard|keeper|wizard|\bsea captain"))
_CLOTHES: Rows = (
    ("oilskin", r"oilskin|raincoat|slicker|mackintosh|keeper|fisherm[ae]n"),
    ("uniform", r"uniform|police|officer|captain|pilot|soldier|\bguard\b"),
    ("white-coat", r"(lab|white) coat|doctor|nurse|scientist|chef"),
    ("robe", r"\brobe|\bcloak|\bmonk|\bnun\b|priest|wizard|witch|\bgown"),
    ("suit", r"\bsuit\b|tuxedo|\bboss\b|businessm|lawyer|\bagent\b|groom"),
    ("dress", r"\bdress\b|skirt|bride|princess|queen"),
    ("parka", r"parka|anorak|puffer"),
    ("coat", r"\bcoat|overcoat|detective"),
    ("jacket", r"jacket|blazer"),
    ("jumper", r"jumper|sweater|pullover"),
    ("shirt", r"shirt\b|blouse"),
)
_HOLDS = r"(with|carr(y|ies|ying)|hold(s|ing)?|rais(es|ing)|lift(s|ing)|swing(s|ing)|under) [^.,;]{0,24}"
_BURDENS: Rows = (
    ("lamp", _HOLDS + r"(lamp|lantern|torch)"),
    ("umbrella", _HOLDS + r"umbrella"),
    ("bag", _HOLDS + r"(\bbag|suitcase|briefcase|basket|bucket)"),
)


@dataclass(frozen=True)
class Reading:
    """A shot as the artist understands it.

    `subject` is "person", "scenery" (nothing stands before it) or a thing's name; `detail` is what fills a close view;
    `view` is the place beyond a window; `landmark` is a building far off.
    """

    setting: str
    view: str
    subject: str
    companion: str | None
    detail: str | None
    object: str | None
    landmark: str | None
    alone: bool
    far_light: bool
    beam: bool
    lamp: bool
    traits: Traits


def read(shot: Shot) -> Reading:
    told = f"{shot.subject} {shot.action} {shot.title} {shot.location}".lower()
    setting = setting_of(shot)
    subject = subject_of(shot)
    landmark = _first(_BUILT, shot.location.lower())
    doing = f"{shot.subject} {shot.action} {shot.location}".lower()
    return Reading(
        setting="window" if setting == "room" and re.search(dict(_SETTINGS)["window"], doing) else setting,
        view=_view_of(shot),
        subject=subject,
        companion=_first(_ANIMALS, shot.subject.lower()),
        detail=_detail_of(shot, subject),
        object=object_of(shot),
        landmark=landmark if landmark != subject else None,
        alone=bool(re.search(_LOOKING, doing)) and not re.search(_OTHERS, told) and _voices(shot.dialogue) < 2,
        far_light=bool(re.search(_FAR_LIGHT, f"{shot.action} {shot.title}".lower())),
        beam=bool(re.search(_BEAM, told)),
        lamp=bool(re.search(_LAMP, doing)),
        traits=_traits_of(shot),
    )


def setting_of(shot: Shot) -> str:
    """The place to draw; "field" when nothing in the text names one."""
    for text in (shot.location, shot.action, shot.subject, shot.title, shot.atmosphere):
        found = _first(_SETTINGS, text.lower())
        if found:
            return found
    return "field"


def subject_of(shot: Shot) -> str:
    if shot.subject.strip():
        return _named(shot.subject.lower()) or "person"
    told = f"{shot.title} {shot.action}".lower()
    if re.search(_PEOPLE, told):
        return "person"
    return _first((*_ANIMALS, *_CRAFT), told) or _first(_BUILT, f"{told} {shot.location}".lower()) or "person"


def object_of(shot: Shot) -> str | None:
    for text in (shot.subject, shot.action, f"{shot.title} {shot.location}"):
        found = _first(_OBJECTS, text.lower())
        if found:
            return found
    return None


def _first(rows: Rows, text: str) -> str | None:
    return next((name for name, pattern in rows if re.search(pattern, text)), None)


def _named(text: str) -> str | None:
    """What a phrase is about: the last thing named before it is described, as in "the lighthouse *keeper* in a coat"."""
    phrases = [phrase for phrase in _JOINTS.split(text) if phrase.strip()]
    while len(phrases) > 1 and _COLLECTIVE.search(phrases[0]):
        phrases.pop(0)
    if not phrases:
        return None
    ends = [
        (match.end(), -row, name)
        for row, (name, pattern) in enumerate(_NAMES)
        for match in re.finditer(pattern, phrases[0])
    ]
    return max(ends)[2] if ends else None


def _detail_of(shot: Shot, subject: str) -> str | None:
    parts = dict(_PARTS)
    if subject in parts or subject in OBJECTS:
        return subject
    if subject != "person":
        return None
    return _first(_PARTS, shot.subject.lower()) or _first(_PARTS, f"{shot.action} {shot.title}".lower())


def _view_of(shot: Shot) -> str:
    rows = [row for row in _SETTINGS if row[0] in _OUTDOORS]
    for text in (shot.location, shot.action, shot.subject, shot.title):
        found = _first(rows, text.lower())
        if found:
            return found
    return "field"


def _voices(dialogue: str) -> int:
    return len(set(re.findall(r"^[ \t]*([^:\n]{1,40}):", dialogue, re.MULTILINE)))


def _traits_of(shot: Shot) -> Traits:
    who = (shot.subject if shot.subject.strip() else f"{shot.title} {shot.action}").lower()
    doing = f"{shot.subject} {shot.action}".lower()
    age = _first(_AGES, who) or ""
    return Traits(
        age=age,
        sex=_first(_SEXES, who) or _first(_SEXES, shot.action.lower()) or "",
        hat=_first(_HATS, who) or "",
        hair=_first(_HAIRS, who) or "",
        beard=_first(_BEARDS, who) or "",
        garment=_first(_CLOTHES, who) or "",
        carries=_first(_BURDENS, doing) or "",
    )
