#!/usr/bin/env python3
"""fhir_tables.py DEFINITIONS CATALOG OUT

Compiles the FHIR R4 definitions (tools/fetch_definitions.sh) and catalog/fhir/*.yaml into the C++ tables
of the fhir room. Run by the build; needs only Python's standard library."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fhirgen import catalog, emit  # noqa: E402
from fhirgen.search import Search  # noqa: E402
from fhirgen.structures import Structures  # noqa: E402


def main(definitions, catalogue, out):
    structures = Structures(definitions)
    classes = catalog.classes(f'{catalogue}/classes.yaml', structures.resource_names)
    search = Search(definitions, structures, catalog.IndexRules(f'{catalogue}/search_index.yaml'))
    types = emit.TypeTables(structures)
    files = {
        'resource_type.h': emit.resource_type_header(structures.resource_names),
        'tables_types.cpp': emit.source(types.types()),
        'tables_codes.cpp': emit.source(types.codes() + types.resources(classes) + emit.folds()),
        'tables_search.cpp': emit.source(emit.SearchTables(search, structures.resource_names).emit()),
    }
    Path(out).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (Path(out) / name).write_text(text, encoding='utf-8')
    declared = sum(len(params) for params in search.params.values())
    print(f'fhir tables: {len(structures.resource_names)} resource types, {len(structures.types)} types, '
          f'{declared} search parameters')


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
