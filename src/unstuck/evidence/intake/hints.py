"""Words for files that are well known but no evidence, so that a refusal says what they are."""

import re

_MAGICS = (
    (b"%PDF", "it looks like a PDF"),
    (b"\x89PNG", "it looks like a picture"),
    (b"\xff\xd8\xff", "it looks like a picture"),
    (b"GIF8", "it looks like a picture"),
    (b"SQLite format 3\0", "it looks like a database; Gadgetbridge's is not read yet"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive; unpack it and give the folder"),
    (b"Rar!\x1a\x07", "it is a RAR archive; unpack it and give the folder"),
    (b"\xfd7zXZ\0", "it is an xz archive; unpack it and give the folder"),
    (b"\x28\xb5\x2f\xfd", "it is a Zstandard archive; unpack it and give the folder"),
    (b"BZh", "it is a bzip2 archive; unpack it and give the folder"),
    (b"\x7fELF", "it looks like a program"),
    (b"MZ", "it looks like a program"),
    (b"ANDROID BACKUP", "it is an Android backup, which holds no logs"),
)
_FIT_MAGIC = b".FIT"
_FIT_MAGIC_AT = 8
_TEXTS = (
    (
        re.compile(rb"<!DOCTYPE HealthData|<HealthData\b"),
        "it looks like an Apple Health export, which holds no sync log",
    ),
    (re.compile(rb"\A\s*<(!DOCTYPE\s+html|html)\b", re.IGNORECASE), "it looks like a web page"),
    (re.compile(rb"\A\s*\{\s*\"resourceType\""), "it looks like a FHIR record"),
    (re.compile(rb"\A\s*\{\"dir\": \""), "it looks like a recorded Gattlink exchange"),
    (re.compile(rb"\A\s*\{\s*\"activities"), "it looks like an answer of the Fitbit Web API, which has ended"),
    (re.compile(rb"\A\s*[\[{]\s*[\"{]"), "it looks like JSON of another kind"),
    (re.compile(rb"\A[^\r\n,|]{1,60}(,[^\r\n,]{0,60}){2,}\r?\n"), "it looks like a table of another kind"),
)


def hint(head: bytes) -> str:
    """What the file looks like, in brackets for a sentence; empty when nothing is known."""
    if head[_FIT_MAGIC_AT : _FIT_MAGIC_AT + len(_FIT_MAGIC)] == _FIT_MAGIC:
        return " (it looks like a FIT activity file, which holds no sync log)"
    for magic, words in _MAGICS:
        if head.startswith(magic):
            return f" ({words})"
    for pattern, words in _TEXTS:
        if pattern.match(head) if pattern.pattern.startswith(b"[^") else pattern.search(head):
            return f" ({words})"
    return ""
