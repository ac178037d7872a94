# `make demo`, `make test` and `make check` need Python 3.11 or later and make, nothing else.
# Paths are relative throughout: the checkout's own path may contain spaces.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test faults check format lint schema docs screenshots bench bench-rescoring bench-api contract agreement mutants audit sbom papers validation site reset chromium load bench-overview accessibility bench-reminders messages r FORCE

PYTHON := .venv/bin/python
MANAGE := $(PYTHON) manage.py
# Empty databases for one command, removed afterwards.
BESIDE_SERVERS := $(PYTHON) -m trialops.embedded run --temporary --
UV_VERSION := 0.13.9
# One dependency group more in the virtual environment, by the uv that made it.
WITH_GROUP = @unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT; UV_PYTHON_DOWNLOADS=never \
	"$$(ls .tools/uv-venv/bin/uv 2>/dev/null || echo uv)" sync --frozen --quiet --inexact --group
PORT ?= 8000
export PORT

help:
	@echo "make demo    the product with demo data at http://localhost:8000 (PORT=8001 for another port)"
	@echo "make test    every test, on throw-away databases"
	@echo "make faults  the long form of the fault tests: kills, restarts, bad servers (FAULTS='storm --kills 20' for a part)"
	@echo "make check   format, lint, types, import contracts, migrations and OpenAPI document in step"
	@echo "make format  let ruff format and repair what it can"
	@echo "make lint    ruff's and import-linter's findings alone"
	@echo "make schema  write docs/openapi.yaml and docs/protocol.schema.json anew"
	@echo "make docs    write the generated pages under docs/ and .env.example anew"
	@echo "make messages  extract the texts for translation and compile the catalogues"
	@echo "make screenshots  take the pictures in docs/images from a running demo"
	@echo "make accessibility  every page as every role in four looks, of a running demo (ROLES=\"manager monitor\" for some)"
	@echo "make bench   the criteria engine against its peers, side by side"
	@echo "make mutants change the criteria engine a little, again and again, and see whether its tests notice"
	@echo "make bench-rescoring  score stored pools again under a changed document (SIZES=\"10000 100000\")"
	@echo "make bench-api  the polled API under load, with each web server (POLLING=\"--connections 16\" for a part)"
	@echo "make load    people at work on a large study, for half an hour (LOAD=\"--minutes 2 --subjects 10000\")"
	@echo "make bench-overview  the overview of 1,000 sites against that of two (SUBJECTS=100000)"
	@echo "make bench-reminders  100,000 due reminders in digests, with 1, 2 and 4 workers (REMINDERS=\"--workers 2\" for a part)"
	@echo "make contract  generated requests against the API's description, tens of thousands (EXAMPLES=100)"
	@echo "make agreement  score random records from the database and from a file (CASES=100000)"
	@echo "make audit   known vulnerabilities of what uv.lock names; says so when nothing could be checked"
	@echo "make sbom    what the product consists of, as CycloneDX, in var/sbom/"
	@echo "make papers  write the pages on security and validation anew"
	@echo "make validation  run the tests of the requirements and file the evidence in EVIDENCE=var/validation (ONLY=\"V-012\" for some)"
	@echo "make site    the documentation as a site, in var/site/"
	@echo "make reset   remove the demo's databases, mails, logs and secrets"

demo: .venv/.synced
	@exec $(PYTHON) -m trialops.embedded.demo

test: .venv/.synced chromium r
	$(PYTHON) -m pytest -n 2 --dist worksteal

# An hour or more on two cores; `.venv/bin/python -m tests.faults --help` lists the scenarios and their sizes.
faults: .venv/.synced
	$(PYTHON) -m tests.faults $(FAULTS)

check: .venv/.synced
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command as run; run()'
	$(BESIDE_SERVERS) sh -euc '\
	  $(MANAGE) check --fail-level WARNING; \
	  $(MANAGE) makemigrations --check --dry-run; \
	  $(MANAGE) spectacular --validate --fail-on-warn --file "$$TRIALOPS_STATE_DIR/openapi.yaml"; \
	  diff -u docs/openapi.yaml "$$TRIALOPS_STATE_DIR/openapi.yaml" || { \
	    echo "docs/openapi.yaml is out of step with the code: run make schema"; exit 1; }'

format: .venv/.synced
	$(PYTHON) -m ruff check --fix-only .
	$(PYTHON) -m ruff format .

lint: .venv/.synced
	$(PYTHON) -m ruff check .
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command as run; run()'

schema: .venv/.synced
	$(BESIDE_SERVERS) $(MANAGE) spectacular --validate --fail-on-warn --file docs/openapi.yaml
	$(MANAGE) protocol_schema > docs/protocol.schema.json

# Catalogues of translations in step with the code; what is new stands empty in trialops/locale/*/LC_MESSAGES/django.po.
messages: .venv/.synced
	$(MANAGE) messages

docs: .venv/.synced
	$(MANAGE) describe_protocol > docs/criteria.md
	$(MANAGE) describe_protocol NCT00000002 --alone > docs/example-study.md
	$(MANAGE) describe_imports > docs/importing.md
	env -i PATH="$$PATH" TRIALOPS_STATE_DIR=/nonexistent $(MANAGE) describe_configuration > docs/configuration.md
	env -i PATH="$$PATH" TRIALOPS_STATE_DIR=/nonexistent $(MANAGE) describe_configuration --env > .env.example

# Against a running demo; DETAIL=all takes every page in every look.
screenshots: .venv/.synced chromium
	$(PYTHON) -m tests.browser.screenshots http://localhost:$(PORT) docs/images $(DETAIL)

# Against a running demo, a quarter of an hour or more; PICTURES=directory keeps a picture of each page in each look.
accessibility: .venv/.synced chromium
	$(PYTHON) -m tests.browser.every_page http://localhost:$(PORT) $(PICTURES)

# BENCH hands on arguments, such as BENCH="--records 500 --rounds 3".
bench: .venv/.synced benchmarks/cql/node_modules
	$(WITH_GROUP) bench
	@$(PYTHON) -m benchmarks.criteria $(BENCH)

# MODULES names some of screening/criteria, such as MODULES="calendar logic"; without any, all.
mutants: .venv/.synced
	$(WITH_GROUP) mutants
	@$(PYTHON) -m benchmarks.mutation $(MODULES)

benchmarks/cql/node_modules: benchmarks/cql/package-lock.json
	@if command -v npm >/dev/null 2>&1; then \
	  echo "Installing cql-execution into benchmarks/cql/ ..."; \
	  cd benchmarks/cql && npm ci --silent --no-audit --no-fund && touch node_modules; \
	fi

SIZES ?= 10000 100000 1000000
bench-rescoring: .venv/.synced
	$(BESIDE_SERVERS) sh -euc '$(MANAGE) migrate --verbosity 0; $(PYTHON) -m benchmarks.rescoring $(SIZES)'

# wrk comes from the system (on Debian: apt-get install wrk); POLLING hands on arguments, such as "--connections 16".
GRANIAN ?= granian==2.8.7
bench-api: .venv/.synced
	@command -v wrk >/dev/null || { echo "Install wrk (on Debian: apt-get install wrk), then run make bench-api again."; exit 1; }
	@unset VIRTUAL_ENV; "$$(ls .tools/uv-venv/bin/uv 2>/dev/null || echo uv)" pip install --quiet --python $(PYTHON) $(GRANIAN)
	$(BESIDE_SERVERS) sh -euc '$(MANAGE) migrate --verbosity 0; $(PYTHON) -m benchmarks.polling $(POLLING)'

load: .venv/.synced
	$(WITH_GROUP) load
	@state=$$(mktemp -d); TRIALOPS_STATE_DIR="$$state" $(PYTHON) -m trialops.embedded run -- sh -euc '$(MANAGE) migrate --verbosity 0; \
	  $(MANAGE) collectstatic --noinput --verbosity 0; $(PYTHON) -m benchmarks.load $(LOAD)'; ended=$$?; rm -rf "$$state"; exit $$ended

SUBJECTS ?= 5000000
bench-overview: .venv/.synced
	$(BESIDE_SERVERS) sh -euc '$(MANAGE) migrate --verbosity 0; $(MANAGE) collectstatic --noinput --verbosity 0; \
	  $(PYTHON) -m benchmarks.overview $(SUBJECTS)'

# How many reminders a minute go out in digests, and what a sweep costs beside a million that are not due.
bench-reminders: .venv/.synced
	@$(PYTHON) -m tests.faults throughput $(REMINDERS)

# The long form of the API's contract: tens of thousands of generated requests, as each kind of asker.
EXAMPLES ?= 600
contract: .venv/.synced
	SCHEMATHESIS_EXAMPLES=$(EXAMPLES) $(PYTHON) -m pytest -q tests/dashboards/test_api_schema.py

CASES ?= 100000
agreement: .venv/.synced
	TRIALOPS_STORED_CASES=$(CASES) $(PYTHON) -m pytest -q tests/screening/test_stored_and_file_agree.py

# Asks a public service about every locked package. 1: something was found. 69: nothing could be checked.
UV := "$$(ls .tools/uv-venv/bin/uv 2>/dev/null || echo uv)"
audit: .venv/.synced
	@unset VIRTUAL_ENV; $(PYTHON) -m assurance.audit $(UV)

# From the lock file alone: what is installed in production, and what development adds. Needs no network.
SBOM ?= var/sbom
sbom: .venv/.synced
	@mkdir -p "$(SBOM)"; unset VIRTUAL_ENV; \
	$(UV) export --frozen --quiet --preview-features sbom-export --format cyclonedx1.5 --no-default-groups > "$(SBOM)/trialops.cdx.json" && \
	$(UV) export --frozen --quiet --preview-features sbom-export --format cyclonedx1.5 --all-groups > "$(SBOM)/trialops-development.cdx.json" && \
	echo "Written: $(SBOM)/trialops.cdx.json, $(SBOM)/trialops-development.cdx.json"

papers: .venv/.synced
	$(PYTHON) -m assurance pages

EVIDENCE ?= var/validation
validation: .venv/.synced
	$(PYTHON) -m assurance evidence "$(EVIDENCE)" $(if $(ONLY),--only $(ONLY))

site: .venv/.synced
	@NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict --quiet
	@echo "The site is in var/site/: open var/site/index.html, or serve that directory."

reset: .venv/.synced
	@$(PYTHON) -m trialops.embedded reset

# The browser tests drive the system's Chromium.
chromium:
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
	  if command -v "$$name" >/dev/null 2>&1; then exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "Installing Chromium for the browser tests ..."; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	else \
	  echo "The browser tests need Chromium. Install it (on Debian: sudo apt-get install chromium), then run make test again."; \
	  exit 1; \
	fi

# The R lines of docs/api.md run where R is; nothing else needs it.
r:
	@if Rscript -e 'library(httr2)' >/dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && echo "Installing R for the example of docs/api.md ..." && apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends r-base-core r-cran-httr2; then exit 0; fi; \
	echo "The R example of docs/api.md is not run: it needs R with httr2 (on Debian: sudo apt-get install r-base-core r-cran-httr2)."

# The virtual environment, made by uv: the system's if it is recent, else one of our own under .tools/.
# Made again when the lock changes or when the environment's Python no longer runs.
VENV_WORKS := $(shell $(PYTHON) -c 'print("yes")' 2>/dev/null)

.venv/.synced: pyproject.toml uv.lock $(if $(VENV_WORKS),,FORCE)
	@set -eu; unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT; \
	[ -w . ] || { echo "This directory is not writable: clone trialops to where you may write."; exit 1; }; \
	python=; \
	for candidate in python3 python3.13 python3.12 python3.11; do \
	  python=$$("$$candidate" -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else "")' 2>/dev/null) || python=; \
	  [ -z "$$python" ] || break; \
	done; \
	[ -n "$$python" ] || { echo "trialops needs Python 3.11 or later, and found none as python3, python3.13, python3.12 or python3.11."; exit 1; }; \
	recent='import re, sys; sys.exit([int(n) for n in re.findall("[0-9]+", sys.stdin.read())[:2]] < [0, 8])'; \
	uv=.tools/uv-venv/bin/uv; \
	if uv --version 2>/dev/null | "$$python" -c "$$recent"; then \
	  uv=uv; \
	elif ! "$$uv" --version 2>/dev/null | grep -q "^uv $(UV_VERSION)\b"; then \
	  echo "Installing uv $(UV_VERSION) under .tools/ ..."; \
	  rm -rf .tools/uv-venv; \
	  if "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	    "$$python" -m venv .tools/uv-venv; \
	    .tools/uv-venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	  elif "$$python" -m pip --version >/dev/null 2>&1; then \
	    "$$python" -m venv --without-pip .tools/uv-venv; \
	    "$$python" -m pip --python .tools/uv-venv/bin/python install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	  else \
	    echo "$$python cannot make virtual environments. Install its venv module (on Debian: apt-get install python3-venv)."; exit 1; \
	  fi; \
	fi; \
	[ -n "$(VENV_WORKS)" ] || rm -rf .venv; \
	echo "Installing what uv.lock names into .venv/ ..."; \
	UV_PYTHON_DOWNLOADS=never "$$uv" sync --frozen --quiet --python "$$python"; \
	touch .venv/.synced

FORCE:
