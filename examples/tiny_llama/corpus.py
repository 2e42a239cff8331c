"""The text: Python's standard library source, as installed beside the interpreter that runs this.

Every *.py file in the order of its path, without what others installed and without `encodings/`
(tables of code points: almost free to predict, they would flatter every figure). A file's role
depends on its path alone, so another Python version splits the same way.
"""

import hashlib
import pathlib
import platform
import sysconfig

SKIPPED_FOLDERS = {"site-packages", "dist-packages", "__pycache__", "encodings"}
RULE = ("SHA-256 of the path relative to the library, first byte mod 20: "
        "0 held out, 1 validation, else training")
LICENCE = "PSF-2.0 (Python Software Foundation License Version 2), see PYTHON-LICENSE.txt"


def role(path):
    bucket = hashlib.sha256(path.encode()).digest()[0] % 20
    return {0: "held_out", 1: "validation"}.get(bucket, "training")


def read():
    """{role: [(path, bytes)]} in the order of the paths."""
    root = pathlib.Path(sysconfig.get_paths()["stdlib"])
    files = {"training": [], "validation": [], "held_out": []}
    for file in sorted(root.rglob("*.py"), key=lambda f: f.relative_to(root).as_posix()):
        path = file.relative_to(root)
        if SKIPPED_FOLDERS & set(path.parts) or not file.is_file():
            continue
        files[role(path.as_posix())].append((path.as_posix(), file.read_bytes()))
    return files


def describe(files):
    return {
        "source": f"the standard library of Python {platform.python_version()}",
        "python_version": platform.python_version(),
        "licence": LICENCE,
        "skipped_folders": sorted(SKIPPED_FOLDERS),
        "split_rule": RULE,
        "files": {role_: len(entries) for role_, entries in files.items()},
        "bytes": {role_: sum(len(text) for _, text in entries) for role_, entries in files.items()},
    }


def sample(entries, limit):
    """Whole files of 2 to 30 KB in order, those that still fit: (paths, text)."""
    paths, text = [], b""
    for path, content in entries:
        if 2_000 <= len(content) <= 30_000 and len(text) + len(content) <= limit:
            paths.append(path)
            text += content
    return paths, text
