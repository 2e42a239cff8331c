"""The results file: a machine header and rows, written whole after every cell."""

import json
import os
import pathlib


class Results:
    def __init__(self, path, header, resume, same):
        """`same`: the keys of the header that must not differ for a run to go on."""
        self.path = pathlib.Path(path)
        self.rows = []
        if resume and self.path.exists():
            old = json.loads(self.path.read_text())
            different = [key for key in same if old["machine"].get(key) != header[key]]
            if different:
                raise SystemExit(
                    f"{path}: was measured with another {', '.join(different)}; "
                    "run without --resume, or name another file with --out"
                )
            self.rows = old["rows"]
        self.header = header

    def has_cell(self, k, n, m):
        return any((row["k"], row["n"], row["m"]) == (k, n, m) for row in self.rows)

    def add_cell(self, rows):
        self.rows += rows
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        text = ",\n".join(json.dumps(row) for row in self.rows)
        machine = json.dumps(self.header, indent=1)
        unfinished.write_text(f'{{"machine": {machine},\n"rows": [\n{text}\n]}}\n')
        os.replace(unfinished, self.path)
