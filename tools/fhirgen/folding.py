"""Case and accent folding of Latin, Greek and Cyrillic from Python's Unicode data: decompose, drop
marks, casefold. Letters that Unicode does not decompose get what people type for them."""

import unicodedata

RANGES = [(0x80, 0x2B0), (0x300, 0x530), (0x1E00, 0x2000)]
EXTRA = {'ø': 'o', 'đ': 'd', 'ł': 'l', 'æ': 'ae', 'œ': 'oe', 'ı': 'i', 'þ': 'th', 'ð': 'd', 'ħ': 'h', 'ŧ': 't'}


def fold(char):
    text = char
    for _ in range(3):
        text = ''.join(c for c in unicodedata.normalize('NFD', text) if not unicodedata.combining(c))
        text = ''.join(EXTRA.get(c, c) for c in text.casefold())
    return text


def table():
    """[(code point, [at most two code points])] of what folding changes."""
    rows = []
    for first, last in RANGES:
        for point in range(first, last):
            folded = fold(chr(point))
            if folded != chr(point):
                assert len(folded) <= 2 and all(ord(c) < 0x10000 for c in folded), hex(point)
                rows.append((point, [ord(c) for c in folded]))
    return rows
