"""Names that people give: of series and episodes by their files, of runs and characters in params.yaml.

A name stands in paths, commands, tables and ids, so it must be text that all of these take for what it is.
"""

import re
import unicodedata

MOST = 200  # bytes in UTF-8: a file system takes 255, and `.<name>-000600.safetensors.<process>.tmp` has 40 more

_BLANKS = re.compile(r"\s+")


def one_form(text: str) -> str:
    """Return a name in the one form of those that look alike: composed letters (NFC), plain blanks, none at the ends.

    macOS writes letters apart from their marks, and input methods write blanks of their own width.
    """
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip()


def fault_of_name(name: str) -> str:
    """Return why a series or episode cannot be called that, and what to do; "" if it can."""
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "it is not UTF-8; rename it"
    if name != name.strip() or not name:
        return "it is empty, or begins or ends with a blank; take that away"
    if name.startswith("."):
        return "it begins with a dot, as hidden files do; take that away"
    if wrong := next((letter for letter in name if letter == "/" or unicodedata.category(letter) in _LINES), ""):
        return f"it has {'a slash' if wrong == '/' else 'a line end or control character'} in it; take that out"
    if "{" in name or "}" in name:
        return "it has braces in it, which Snakemake takes for a pattern; take them out"
    if between := _NAMED.search(name):
        return f"it has {between[0]} in it, which Snakemake takes for a name of a path; take the brackets out"
    if _ENDLESS.search(name):
        return "it ends with the same twenty times over, which Snakemake takes for a pattern without end; shorten it"
    if (length := len(name.encode())) > MOST:
        return f"it is {length} bytes long, and may have {MOST}; shorten it"
    return ""


def fault_of_run(name: str) -> str:
    """Likewise of a run, which names a step of DVC's too: there a dot is a path, and brackets and quotes are syntax."""
    if why := fault_of_name(name):
        return why
    wrong = next((letter for letter in name if letter in _OF_DVC), "")
    return f"it has {wrong} in it, which DVC takes for more than a letter; take it out" if wrong else ""


_OF_DVC = ".[]*?@$`\"'\\"
_NAMED = re.compile(r"<[a-z][a-z0-9_]*>")
_ENDLESS = re.compile(r"(.+?)\1{19}$")
_LINES = ("Cc", "Zl", "Zp")  # control characters, and what ends lines and paragraphs
