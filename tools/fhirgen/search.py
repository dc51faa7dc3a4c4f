"""FHIR search parameters: their FHIRPath expressions compiled to plain paths of JSON members.

What is understood is what the definitions use: members, `as`, ofType(), where(resolve() is T),
where(member = 'text') and the one truth test. An expression outside of this is not compiled, its
parameter is not declared, and the server refuses it.
"""

import json
import re
from dataclasses import dataclass, field, replace

from .structures import load

TOKEN = re.compile(r"\s*(\(|\)|\.|\[\d+\]|as\b|'[^']*'|[A-Za-z_][A-Za-z0-9_]*|=|is\b)")
RESOLVE_IS = re.compile(r'resolve\(\) is (\w+)$')
EQUALS = re.compile(r"(\w+)\s*=\s*'([^']*)'$")
TRUTH = re.compile(r'(\w+(?:\.\w+)+)\.exists\(\) and \1 != false$')

TEXT = {'code', 'id', 'string', 'markdown', 'uri', 'url', 'canonical', 'oid', 'uuid'}
QUANTITIES = {'Quantity', 'Age', 'Count', 'Distance', 'Duration'}
# FHIR type of a path's end -> detail::Leaf, for each search parameter type (R4 search.html, 3.1.1.4).
LEAVES = {
    'token': {**{t: 'text' for t in TEXT}, 'boolean': 'text', 'Coding': 'coding', 'Identifier': 'identifier',
              'CodeableConcept': 'codeable_concept', 'ContactPoint': 'contact_point'},
    'string': {'string': 'text', 'markdown': 'text', 'HumanName': 'human_name', 'Address': 'address'},
    'reference': {'Reference': 'reference', 'canonical': 'canonical', 'uri': 'canonical'},
    'date': {'date': 'date', 'dateTime': 'date', 'instant': 'date', 'Period': 'period', 'Timing': 'timing'},
    'uri': {'uri': 'text', 'url': 'text', 'oid': 'text', 'uuid': 'text', 'canonical': 'canonical'},
    'number': {t: 'number' for t in ('decimal', 'integer', 'positiveInt', 'unsignedInt')},
    'quantity': {**{t: 'quantity' for t in QUANTITIES}, 'Money': 'money', 'Range': 'range'},
}
MAX_TARGETS = 8   # a reference parameter to more types takes typed values only


class NotCompiled(Exception):
    pass


@dataclass(frozen=True)
class Step:
    key: str
    filter_key: str = ''
    filter_value: str = ''


@dataclass(frozen=True)
class Path:
    steps: tuple
    type: str             # FHIR type at the end
    single: bool          # at most one value
    base: str             # the path with choices unresolved: "Observation.effective"
    leaf: str = ''
    target: str = ''      # resolve() is T
    system: str = ''      # of a `code` whose required value set has one code system
    parent: str = ''      # type that owns the last step


@dataclass
class Param:
    name: str
    url: str
    type: str
    paths: tuple
    truth: bool = False
    targets: tuple = ()
    index: str = 'none'
    label: str = ''       # parameter whose numbers find this one's values
    patient: str = 'no'   # detail::PatientRole

    @property
    def single(self):
        return all(p.single for p in self.paths) and len({p.base for p in self.paths}) == 1


class Parser:
    """chain := ('(' chain ['as' T] ')' | name) ( '.' name [ '(' argument ')' ] )*"""

    def __init__(self, text):
        self.text = text
        self.at = 0

    def peek(self):
        match = TOKEN.match(self.text, self.at)
        return match.group(1) if match else ''

    def take(self, expected=None):
        match = TOKEN.match(self.text, self.at)
        if not match or (expected and match.group(1) != expected):
            raise NotCompiled(self.text)
        self.at = match.end()
        return match.group(1)

    def argument(self):
        """The text up to the parenthesis that closes the one just taken."""
        depth, start = 1, self.at
        while depth:
            if self.at >= len(self.text):
                raise NotCompiled(self.text)
            depth += {'(': 1, ')': -1}.get(self.text[self.at], 0)
            self.at += 1
        return self.text[start:self.at - 1].strip()

    def chain(self):
        if self.peek() == '(':
            self.take()
            ops = self.chain()
            if self.peek() == 'as':
                self.take()
                ops.append(('cast', self.take()))
            self.take(')')
        else:
            ops = [('root', self.take())]
        while self.peek() == '.':
            self.take()
            name = self.take()
            ops.append(self.call(name) if self.peek() == '(' else ('member', name))
        return ops

    def call(self, name):
        self.take('(')
        argument = self.argument()
        if name in ('as', 'ofType'):
            return ('cast', argument)
        if name == 'where' and RESOLVE_IS.match(argument):
            return ('is', RESOLVE_IS.match(argument).group(1))
        if name == 'where' and EQUALS.match(argument):
            return ('filter', *EQUALS.match(argument).groups())
        raise NotCompiled(self.text)

    def parse(self):
        ops = self.chain()
        if self.text[self.at:].strip():
            raise NotCompiled(self.text)
        return ops


def split_union(expression):
    parts, depth, start = [], 0, 0
    for at, char in enumerate(expression):
        depth += {'(': 1, ')': -1}.get(char, 0)
        if char == '|' and depth == 0:
            parts.append(expression[start:at].strip())
            start = at + 1
    return parts + [expression[start:].strip()]


class Compiler:
    def __init__(self, structures):
        self.types = structures.types
        self.value_sets = structures.value_sets

    def paths(self, text, resource):
        """The paths of one alternative, or () where it speaks of another resource type."""
        ops = Parser(text).parse()
        if ops[0][1][0].islower():   # InsurancePlan's expressions leave the type out
            ops[:1] = [('root', resource), ('member', ops[0][1])]
        if ops[0][1] not in (resource, 'Resource', 'DomainResource'):
            return ()
        paths = [Path((), resource, True, resource)]
        for op in ops[1:]:
            paths = [made for path in paths for made in self.step(path, op)]
        return tuple(paths)

    def step(self, path, op):
        if op[0] == 'member':
            return self.member(path, op[1])
        if op[0] == 'cast':
            return [path] if path.type == op[1] else []
        if op[0] == 'is':
            return [replace(path, target=op[1])]
        last = replace(path.steps[-1], filter_key=op[1], filter_value=op[2])
        return [replace(path, steps=path.steps[:-1] + (last,))]

    def member(self, path, name):
        owner = self.types.get(path.type)
        if owner is None:
            return []
        found = owner.choices.get(name) or [e for e in [owner.elements.get(name)] if e]
        return [Path(path.steps + (Step(e.name),), e.type, path.single and not e.is_array,
                     f'{path.base}.{e.base}', parent=path.type, system=self.system(e)) for e in found]

    def system(self, element):
        systems = set((self.value_sets.expand(element.codes) or {}).values()) if element.codes else set()
        return systems.pop() or '' if len(systems) == 1 else ''

    def finish(self, paths, param_type):
        """Keeps the ends that the parameter type can compare. `Coding.code` is compared as its Coding,
        so that system|code works as well."""
        codings = [replace(p, steps=p.steps[:-1], type='Coding') for p in paths
                   if param_type == 'token' and p.parent == 'Coding' and p.steps[-1].key == 'code']
        leaves = LEAVES[param_type]
        return tuple(replace(p, leaf=leaves[p.type]) for p in codings or paths if p.type in leaves)


def compile_param(compiler, definition, resource):
    """A Param, or None where the expression is not one of plain paths."""
    expression = definition.get('expression')
    if definition['type'] not in LEAVES or not expression or definition['code'] == 'phonetic':
        return None
    truth = TRUTH.match(expression)
    paths = []
    try:
        for part in [truth.group(1)] if truth else split_union(expression):
            paths += compiler.paths(part, resource)
    except NotCompiled:
        return None
    if truth:
        paths = [replace(p, leaf='text') for p in paths]
    else:
        paths = compiler.finish(paths, definition['type'])
    if not paths:
        return None
    targets = tuple(definition.get('target', ()))
    return Param(definition['code'], definition['url'], definition['type'], tuple(dict.fromkeys(paths)),
                 bool(truth), targets if len(targets) <= MAX_TARGETS else ())


def plain(paths):
    """Paths apart from their resolve() filter: what tells whether two parameters read the same place."""
    return {p.steps for p in paths}


@dataclass
class PatientPaths:
    primary: tuple = ()     # patient, subject
    secondary: tuple = ()   # performer, author, ... : only where the primary ones name no patient


class Search:
    def __init__(self, folder, structures, rules):
        self.compiler = Compiler(structures)
        self.params = {name: {} for name in structures.resource_names}
        self.total = 0
        for file in ('search-parameters.json', 'search-parameters-uscore.json'):
            for definition in load(folder, file):
                self._add(definition, structures.resource_names)
        compartment = load_compartment(folder)
        self.patients = {}
        for resource, params in self.params.items():
            self.patients[resource] = self._patient_paths(params, compartment.get(resource, ()))
            for param in params.values():
                self._set_index(resource, param, rules)
        rules.check_all_used()

    def _add(self, definition, resource_names):
        for base in definition['base']:
            everywhere = base in ('Resource', 'DomainResource')
            self.total += 1
            for resource in resource_names if everywhere else [base]:
                if resource in self.params and (param := compile_param(self.compiler, definition, resource)):
                    self.params[resource].setdefault(param.name, param)

    @staticmethod
    def _patient_paths(params, compartment):
        def of(names):
            found = [p for n in names if n in params and params[n].type == 'reference'
                     for p in params[n].paths if p.leaf == 'reference' and p.target in ('', 'Patient')
                     and (p.target or 'Patient' in params[n].targets or not params[n].targets)]
            # One entry for each place: patient and subject mostly read the same.
            return tuple({p.steps: p for p in found}.values())
        primary = of(['patient', 'subject'])
        others = tuple(p for p in of(compartment) if p.steps not in plain(primary))
        return PatientPaths(primary, others) if primary else PatientPaths(others, ())

    def _set_index(self, resource, param, rules):
        label = rules.alias(resource, param.name)
        known = self.params[resource]
        param.label = label if label in known else param.name
        param.index = rules.kind(resource, param.label)
        owners = self.patients[resource]
        if resource == 'Patient' or param.type != 'reference' or not owners.primary:
            return
        if any(p.target not in ('', 'Patient') for p in param.paths):
            return
        reads = plain(param.paths)
        if reads == plain(owners.primary):
            param.patient = 'same'
        elif reads <= plain(owners.primary):
            param.patient = 'part'


def load_compartment(folder):
    with open(f'{folder}/compartmentdefinition-patient.json', encoding='utf-8') as file:
        definition = json.load(file)
    return {entry['code']: entry.get('param', []) for entry in definition['resource']}
