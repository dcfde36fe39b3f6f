# make run     sets up .venv with the tested versions and runs sequences/minute.yaml
# make test    sets up everything the tests need, in the tested versions, then lint, types, tests
# make quick   the tests without those marked slow, with fewer examples: while one works on something
# make latest  the tests with the newest versions of everything, make lowest with the lowest that pyproject.toml allows
# make mutate  changes what judges, one place at a time, and tells which changes no test notices (docs/decisions/0009)
# make renew   resolves the tested versions anew (requirements/)
# make bench   measures against pytest, HardPy and OpenHTF

PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
VENV := .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
PACKAGES := $(dir $(shell find . -name package.json -not -path '*/node_modules/*' -not -path './.venv*'))
# An environment may keep Python from writing bytecode by itself, and then each start would compile everything anew.
COMPILE = $(BIN)/python -m compileall -q sequencer
# Warnings of the packages of tomorrow are theirs to mend; those that hardseq's own code provokes stay errors.
OWN_WARNINGS = -o filterwarnings="$$(printf 'default\nerror:::sequencer\n')"
# Whoever has no more tests takes half of another's: neighbours stay together, and share a panel, a server, a project.
# At the end stands which browser tests passed only when they ran once more, and why they had failed: each is a fault to be
# found (docs/decisions/0018).
# The bytecode of tests is kept, whatever the environment says: what pytest makes of their asserts takes as long as all imports.
TESTS = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal -r fER --rerun-show-tracebacks
# Broken links and headings are errors; MkDocs stays below 2 (pyproject.toml), so that it need not warn of that.
SITE = NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --site-dir build/docs

CHECKS = check-types check-types-windows check-style check-unused check-complexity check-site

.PHONY: run test quick lint $(CHECKS) latest lowest mutate renew bench clean

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
	$(TESTS)

quick: $(VENV)/tested
	@$(COMPILE)
	HARDSEQ_TEST_EFFORT=quick $(TESTS) -m "not slow"

# What does not wait for each other runs side by side, each with its output in one piece where make can do that.
lint: $(VENV)/tested
	@$(MAKE) --no-print-directory --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync) $(CHECKS)

check-types:
	$(BIN)/mypy

check-types-windows:
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32

check-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-unused:
	$(BIN)/vulture

# radon counts each `and`, `or` and comprehension beside the branches, which ruff holds to 10: its grade C is readable.
# It does not look at tests, where it would count each assert.
check-complexity:
	@found=$$($(BIN)/radon cc --min D --show-complexity sequencer drivers benchmarks examples); \
	[ -z "$$found" ] || { echo "too complex: cut it at a seam"; echo "$$found"; exit 1; }

check-site:
	$(SITE)

latest: VENV := .venv-latest
latest: .venv-latest/created .browser
	$(PIP) install --upgrade --upgrade-strategy eager --editable '.[dev]'
	$(TESTS) $(OWN_WARNINGS)

lowest: VENV := .venv-lowest
lowest: .venv-lowest/created .browser
	$(call install,lowest)
	$(TESTS) $(OWN_WARNINGS)

# ARGS: groups or modules by the beginning of their names, --again, --whole (docs/decisions/0009-mutation-testing.md)
mutate: $(VENV)/mutating
	$(BIN)/python tests/mutation/mutate.py $(ARGS)

renew: $(VENV)/created
	$(PIP) install --upgrade uv
	PATH="$$PWD/$(BIN):$$PATH" requirements/renew.sh

bench: $(VENV)/installed
	@$(COMPILE)
	$(BIN)/python benchmarks/run.py

# The packages of one list of requirements/, each checked against its SHA-256, then hardseq itself. What comes as source
# is built by the setuptools of build.txt, not by whichever is the newest. Bytecode is compiled on all processors, which pip
# does on one, and without the tests of all packages.
INSTALL = $(PIP) install --no-compile
define install
$(INSTALL) --require-hashes --only-binary :all: --requirement requirements/build.txt
$(INSTALL) --require-hashes --no-build-isolation --requirement requirements/$(1).txt
$(INSTALL) --no-deps --no-build-isolation --editable .
@$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib || true # a file that is not for this Python
endef

%/created:
	@[ -n "$(PYTHON)" ] || { echo "hardseq needs Python 3.11 or newer: https://www.python.org/downloads/"; exit 1; }
	$(PYTHON) -m venv $*
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml requirements/run.txt
	$(call install,run)
	@touch $@

$(VENV)/tested: $(VENV)/created pyproject.toml requirements/test.txt .browser
	$(call install,test)
	@touch $@ $(VENV)/installed

$(VENV)/mutating: $(VENV)/tested requirements/mutation.txt
	$(call install,mutation)
	@touch $@

APT = $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

# What the tests need beside Python: a browser, Pango for PDF, npm packages. Debian keeps one version of Chromium, today's;
# without windows it takes a fifth of the work.
.browser: $(wildcard $(addsuffix package-lock.json,$(PACKAGES)))
	@command -v chromium-headless-shell >/dev/null && exit 0; \
	echo "installing chromium for the tests of the operator panel"; \
	$(SUDO) apt-get update -qq && $(APT) chromium-headless-shell >/dev/null && exit 0; \
	for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	$(APT) chromium >/dev/null
	@ldconfig -p | grep -q libpangoft2-1.0 && ldconfig -p | grep -q libharfbuzz-subset && exit 0; \
	echo "installing Pango for the tests of PDF"; \
	$(SUDO) apt-get update -qq && $(APT) libpangoft2-1.0-0 libharfbuzz-subset0 >/dev/null
	@installing=; for folder in $(PACKAGES); do \
		echo "installing the npm packages of $$folder"; \
		(cd $$folder && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) & installing="$$installing $$!"; done; \
	for each in $$installing; do wait $$each || exit 1; done
	@touch $@

clean:
	rm -rf .venv .venv-latest .venv-lowest .browser .mypy_cache .ruff_cache .pytest_cache build *.egg-info
