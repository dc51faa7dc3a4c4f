#!/usr/bin/env python3
"""Writes a C++ source with a file's bytes as an array.

    tools/embed_file.py FILE OUT.cpp HEADER NAMESPACE NAME
"""
import pathlib
import sys


def main():
    source, out, header, namespace, name = sys.argv[1:]
    data = pathlib.Path(source).read_bytes()
    lines = [",".join(str(byte) for byte in data[i:i + 32]) for i in range(0, len(data), 32)]
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(out).write_text(
        f'#include "{header}"\n\nnamespace {namespace} {{\n\nnamespace {{\nconst std::uint8_t kBytes[] = {{\n'
        + ",\n".join(lines) + f"}};\n}}\n\nByteView {name}() {{ return kBytes; }}\n\n}}  // namespace {namespace}\n")


if __name__ == "__main__":
    main()
