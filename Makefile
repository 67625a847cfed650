# make run    start DJ Forge with its logs on the embedded Redis; no key or account needed
# make test   install what tests need and run them (10 minutes at most)
# make test-all  the long ones too: 50 kills, slow faults
# make soak   mixed load with random faults: make soak MINUTES=30 SEED=1
# make proof  take each protection against loss away, one at a time, and see a test fail
# make check  style, types and import rules
# make bench  measure; writes benchmarks/results.md (NAME=caller_overhead: one alone, QUICK=1: in small)
# make lock   resolve the requirements again (needs pip-tools in the active Python)

PYTHON ?= python3
VENV   := .venv
BENCH  := .venv-bench
PIP    := $(VENV)/bin/python -m pip --disable-pip-version-check
FLAGS  ?=
MINUTES ?= 30
SEED    ?= 1

.PHONY: run test test-all soak proof check bench lock clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# make/make/p' Makefile

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("llmlog needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make run PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.packages: $(VENV)/bin/python requirements.lock llmlog/pyproject.toml djforge/pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e llmlog -e djforge
	@touch $@

$(VENV)/.dev: $(VENV)/.packages requirements-dev.lock
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# The peers have an environment of their own. The lock names every package, but no extras: hence --no-deps.
$(BENCH)/.packages: requirements-bench.lock
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes \
	  -r requirements-bench.lock
	@touch $@

run: $(VENV)/.packages
	@$(VENV)/bin/djforge

test: $(VENV)/.dev
	@$(VENV)/bin/python -m scripts.browser_for_tests
	$(VENV)/bin/python -m pytest -m "not long" $(FLAGS)

test-all: $(VENV)/.dev
	@$(VENV)/bin/python -m scripts.browser_for_tests
	$(VENV)/bin/python -m pytest $(FLAGS)

proof: $(VENV)/.dev
	ONLY="$(ONLY)" $(VENV)/bin/python scripts/without_protection.py

soak: $(VENV)/.dev
	$(VENV)/bin/python llmlog/tests/acceptance/soak.py --minutes $(MINUTES) --seed $(SEED)

check: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.packages $(BENCH)/.packages
	$(VENV)/bin/python -m benchmarks $(NAME)

lock:
	@for name in requirements requirements-dev requirements-bench; do \
	  pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	    --strip-extras --allow-unsafe --no-header -o $$name.lock $$name.in || exit 1; done

clean:
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis
