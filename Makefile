# `make demo` and `make test` do all the set-up themselves; a second call is quick.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test check bench cases clean setup lock

setup: $(READY)

# `.ready` is written last, so that an interrupted install is not mistaken for a whole one.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	@$(BIN)/rehearse demo

test: $(READY)
	@.ci/tests

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/pytest benchmarks --benchmark-only -o filterwarnings=default

# Every labelled migration rehearsed and held against its truth; goes on where it was broken off. More: python -m tests.cases --help
cases: $(READY)
	$(BIN)/python -m tests.cases

# The versions everybody installs; run it after changing a dependency in pyproject.toml.
lock:
	$(PYTHON) -m venv $(VENV).lock
	$(VENV).lock/bin/pip install --quiet pip-tools
	$(VENV).lock/bin/pip-compile --quiet --extra dev --generate-hashes --no-strip-extras --allow-unsafe --no-header \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements.lock pyproject.toml
	rm -rf $(VENV).lock

clean:
	rm -rf $(VENV) $(VENV).lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .coverage .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
