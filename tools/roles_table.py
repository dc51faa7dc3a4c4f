#!/usr/bin/env python3
"""Compiles catalog/access/roles.yaml into a constexpr table (src/salus/access/matrix.cpp includes it).

The file is a strict subset of YAML: maps by two-space indentation, flow maps `{key: word, ...}` as the
innermost level, comments on their own lines. Anything else is refused, and so is every word that is not
in the closed vocabulary of src/salus/access/vocabulary.h and identity/caller.h, and every repeated key.
"""

import argparse
import re
import sys

ROLES = ["physician", "nurse", "admin_staff", "security_officer"]
ACTIONS = ["read", "search", "create", "update", "remove"]
CLASSES = ["demographics", "scheduling", "coverage", "clinical", "reference"]
REACHES = ["under_care", "tenant"]
TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")

MAP_LINE = re.compile(r"( *)([A-Za-z_]+):$")
FLOW_LINE = re.compile(r"( *)([A-Za-z_]+): \{(.*)\}$")
WORD_LINE = re.compile(r"( *)([A-Za-z_]+): ([A-Za-z0-9_]+)$")
PAIR = re.compile(r"([a-z_]+): ([a-z_]+)")


class Refused(Exception):
    pass


def put(into, key, value, number):
    if key in into:
        raise Refused(f"line {number}: {key} is there twice")
    into[key] = value


def flow_map(text, number):
    pairs = {}
    for part in text.split(", ") if text else []:
        match = PAIR.fullmatch(part)
        if not match:
            raise Refused(f"line {number}: {part!r} is not `word: word`")
        put(pairs, match[1], match[2], number)
    return pairs


def parse(text):
    """Nested dicts of words. `open_maps` holds the maps that a deeper line may add to."""
    root = {}
    open_maps = [root]
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = MAP_LINE.match(line) or FLOW_LINE.match(line) or WORD_LINE.match(line)
        if not match or len(match[1]) % 2 or len(match[1]) // 2 >= len(open_maps):
            raise Refused(f"line {number}: not in the subset of YAML that is read here")
        del open_maps[len(match[1]) // 2 + 1:]
        if match.re is MAP_LINE:
            value = {}
        elif match.re is FLOW_LINE:
            value = flow_map(match[3], number)
        else:
            value = match[3]
        put(open_maps[-1], match[2], value, number)
        if match.re is MAP_LINE:
            open_maps.append(value)
    return root


def need(condition, text):
    if not condition:
        raise Refused(text)


def is_map(value):
    return isinstance(value, dict)


def check_grants(grants, place):
    need(is_map(grants), f"{place}: not a map of actions")
    for action, reach in grants.items():
        need(action in ACTIONS, f"{place}: {action} is no action")
        need(reach in REACHES, f"{place}.{action}: {reach} is no reach")


def check(matrix):
    need(set(matrix) == {"version", "roles", "types"}, "the keys are version, roles and types")
    need(matrix["version"] == "1", "the version is 1")
    need(is_map(matrix["roles"]) and list(matrix["roles"]) == ROLES,
         f"roles: exactly {', '.join(ROLES)}, in this order")
    for role, classes in matrix["roles"].items():
        need(is_map(classes), f"{role}: not a map of classes")
        for name, grants in classes.items():
            need(name in CLASSES, f"{role}: {name} is no class of data")
            check_grants(grants, f"{role}.{name}")
    need(is_map(matrix["types"]), "types: not a map of roles")
    for role, types in matrix["types"].items():
        need(role in ROLES, f"types: {role} is no role")
        need(is_map(types), f"types.{role}: not a map of resource types")
        for name, grants in types.items():
            need(TYPE.fullmatch(name), f"types.{role}: {name} is no resource type")
            check_grants(grants, f"types.{role}.{name}")


def render(matrix):
    out = ["// Made by tools/roles_table.py from catalog/access/roles.yaml.", "#pragma once", "",
           '#include "salus/access/detail/grant.h"', "", "namespace salus::access::detail {", "",
           "inline constexpr Grant kRoleGrants[] = {"]
    for role, classes in matrix["roles"].items():
        for name, grants in classes.items():
            for action, reach in grants.items():
                out.append(f"    {{identity::Role::{role}, DataClass::{name}, Action::{action}, "
                           f"Reach::{reach}}},")
    out += ["};", "", "inline constexpr TypeGrant kTypeGrants[] = {"]
    for role, types in matrix["types"].items():
        for name, grants in types.items():
            for action, reach in grants.items():
                out.append(f'    {{identity::Role::{role}, "{name}", Action::{action}, '
                           f"Reach::{reach}}},")
    out += ["};", "", "}  // namespace salus::access::detail", ""]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("yaml")
    parser.add_argument("header")
    arguments = parser.parse_args()
    try:
        with open(arguments.yaml, encoding="ascii") as file:
            matrix = parse(file.read())
        check(matrix)
    except (Refused, UnicodeDecodeError) as refused:
        sys.exit(f"{arguments.yaml}: {refused}")
    with open(arguments.header, "w", encoding="ascii") as file:
        file.write(render(matrix))


if __name__ == "__main__":
    main()
