"""Words of others, made fit to be kept and shown: a terminal must not obey them, and the journal must take them."""


def printable(text: str, most: int) -> str:
    """The first ``most`` characters, a space for each that cannot be printed (also half a surrogate pair)."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:most])
