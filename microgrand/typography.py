"""Numbers of a program as a book prints them."""

import re

NARROW = "\N{NARROW NO-BREAK SPACE}"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_DIGITS = 5  # after the first; a longer number is written with a power of ten
POWER = re.compile(r"(?<![\w.])(\d+)(?:\.(\d+))?e([+-]?\d+)(?!\w)")
THOUSANDS = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?!\d)")
NO_MINUS = re.compile(r"(?<![\w.-])[-−](?=0(?:\.0+)?(?![\d.]))")
MINUS = re.compile(r"(?<![\w.-])-(?=\d)")
PERCENT = re.compile(r"(?<=\d) ?%")


def printed(text: str) -> str:
    """`-0.2%` as −0.2 %, `1e-05` as 10⁻⁵, `1.23e+03` as 1 230, `7,176` as 7 176, `-0.0` as 0.0.

    A command, known by its `--flags`, is to be typed and is left as it is.
    """
    if "--" in text:
        return text
    text = POWER.sub(without_e, text)
    text = THOUSANDS.sub(lambda match: match[0].replace(",", NARROW), text)
    text = MINUS.sub("−", NO_MINUS.sub("", text))
    return PERCENT.sub(f"{NARROW}%", text)


def without_e(match: re.Match[str]) -> str:
    """A number that was written with an e, its digits as they were."""
    whole, decimals, exponent = match[1], match[2] or "", int(match[3])
    if not float(match[0]):
        return "0"
    if 0 <= exponent <= MOST_DIGITS:
        return f"{float(match[0]):,.{max(0, len(decimals) - exponent)}f}"
    power = f"10{str(exponent).translate(RAISED)}"
    mantissa = f"{whole}.{decimals}" if decimals else whole
    return power if mantissa == "1" else f"{mantissa}×{power}"


def is_number(text: str) -> bool:
    """Whether there are numbers and no words, as in `0.3 (0.1 to 0.5)`, or a dash for none."""
    rest = text.replace(" to ", " ")
    return text == "–" or (any(map(str.isdigit, rest)) and not any(map(str.isalpha, rest)))
