# Every command that people and CI run. `make demo` and `make test` need only Python 3.11 and make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The pre-trained encoder; docs/training.md says how to make it.
BASE ?= runs/base/encoder
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' analyzer/__init__.py)
# One more than there are cores: tests wait a good part of their time for processes and databases.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
BABEL := $(BIN)/python -m babel.messages.frontend
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo serve notebooks test cover lint format messages docs bench train wheel sbom release audit clean

demo: $(VENV)/.demo  ## score data/samples, print the table, write an HTML report
	$(BIN)/kasper score data/samples
	$(BIN)/kasper score data/samples --output kasper-report.html

serve: $(VENV)/.api  ## the service with its pages on this machine
	$(BIN)/kasper serve

notebooks: $(VENV)/.notebooks  ## open the notebooks in a browser
	$(BIN)/jupyter lab notebooks

test: $(VENV)/.dev lint  ## everything that must pass
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal --reruns 1 --ignore tests/api/pages
	# a browser keeps an event loop in its process, beside which others cannot run one
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal --reruns 1 tests/api/pages

cover: $(VENV)/.dev  ## the tests, and which lines they do not reach
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal --cov --cov-report=term-missing

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
	  $(BABEL) -q update --width 100 --init-missing --no-fuzzy-matching --ignore-obsolete -l $$language \
	  -i api/locales/messages.pot -o api/locales/$$language/messages.po; done
	rm api/locales/messages.pot

docs: $(VENV)/.dev  ## the documents as a site in site/; open site/index.html
	$(BIN)/python -m sphinx -q -W --keep-going -c docs/sphinx . site

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

wheel: $(VENV)/.dev  ## dist/: the wheel, the same bytes whenever it is built from the same commit
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build -t wheel -d dist

sbom: $(VENV)/.dev  ## dist/: every part of the service, as CycloneDX; installs it beside for that
	$(PYTHON) -m venv --clear build/release
	build/release/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt '.[api]'
	mkdir -p dist
	$(BIN)/cyclonedx-py environment build/release --pyproject pyproject.toml --output-reproducible \
	  --output-file dist/kasper-$(VERSION).cdx.json

release: wheel sbom  ## both, and SHA256SUMS to be signed; docs/releasing.md
	cd models/kasper-tagger && sha256sum *.onnx *.json > $(CURDIR)/dist/SHA256SUMS
	cd dist && sha256sum kasper_qa-$(VERSION)-*.whl kasper-$(VERSION).cdx.json >> SHA256SUMS

audit: $(VENV)/.dev  ## known weaknesses of what is pinned; needs the network, so `make test` leaves it out
	$(BIN)/pip-audit --strict --vulnerability-service osv --requirement constraints.txt --no-deps --disable-pip \
	  --progress-spinner off

clean:
	rm -rf $(VENV) build dist site kasper-report.html .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable .
	touch $@

$(VENV)/.api: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable '.[api]'
	touch $@ $(VENV)/.demo

$(VENV)/.notebooks: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable '.[notebooks]'
	touch $@ $(VENV)/.demo

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable '.[train,api,dev]'
	touch $@ $(VENV)/.api $(VENV)/.demo
