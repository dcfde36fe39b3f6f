# make run     sets up .venv and runs sequences/minute.yaml
# make test    sets up everything the tests need, then lint, types, tests
# make bench   measures against pytest, HardPy and OpenHTF

PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
PACKAGES := $(dir $(shell find . -name package.json -not -path '*/node_modules/*' -not -path './$(VENV)/*'))
# An environment may keep Python from writing bytecode by itself, and then each start would compile everything anew.
COMPILE = $(BIN)/python -m compileall -q sequencer

.PHONY: run test lint bench clean

run: $(VENV)/installed
	@$(COMPILE)
	@$(BIN)/hardseq run sequences/minute.yaml; code=$$?; \
	if [ $$code = 1 ]; then \
		echo; \
		echo "This is meant to fail in an odd minute and to pass in an even one: run it again in a minute."; \
		echo "(hardseq itself ended with exit code 1, as it does for every failed product.)"; \
	else exit $$code; fi

test: $(VENV)/tested lint
	@$(COMPILE)
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/installed
	@$(COMPILE)
	$(BIN)/python benchmarks/run.py

$(VENV)/created:
	@[ -n "$(PYTHON)" ] || { echo "hardseq needs Python 3.11 or newer: https://www.python.org/downloads/"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml
	$(PIP) install --editable .
	@touch $@

$(VENV)/tested: $(VENV)/installed pyproject.toml $(wildcard $(addsuffix package.json,$(PACKAGES)))
	$(PIP) install --editable '.[dev]'
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	echo "installing chromium for the tests of the operator panel"; \
	$(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
	@for folder in $(PACKAGES); do \
		echo "installing the npm packages of $$folder"; \
		(cd $$folder && npm install --ignore-scripts --no-audit --no-fund --loglevel=error) || exit 1; done
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
