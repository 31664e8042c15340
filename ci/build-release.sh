#!/usr/bin/env bash
# Builds the sdist and the wheel of a release into dist/, proves that each installs alone and does its main job, and
# prints their digests: ci/build-release.sh v1.2.0
set -euo pipefail

tag=${1:?the tag, such as v1.2.0}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The same commit gives the same bytes.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

python3 -m venv "$work/build"
"$work/build/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r ci/requirements.txt
version=$("$work/build/bin/python" -m hatchling version)
if [ "$tag" != "v$version" ]; then
  echo "the tag is $tag, and flowdsl/__init__.py says $version" >&2
  exit 1
fi
rm -rf dist
"$work/build/bin/python" -m hatchling build -d "$PWD/dist" >&2

for file in dist/*; do
  alone="$work/$(basename "$file")"
  python3 -m venv "$alone"
  "$alone/bin/pip" install --quiet --disable-pip-version-check -c constraints.txt "$file" >&2
  (
    cd "$alone"
    bin/flowdsl --version
    bin/flowdsl init desk
    bin/flowdsl -C desk check
    bin/flowdsl -C desk test
    bin/flowdsl -C desk deploy --env local --yes
    bin/flowdsl -C desk run record_status --env local --input record=4711 --watch
  ) >&2
done

(cd dist && sha256sum -- *)
