# `make run` and `make test` set everything up by themselves.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

#: Which questions `make bench` asks; all of them, if it names none.
QUESTIONS ?=

.PHONY: run test browser coverage baselines bench bench-quick check format translations lock clean help

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

run: $(VENV)/.run ## serve on an embedded database, with sample news in an empty one (port from PORT)
	@PORT=$(PORT) $(BIN)/feedsvc demo --if-empty
	PORT=$(PORT) $(BIN)/feedsvc serve

test: $(VENV)/.dev ## the whole test suite, on every core
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(TESTS)

browser: $(VENV)/.browser ## what the tests in a real browser want beside the browser

coverage: $(VENV)/.dev ## the test suite, with what it did not reach
	$(BIN)/python -m pytest --cov --cov-report=term-missing $(TESTS)

baselines: $(VENV)/.bench ## what the benchmarks compare with

bench: $(VENV)/.bench ## how fast it is, against the barest thing that does the same (QUESTIONS=… for some)
	$(BIN)/python -m tests.benchmarks $(QUESTIONS)

bench-quick: $(VENV)/.bench ## the same in about five minutes, of less and less exactly
	$(BIN)/python -m tests.benchmarks --quick $(QUESTIONS)

check: $(VENV)/.dev ## style, types and the architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

format: $(VENV)/.dev ## write the code in the house's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A test names the texts that a catalogue lacks, and those that no template has any more.
translations: $(VENV)/.dev ## compile the pages' translations
	$(BIN)/pybabel --quiet compile --directory feedsvc/pages/translations

# The locked versions, with hashes, for every platform and Python from 3.11 on.
lock: $(VENV)/.dev ## renew the locked versions of what feedsvc depends on
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade \
		--extra postgres --extra redis --group dev pyproject.toml -o tests/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-annotate --no-header --no-emit-index-url --no-emit-find-links \
		--extra postgres --extra redis --group build --constraint tests/requirements.lock pyproject.toml -o deploy/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade \
		--group pyproject.toml:browser --constraint tests/requirements.lock -o tests/browser/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-annotate --no-header --no-emit-index-url --no-emit-find-links --upgrade \
		--group pyproject.toml:bench --constraint tests/requirements.lock -o tests/benchmarks/requirements.lock

clean: ## remove the virtual environment and caches, never a database
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "feedsvc needs Python 3.11 or later; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: deploy/requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes --requirement deploy/requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: tests/requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes --requirement tests/requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run

$(VENV)/.bench: tests/benchmarks/requirements.lock | $(VENV)/.dev
	$(PIP) install --quiet --require-hashes --requirement tests/benchmarks/requirements.lock
	@touch $@

$(VENV)/.browser: tests/browser/requirements.lock tests/browser/package-lock.json | $(VENV)/.dev
	$(PIP) install --quiet --require-hashes --requirement tests/browser/requirements.lock
	npm ci --silent --ignore-scripts --prefix tests/browser
	@touch $@
