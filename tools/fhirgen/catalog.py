"""The catalogue files: a small part of YAML (keys, lists of scalars, comments), so that the build needs
nothing but Python's standard library."""


def read_lists(path):
    """{key: [items]} of a file with top-level keys that hold lists of plain or quoted scalars."""
    lists, current = {}, None
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            text = line.split('#')[0].rstrip()
            if not text:
                continue
            if text.startswith('  - ') and current is not None:
                current.append(text[4:].strip().strip('"'))
            elif text.endswith(':') and not text.startswith(' '):
                current = lists.setdefault(text[:-1], [])
            else:
                raise SystemExit(f'{path}:{number}: not a key or a list item')
    return lists


def classes(path, resource_names):
    """{resource type: class}; every type once."""
    found = {}
    for name, types in read_lists(path).items():
        for type_name in types:
            if type_name in found:
                raise SystemExit(f'{path}: {type_name} is listed twice')
            found[type_name] = name
    if set(found) != set(resource_names):
        raise SystemExit(f'{path}: differs from R4: {sorted(set(found) ^ set(resource_names))}')
    return found


class IndexRules:
    """Which parameter is indexed how, and through which other parameter's numbers."""

    def __init__(self, path):
        self.path = path
        lists = read_lists(path)
        self.kinds = {}
        for kind in ('codes', 'tokens'):
            for pattern in lists[kind]:
                self.kinds[pattern] = kind
        self.same_as = dict(line.split(' = ') for line in lists['same_as'])
        self.used = set()

    def _find(self, table, type_name, param):
        for key in (f'{type_name}.{param}', f'*.{param}'):
            if key in table:
                self.used.add(key)
                return table[key]
        return None

    def kind(self, type_name, param):
        return self._find(self.kinds, type_name, param) or 'none'

    def alias(self, type_name, param):
        return self._find(self.same_as, type_name, param)

    def check_all_used(self):
        unused = (set(self.kinds) | set(self.same_as)) - self.used
        if unused:
            raise SystemExit(f'{self.path}: no such parameter: {sorted(unused)}')
