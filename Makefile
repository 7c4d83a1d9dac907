# Everything that a person does with this repository. `make help` lists it.
PYTHON ?= python3
PY := .venv/bin/python
MEMBERS := $(wildcard services/*/pyproject.toml operators/*/pyproject.toml)
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help install lock lint test e2e demo bench simulate chaos secret up down status logs images kind-up kind-down

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/installed ## make the development environment in .venv

.venv/installed: requirements/bootstrap.lock requirements/dev.lock $(MEMBERS)
	@echo "installing the development environment into .venv (about a minute the first time)"
	@test -x $(PY) || $(PYTHON) -m venv .venv || { echo "python3 -m venv failed: install python3-venv (Python 3.11 to 3.13)"; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	@.venv/bin/uv pip sync --quiet --python $(PY) --require-hashes requirements/dev.lock
	@.venv/bin/uv pip install --quiet --python $(PY) --no-deps --no-build-isolation $(addprefix -e ,$(patsubst %/pyproject.toml,%,$(MEMBERS)))
	@touch $@

up: install ## start the platform: every real part and service, and wait until all is ready
	@$(PY) -m hack.embedded up

down: install ## stop the platform; WIPE=1 forgets its data
	@$(PY) -m hack.embedded down $(if $(WIPE),--wipe)

status: install ## show what runs
	@$(PY) -m hack.embedded status

logs: install ## show a process's log, NAME=orders-web, or all of them
	@$(PY) -m hack.embedded logs $(NAME)

lock: install ## pin the third-party packages again after a change to a pyproject.toml
	@PATH=.venv/bin:$$PATH $(PY) hack/lock.py

lint: install ## ruff, mypy, import-linter
	@$(PY) -m hack.checks lint format types layers

test: install ## everything that must hold: lint, units, simulator, contracts, integration on real parts
	@$(PY) -m hack.checks

secret: install ## print the secret of a demo client (CLIENT=demo or demo-staff)
	@$(PY) -m hack.embedded secret $(or $(CLIENT),demo)

e2e: install ## the chart on a kind cluster of its own, with or without a registry; KEEP=1 keeps the cluster
	@$(PY) -m hack.kind e2e

demo: install ## the tour: three orders, one succeeds, two are compensated
	@$(PY) -m hack.demo

bench: install ## how fast the saga engine is, what a saga costs, and how others do (about ten minutes)
	@$(PY) -m hack.bench --out docs

simulate: install ## every schedule of small sagas, then random ones: SEEDS=10000; SEED=n tells one again, line by line
ifdef SEED
	@$(PY) -m saga_operator.simulator --replay $(SEED)
else
	@$(PY) -m saga_operator.simulator --explore
	@$(PY) -m saga_operator.simulator --seeds $(or $(SEEDS),10000)
endif

chaos: install ## random kills of every part under load, then the books: KILLS=200 SEED=...
	@$(PY) -m hack.chaos --kills $(or $(KILLS),200) $(if $(SEED),--seed $(SEED))

images: install ## build all images, with a container registry or without
	@$(PY) -m hack.kind images

kind-up: install ## the same cluster as that of e2e, to play with; if it is there, the chart and images of this checkout
	@$(PY) -m hack.kind up

kind-down: install ## delete the kind cluster, and a docker daemon that came up with it
	@$(PY) -m hack.kind down
