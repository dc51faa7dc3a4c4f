#!/usr/bin/env python3
"""Compiles the schema's steps into C++: embed_migrations.py OUT.cpp NNNN-title.sql...

The steps must be numbered from 0001 without gaps, so that a version names one schema.
"""

import pathlib
import re
import sys

PIECE = 8000  # C++ compilers need only take 65,536 characters in one literal


def literal(text: str) -> str:
    pieces = [text[i : i + PIECE] for i in range(0, len(text), PIECE)]
    return "\n".join(f'R"~salus~({piece})~salus~"' for piece in pieces)


def main() -> int:
    out, paths = pathlib.Path(sys.argv[1]), sorted(map(pathlib.Path, sys.argv[2:]))
    rows = []
    for number, path in enumerate(paths, start=1):
        match = re.fullmatch(r"(\d{4})-([a-z0-9-]+)\.sql", path.name)
        if not match or int(match[1]) != number:
            print(f"{path.name}: expected {number:04}-title.sql", file=sys.stderr)
            return 1
        rows.append(f'    {{{number}, "{match[2]}",\n{literal(path.read_text("utf-8"))}}},')
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        '#include "salus/db/detail/steps.h"\n\n'
        "namespace salus::db::detail {\n\n"
        "std::span<const Step> steps() {\n"
        "    static constexpr Step kSteps[] = {\n" + "\n".join(rows) + "\n    };\n"
        "    return kSteps;\n}\n\n}  // namespace salus::db::detail\n",
        "utf-8",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
