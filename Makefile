# The two commands of the README are `make demo` and `make test`; `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/.runtime
TOOLS := .venv/.tools
# What is installed is what `locks/` has the hashes of; the project itself comes after it, and brings nothing along.
LOCKED := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# What pip does on one core; files that are no Python of this version stay as they are.
COMPILE := $(BIN)/python -m compileall -qq -j 0 .venv/lib || true
# Services start as a dozen processes: each would compile all of them anew where the machine forbids to keep that.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo cluster-demo test long check size mutations faults attack machines bench openapi constraints sbom clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(RUNTIME) assets ## Set up the virtual environment and the pages' assets, nothing else

demo: setup ## Start the suite, load an economy (or DATA=DIR), train, score, match; leave the portal open
	$(BIN)/smecredit demo $(if $(DATA),--data $(DATA)) $(ARGS)

cluster-demo: $(TOOLS) assets ## The same as it stands on many machines: PostgreSQL, object store, Redis, Dask, two web processes a service
	$(BIN)/smecredit demo --cluster $(if $(DATA),--data $(DATA)) $(ARGS)

# Many tests wait for a process or a clock: a third worker computes meanwhile, where there are two cores.
test: $(TOOLS) assets ## Run all tests with three workers (or WORKERS; ARGS are handed to pytest)
	$(BIN)/python -m pytest -n $(or $(WORKERS),3) --dist loadfile --no-loadscope-reorder $(ARGS)

long: $(TOOLS) assets ## Run what is too long for every test run: a demonstration on many machines, imports killed ten times, a hundred webhooks
	SMECREDIT_LONG=1 $(BIN)/python -m pytest tests/system/test_demo.py tests/faults/test_import_kill.py tests/matching/usecases/test_many_endpoints.py -k 'many_machines or killed or hundred' $(ARGS)

check: style types contracts spelling deployment size ## Format, lint, types, import contracts, sizes, spelling, compose file and Dockerfile

size: | $(BIN)/python ## Print how large files and functions are; fails where one is too long
	$(BIN)/python docs/size.py

mutations: $(TOOLS) ## Read 20,000 damaged files of every form (COUNT, SEED) and print what became of them
	$(BIN)/python tests/mutations.py $(or $(COUNT),20000) $(or $(SEED),11)

FAULTS := $(if $(COUNT),--count $(COUNT)) $(if $(TIMES),--times $(TIMES)) $(if $(SEED),--seed $(SEED)) $(if $(KEPT),--kept $(KEPT))
faults: $(TOOLS) assets ## Strike faults in a running suite (COUNT, TIMES, SEED, STAGE, FILTER, KEPT) and ask what must hold; 1 where it does not
	PYTHONPATH=tests $(BIN)/python -m faults $(FAULTS) --stage '$(STAGE)' --filter '$(FILTER)'

ATTACK := $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) $(if $(DATABASE),--database $(DATABASE))
attack: $(TOOLS) assets ## Send 100,000 requests to a filled suite on each database (COUNT, SEED, DATABASE); 1 where one broke or told what is another's
	PYTHONPATH=.:tests $(BIN)/python -m attack $(ATTACK)

machines: $(TOOLS) ## Play 10,000 sequences (COUNT) of parties out of turn and at once against each state machine, on each database
	SEQUENCES=$(or $(COUNT),10000) $(BIN)/python -m pytest --timeout 0 -k no_sequence tests/matching/api tests/profile/rights/api tests/scoring/store $(ARGS)

bench: $(TOOLS) assets ## Measure beside a peer in the same run; results as a table and as JSON
	$(LOCKED) --requirement locks/bench.txt
	$(BIN)/python -m benchmarks $(ARGS)

openapi: $(TOOLS) ## Write docs/openapi.json anew from the code
	$(BIN)/python docs/openapi.py

constraints: $(TOOLS) ## Choose the newest versions that fit, pin them, and lock what is installed by hash
	$(PIP) uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --group assets --group bench --group build --group sbom --upgrade \
		--no-annotate --no-header --python-version 3.11 --quiet --output-file constraints.txt
	$(MAKE) locks

.PHONY: locks
IMAGE := --extra postgres --extra redis --extra objects --extra cluster --extra tracing
LOCK = $(BIN)/uv pip compile --constraint constraints.txt --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet
locks: # The hashes of what constraints.txt pins, for what is installed together; a registry adds files, never other ones
	$(PIP) uv
	for group in build assets sbom; do $(LOCK) --universal --group pyproject.toml:$$group --output-file locks/$$group.txt || exit 1; done
	for service in profile scoring matching gateway; do \
		$(LOCK) --universal pyproject.toml --extra $$service $(IMAGE) --output-file locks/$$service.txt || exit 1; done
	$(LOCK) --universal pyproject.toml --extra all --output-file locks/runtime.txt
	$(LOCK) --universal pyproject.toml --extra all --group dev --output-file locks/dev.txt
	$(LOCK) pyproject.toml --extra all --group dev --group bench --output-file locks/bench.txt

sbom: $(RUNTIME) assets ## List what is inside, with hashes, as CycloneDX: dist/sbom-python.json, dist/sbom-npm.json
	$(LOCKED) --requirement locks/sbom.txt
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements locks/runtime.txt --pyproject pyproject.toml --output-file dist/sbom-python.json
	$(BIN)/python gateway/portal/assets/build.py sbom dist/sbom-npm.json

clean: ## Remove what setup, demo and the tests made
	rm -rf .venv .smecredit gateway/portal/assets/node_modules gateway/portal/static/dist benchmarks/results

.PHONY: style types contracts spelling deployment
style: $(TOOLS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(TOOLS)
	$(BIN)/mypy

contracts: $(TOOLS)
	$(BIN)/lint-imports

spelling: $(TOOLS)
	$(BIN)/codespell

deployment: $(TOOLS)
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint Dockerfile

.PHONY: assets
assets: $(RUNTIME)
	@$(BIN)/python gateway/portal/assets/build.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed'; exit 1; }
	$(PYTHON) -m venv .venv

$(RUNTIME): pyproject.toml locks/build.txt locks/assets.txt locks/runtime.txt | $(BIN)/python
	$(LOCKED) --requirement locks/build.txt
	@command -v node >/dev/null && command -v npm >/dev/null || $(LOCKED) --requirement locks/assets.txt
	$(LOCKED) --no-compile --requirement locks/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --no-build-isolation --editable .
	@$(COMPILE)
	@touch $@

$(TOOLS): $(RUNTIME) locks/dev.txt
	$(LOCKED) --no-compile --requirement locks/dev.txt
	@$(COMPILE)
	@touch $@
