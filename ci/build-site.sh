#!/usr/bin/env bash
# Builds the site of the documentation into a folder, in an environment of its own: `ci/build-site.sh build/site`.
set -euo pipefail

out=$1
cd "$(dirname "$0")/.."
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT
python3 -m venv "$environment"
"$environment/bin/pip" install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
"$environment/bin/pip" install --quiet --disable-pip-version-check -c constraints.txt . --group docs
"$environment/bin/python" -m tools.site -o "$out"
