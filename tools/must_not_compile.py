#!/usr/bin/env python3
"""Checks that a misuse does not compile: see tests/compile_fail/CMakeLists.txt."""
import argparse
import re
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--compiler", required=True)
parser.add_argument("--include", action="append", default=[])
parser.add_argument("file")
args = parser.parse_args()

command = [args.compiler, "-std=c++20", "-fsyntax-only", "-Werror=unused-result", "-Werror=unused",
           *[f"-I{folder}" for folder in args.include], args.file]
expected = re.search(r"^// expect: (.*)$", open(args.file).read(), re.M)
if not expected:
    sys.exit("the file has no '// expect:' line")
control = subprocess.run(command, capture_output=True, text=True)
if control.returncode != 0:
    sys.exit("the control does not compile, so the misuse proves nothing:\n" + control.stderr)
misuse = subprocess.run([*command, "-DMISUSE"], capture_output=True, text=True)
if misuse.returncode == 0:
    sys.exit("the misuse compiles")
if not re.search(expected.group(1), misuse.stderr):
    sys.exit("the misuse fails for another reason:\n" + misuse.stderr)
print("does not compile:", expected.group(1))
