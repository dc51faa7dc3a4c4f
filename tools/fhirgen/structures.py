"""FHIR R4 StructureDefinitions as flat types: one per primitive, data type, resource and backbone."""

import json
from dataclasses import dataclass, field
from pathlib import Path

# Order is the order of detail::Kind in src/salus/fhir/detail/tables.h.
PRIMITIVES = ['boolean', 'integer', 'positiveInt', 'unsignedInt', 'decimal', 'string', 'markdown', 'code',
              'id', 'uri', 'url', 'canonical', 'oid', 'uuid', 'base64Binary', 'date', 'dateTime', 'instant',
              'time', 'xhtml']
FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type'
NOT_R4 = {'SubscriptionStatus', 'MetadataResource'}   # what the package adds to 4.0.1
MAX_CODES = 700   # larger required value sets are left to a terminology service
MAX_BITS = 64     # elements of a type that `required` and `seen` masks can hold


@dataclass
class Element:
    name: str          # JSON member: "valueQuantity"
    base: str          # element in paths: "value"
    type: str
    is_array: bool
    bit: int
    is_choice: bool
    codes: str = ''    # value set of a required binding, where it could be expanded
    targets: tuple = ()


@dataclass
class Type:
    name: str
    is_resource: bool
    elements: dict = field(default_factory=dict)
    required: int = 0
    choices: dict = field(default_factory=dict)   # "value" -> its Elements


def load(folder, name):
    with open(Path(folder) / name, encoding='utf-8') as file:
        return [entry['resource'] for entry in json.load(file)['entry']]


def capitalised(name):
    return name[0].upper() + name[1:]


class ValueSets:
    """Enumerations of required bindings, expanded where the definitions say all of it."""

    def __init__(self, resources):
        self.systems = {r['url']: r for r in resources if r['resourceType'] == 'CodeSystem'}
        self.sets = {r['url']: r for r in resources if r['resourceType'] == 'ValueSet'}
        self.expanded = {}

    def expand(self, url):
        """{code: system}, or None where a filter, an exclusion or an outside system is involved."""
        url = url.split('|')[0]
        if url not in self.expanded:
            self.expanded[url] = self._expand(url)
        return self.expanded[url]

    def _expand(self, url):
        compose = self.sets.get(url, {}).get('compose', {})
        if not compose.get('include') or 'exclude' in compose:
            return None
        codes = {}
        for include in compose['include']:
            part = self._include(include)
            if part is None:
                return None
            codes.update(part)
        return codes if 0 < len(codes) <= MAX_CODES else None

    def _include(self, include):
        if 'filter' in include:
            return None
        if 'valueSet' in include:
            parts = [self.expand(url) for url in include['valueSet']]
            return parts[0] if len(parts) == 1 and 'system' not in include else None
        system = include.get('system')
        if 'concept' in include:
            return {concept['code']: system for concept in include['concept']}
        source = self.systems.get(system)
        if source is None or source.get('content') != 'complete':
            return None
        codes, todo = {}, list(source.get('concept', []))
        while todo:
            concept = todo.pop()
            codes[concept['code']] = system
            todo.extend(concept.get('concept', []))
        return codes


class Structures:
    def __init__(self, folder):
        resources = load(folder, 'profiles-types.json') + load(folder, 'profiles-resources.json')
        self.value_sets = ValueSets(load(folder, 'valuesets.json') + load(folder, 'v3-codesystems.json'))
        self.types = {name: Type(name, False) for name in PRIMITIVES}
        self.resource_names = []
        for definition in resources:
            if definition['resourceType'] == 'StructureDefinition':
                self._add_definition(definition)
        self.resource_names.sort()

    def _add_definition(self, definition):
        kind = definition['kind']
        if kind == 'primitive-type' or definition.get('derivation') == 'constraint':
            return
        if definition['name'] in NOT_R4:
            return
        is_resource = kind == 'resource'
        if is_resource and definition['abstract']:
            return
        if is_resource:
            self.resource_names.append(definition['name'])
        elements = definition['snapshot']['element']
        parents = {e['path'].rsplit('.', 1)[0] for e in elements if '.' in e['path']}
        self.types[definition['name']] = Type(definition['name'], is_resource)
        for path in parents - {definition['name']}:
            self.types[path] = Type(path, False)
        for element in elements[1:]:
            parent, name = element['path'].rsplit('.', 1)
            self._add_element(self.types[parent], name, element, element['path'] in parents)

    def _add_element(self, owner, name, element, has_children):
        if element['max'] == '0':
            return
        assert element['max'] in ('1', '*') and element['min'] in (0, 1), element['path']
        base = name.removesuffix('[x]')
        bit = len({e.base for e in owner.elements.values()})
        assert bit < MAX_BITS, owner.name
        if element['min'] == 1:
            owner.required |= 1 << bit
        is_choice = name.endswith('[x]')
        for type_name, targets in self._types_of(owner, name, element, has_children):
            json_name = base + capitalised(type_name) if is_choice else base
            made = Element(json_name, base, type_name, element['max'] == '*', bit, is_choice,
                           self._codes_of(element, type_name), targets)
            owner.elements[json_name] = made
            if is_choice:
                owner.choices.setdefault(base, []).append(made)

    @staticmethod
    def _types_of(owner, name, element, has_children):
        if has_children:
            return [(element['path'], ())]
        if 'contentReference' in element:
            return [(element['contentReference'].lstrip('#'), ())]
        if owner.is_resource and name == 'id':
            return [('id', ())]
        found = []
        for entry in element['type']:
            code = entry['code']
            if code.startswith('http://hl7.org/fhirpath/'):
                code = next((x['valueUrl'] for x in entry.get('extension', []) if x['url'] == FHIR_TYPE),
                            'string')
            targets = tuple(sorted(p.rsplit('/', 1)[1] for p in entry.get('targetProfile', [])))
            found.append((code, targets))
        return found

    def _codes_of(self, element, type_name):
        binding = element.get('binding', {})
        if type_name != 'code' or binding.get('strength') != 'required' or 'valueSet' not in binding:
            return ''
        url = binding['valueSet'].split('|')[0]
        return url if self.value_sets.expand(url) else ''
