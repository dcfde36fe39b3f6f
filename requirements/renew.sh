#!/bin/sh
# Resolves anew what the project is installed and tested with: `make renew`.
#
# run.txt       what `make run` installs
# test.txt      what `make test` installs: the same versions, and the tools of the tests
# mutation.txt  what `make mutate` installs: the same versions, and what makes mutants
# build.txt     what builds the packages that come as source (pytest-dependency) and hardseq itself
# lowest.txt    the lowest versions that pyproject.toml allows, for `make lowest`
#
# Each file holds every package, for every platform and Python that hardseq supports, with the SHA-256 of its files.
set -eu
cd "$(dirname "$0")/.."
resolve() { uv pip compile --quiet --universal --generate-hashes --custom-compile-command "make renew" "$@"; }

resolve pyproject.toml --upgrade --extra dev --output-file requirements/test.txt
resolve pyproject.toml --constraint requirements/test.txt --output-file requirements/run.txt
resolve pyproject.toml --constraint requirements/test.txt --extra mutation --output-file requirements/mutation.txt
echo setuptools | resolve - --constraint requirements/test.txt --output-file requirements/build.txt
resolve pyproject.toml --upgrade --extra dev --resolution lowest-direct --output-file requirements/lowest.txt
