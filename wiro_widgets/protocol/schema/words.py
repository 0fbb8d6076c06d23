"""Labels and help texts of a catalogue as words: untranslated ids become words, or are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

# One token that begins small: an id, no translation.
_ID = re.compile(r"[a-z][A-Za-z\d]*(?:[_.-]+[A-Za-z\d]+)*")
_KEY_ENDING = re.compile(
    r"[_.-](?:label|title|name|help|note|description|tooltip|placeholder)$", re.IGNORECASE
)
_WORD_ENDS = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z]{2})(?=\d+$)|[\s_.\-\[\]]+")
_NO_HELP = {"optional", "required"}  # which the field says by itself
# A limit of files in words: "max. 2", "up to 5 images", "0-5 images"; never one of megabytes or seconds.
_FILE_NOUN = r"(?:[a-z]+ )?(?:image|photo|picture|video|clip|file|reference|frame|sound|audio)s?"
_FILE_LIMIT = re.compile(
    rf"(?:\bmax(?:imum)?\.?(?:\s+of)?|\bup\s+to|\b[01]\s*[-\u2013])\s*(\d{{1,2}})\b"
    rf"\s*(?:{_FILE_NOUN}\b|[).,;]|$)",
    re.IGNORECASE,
)
_ONE_FRAME = re.compile(
    r"\b(?:first|last|start|starting|end|ending|final)\s+(?:frame|image|picture)\b", re.IGNORECASE
)
_LONGEST_RUN = 60  # letters of a label that is taken apart
# Of what models call their parameters; a run of letters is taken apart only if these words make up all of it.
_LIST_VOCABULARY = """
adapter additional alpha amount angle animation api aspect audio auto background balance base batch beta bit
bitrate blend border bottom brightness camera caption cfg chat checker checkpoint class clip clothes codec
color colour compression condition consistency context contrast control count creativity crop custom decay
default denoise denoising density depth details diffusion dimension direction distance document dpi duration
edge edit effect embedding emotion enable enabled end enhance enhancer enhancement epoch epochs expand
extend extra face factor fast fidelity file filter first fixed flow focus font footage format fps frame
frames frequency garment gender generate generation guidance guide hair height high human id image images in
index inference inpaint input instruction instructions intensity interpolation interval item iterations json
key language last layout learning left length lens level light lighting limit lip list location lock long
lora loop loras low lyrics mask match max maximum memory message min minimum mode model motion movement
multi music name negative new noise num number of off on offset opacity optimization output outputs overlap
padding page path pattern penalty person photo pitch pixel pixels pose position positive precision presence
preserve preset process processing product profile prompt prompts quality quantization radius random range
rank rate ratio reference references refiner region remove repeat repetition resize resolution result return
right rotation safety sample sampler samples sampling saturation scale scales scene schedule scheduler
search second seconds seed segment sequence sequences session shape sharpness shift short shot show size
skin skip smooth sound source speaker speech speed split stability start step steps stop strength style
stylization subject subtitle switch sync system target temperature template text texture theme thinking
threshold tile time title to token tokens tolerance top total transcription transition translation
transparent trim true type unit upscale upscaler url use user vae value variation vectors video view voice
volume watermark weight weights width window words zoom
"""
_VOCABULARY = frozenset(_LIST_VOCABULARY.split())


def label(text: str, name: str) -> str:
    """Return a parameter's label in words; one that is only an id, its own or an untranslated key, is taken apart."""
    text = text.strip()
    if text and not _ID.fullmatch(text):
        return text
    words = of_id(_KEY_ENDING.sub("", text) or name)
    return of_id(name) if _letters(words) == _letters(name) and " " in of_id(name) else words


def help_text(label: str, name: str, *texts: str) -> str:
    """Return the first text that tells a reader something: no untranslated key, and no repetition of the label."""
    own_words = {_letters(label), _letters(name)}
    for item in map(str.strip, texts):
        is_key = " " not in item and _KEY_ENDING.search(item) is not None
        if item and not is_key and _letters(item) not in own_words | _NO_HELP:
            return item
    return ""


def file_limit(label: str, text: str) -> int | None:
    """Return how many files a label or its help says that a parameter takes; None if they do not say."""
    if _ONE_FRAME.search(label):
        return 1
    match = _FILE_LIMIT.search(text)
    return int(match[1]) or None if match else None


def of_id(name: str) -> str:
    """Return an id as words: "inputImage", "input_image" and "inputimage" are "Input image"."""
    parts = [word for part in split_id(name) for word in _run_together(part)]
    words = " ".join(part if part.isupper() else part.lower() for part in parts)
    return words[:1].upper() + words[1:] or name


def split_id(name: str) -> list[str]:
    """Return the parts of an id, where its letters or its marks divide it."""
    return [part for part in _WORD_ENDS.split(name) if part]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def _run_together(part: str) -> list[str]:
    """Take a run of small letters apart into known words, the longest first; as it is if they leave a rest."""
    if not part.islower() or len(part) > _LONGEST_RUN or part in _VOCABULARY:
        return [part]
    dead_ends: set[int] = set()

    def words_from(start: int) -> list[str] | None:
        if start == len(part):
            return []
        if start in dead_ends:
            return None
        for end in _word_ends(part, start):
            rest = words_from(end)
            if rest is not None:
                return [part[start:end], *rest]
        dead_ends.add(start)
        return None

    return words_from(0) or [part]


def _word_ends(part: str, start: int) -> Iterator[int]:
    return (end for end in range(len(part), start, -1) if part[start:end] in _VOCABULARY)
