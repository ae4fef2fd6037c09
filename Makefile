# Every command that people and CI run. `make demo` and `make test` need only Python 3.11 and make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The pre-trained encoder; docs/training.md says how to make it.
BASE ?= runs/base/encoder
BABEL := $(BIN)/python -m babel.messages.frontend
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo serve test cover lint format messages bench train clean

demo: $(VENV)/.demo  ## score data/samples, print the table, write an HTML report
	$(BIN)/kasper score data/samples
	$(BIN)/kasper score data/samples --output kasper-report.html

serve: $(VENV)/.api  ## the service with its pages on this machine
	$(BIN)/kasper serve

test: $(VENV)/.dev lint  ## everything that must pass
	$(BIN)/pytest -q -n auto --dist worksteal --reruns 1 --ignore tests/api/pages
	# a browser keeps an event loop in its process, beside which others cannot run one
	$(BIN)/pytest -q -n auto --dist worksteal --reruns 1 tests/api/pages

cover: $(VENV)/.dev  ## the tests, and which lines they do not reach
	$(BIN)/pytest -q -n auto --dist worksteal --cov --cov-report=term-missing

lint: $(VENV)/.dev  ## style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## rewrite the code in the one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: $(VENV)/.dev  ## collect what pages say into api/locales/*/messages.po, for translators
	$(BABEL) -q extract -F pyproject.toml -k marked -k Message -k Problem:2 -k _wrong --no-location --sort-output \
	  --project kasper -o api/locales/messages.pot .
	for language in da nb sv; do mkdir -p api/locales/$$language && \
	  $(BABEL) -q update --init-missing --no-fuzzy-matching --ignore-obsolete -l $$language \
	  -i api/locales/messages.pot -o api/locales/$$language/messages.po; done
	rm api/locales/messages.pot

bench: $(VENV)/.dev  ## measure speed on this machine
	$(BIN)/python -m benchmarks.batch
	$(BIN)/python -m benchmarks.model
	$(BIN)/python -m benchmarks.redaction
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.insights

train: $(VENV)/.dev  ## data/training -> models/kasper-tagger, with its figures
	$(BIN)/python -m models.dataset check
	$(BIN)/kasper train --base $(BASE)
	$(BIN)/kasper export
	$(BIN)/kasper evaluate --beside --write

clean:
	rm -rf $(VENV) build dist kasper-report.html .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable .
	touch $@

$(VENV)/.api: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable '.[api]'
	touch $@ $(VENV)/.demo

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable '.[train,api,dev]'
	touch $@ $(VENV)/.api $(VENV)/.demo
