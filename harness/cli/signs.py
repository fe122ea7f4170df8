"""Progress for terminals and logs that take nothing but ASCII."""

_SIGNS = str.maketrans({"…": "...", "·": "-", "✓": "ok", "✗": "FAILED", "×": "x", "–": "-", "±": "+/-", "µ": "u"})


def fit(text: str, *, ascii_: bool) -> str:
    """`text` without control characters, in ASCII where asked for; a letter without a counterpart becomes its number.

    >>> fit("clone … 1×", ascii_=True)
    'clone ... 1x'
    >>> fit("\\x1b[31mred", ascii_=False)
    '?[31mred'
    """
    # A name or a statement may hold what would move the cursor or recolour the terminal.
    shown = "".join(sign if sign.isprintable() else "?" for sign in text)
    return shown.translate(_SIGNS).encode("ascii", "backslashreplace").decode("ascii") if ascii_ else shown
