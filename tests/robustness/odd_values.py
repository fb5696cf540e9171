"""Values that no keyword should have."""

from __future__ import annotations

import random

LARGE = 10_000_000

ODD_VALUES = [
    "", " ", "null", "NULL", "none", "nan", "inf", "-inf", "--", "n/a", "t", "f", "true", "0",
    "-1", "1", "3.14", "1e400", "0x1f", "1_000", "9" * 400, "9" * 5_000, "1.5.2", "\u0661\u0662",
    "\u00b2", "\u216b", "'", '"', '""', '"quoted"', '"a|b"', "a|b", '"open', 'x"y', '"a""b"',
    '"""', "\\", "\\n", "%s%n", "{0}", "$HOME", "`id`", "$(id)", "../../etc/passwd", "..", ".",
    "/", "/asnrules-robustness/x", "~/x", "C:\\x", "\\\\host\\x", "con", "aux.json", "a/b", "a:b",
    "a*b?", "<b>x</b>", "<script>alert(1)</script>", "&amp;", "'; DROP TABLE runs; --",
    '" OR 1=1 --', "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b31m", "\x08", "\x7f", "\t",
    "a\tb", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\u202eabc", "\u2066x", "\u200b",
    "\ufeff", "\u00a0", "\u0130", "\u00df", "\u1e9e", "\ufb01", "\U0001f52d", "e\u0301", "\ufffd",
    "\uffff", "\ud7ff", "#x", "@!x", "#!x", "=1+1", "a" * 300, "\u00e9" * 200, "a" * 131_072,
    "a" * 131_073, "a,b", "a;b", "none|null", "[]", "()", "{}", "None", "undefined", "_uncal.fits",
    "x_uncal.", "jw_rate.fits", "jw1_uncal.fits.gz", "/abs/jw1_nrca1_uncal.fits",
    "../jw1_nrca1_uncal.fits", "-" * 100, "_" * 100, "_-_-" * 500, "target_acquisition",
    "imprint", "science", "background",
    "nrc_image", "mir_mrs", "nrs_ifu", "nis_wfss", "nrs_msaspec", "nrs_autowave", "2-point-nod",
    "along-slit-nod", "wfsc_los_jitter", "prime_wfsc_routine",
]  # fmt: skip

ODD_CANDIDATES = [
    "[('o001', 'observation'), ('o001', 'observation')]",
    "[('o001', 'background'), ('o001', 'observation'), ('c1000', 'mosaic')]",
    "(('c1001', 'background'),)",
    "[('c1001', 'background')]",
    "[('o', 'observation'), ('0', 'background')]",
    "[('a', 'a'), ('aa', 'a'), ('aaa', 'a')]",
    "[('observation', 'observation')]",
    "[(' o001 ', ' observation ')]",
    "[('', 'observation')]",
    "[('o001', '')]",
    "[('o001')]",
    "['o001', 'observation']",
    "('o001', 'observation')",
    "[('o001', 'observation', 'x')]",
    "[('o001', 'observation'",
    "[('o001', 'observation')]]",
    "[('o001', observation)]",
    "[(1, 'observation')]",
    "[[['o001', 'observation']]]",
    "[('o001', 'obser\\x76ation')]",
    "[('../../etc/passwd', 'observation')]",
    "[('/asnrules-robustness/x', 'observation')]",
    "[('C:x', 'background')]",
    "[('..', 'observation')]",
    "[('o|1', 'observation')]",
    "[('o1.json', 'observation')]",
    "[('con', 'observation')]",
    "[('\u202eo001', 'observation')]",
    "[('\u00e9\u00e9', 'observation')]",
    "[('o\x1b[31m', 'observation')]",
    "[('<script>', 'observation')]",
    "[('o001; drop table runs', 'observation')]",
    '[("o001", "observation")]',
    "{'o001': 'observation'}",
    "__import__('os').system('id')",
    "[('o001', 'observation') for x in (1,)]",
    "@!fmt_cand([('o001', 'observation')])",
    "#!unexpanded",
    "7",
    "007",
    "9" * 5_000,
    "-7",
    "[]",
    "()",
    "[,]",
    "[('o001', 'observation'),]",
    f"[('{'o' * 300}', 'observation')]",
    f"[('o001', '{'x' * 300}')]",
    f"[('{chr(233) * 130}', 'observation')]",
    "[" * 5_000,
    "[(" * 5_000 + ")]" * 5_000,
    "(" * 100_000,
    "[('" * 3_000,
    "'" * 10_000,
]

MILD_VALUES = [
    value
    for value in ODD_VALUES
    if value.isprintable() and len(value) <= 300 and not set(value) & set('|"')
]
"""Those that the reader takes, so that what comes after it has to cope with them."""


def odd_value(numbers: random.Random) -> str:
    """Give a value for any column."""
    chance = numbers.random()
    if chance < 0.1:
        return "".join(chr(_code_point(numbers)) for _ in range(numbers.randint(1, 20)))
    return numbers.choice(MILD_VALUES if chance < 0.7 else ODD_VALUES)


def odd_candidates(numbers: random.Random) -> str:
    """Give a text for asn_candidate: a list or not, long or short."""
    chance = numbers.random()
    if chance < 0.1:
        ids = (f"('o{number:03}', 'observation')" for number in range(numbers.randint(1, 2_000)))
        return f"[{', '.join(ids)}]"
    if chance < 0.2:
        ids = (f"('{'o' * length}', 'background')" for length in range(1, numbers.randint(2, 200)))
        return f"[{', '.join(ids)}]"
    if chance < 0.3:
        return _garbled(numbers, numbers.choice(ODD_CANDIDATES)[:200])
    return numbers.choice(ODD_CANDIDATES)


def _garbled(numbers: random.Random, text: str) -> str:
    characters = list(text)
    for _ in range(numbers.randint(1, 4)):
        characters.insert(numbers.randint(0, len(characters)), numbers.choice("[](),'\" o1\\"))
        del characters[numbers.randrange(len(characters))]
    return "".join(characters)


def _code_point(numbers: random.Random) -> int:
    code = numbers.choice((0x7F, 0x250, 0x3000, 0xFFFF, 0x10FFFF))
    code = numbers.randint(0x20, code)
    return 0x20 if 0xD800 <= code < 0xE000 else code
