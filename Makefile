# Everything starts here: `make demo` and `make test` need nothing typed before them.

CARGO   ?= cargo
PYTHON  ?= python3
# Recorded calls of the Ruby CPIs, checked in addition where they are to be had.
GOLDEN  ?= ../shared/golden
# Azure's published API descriptions, by which the emulator of Azure is judged in addition where they are to be had.
AZURE_SPECS ?= ../shared/azure-specs
# How many tests of Azure run at the same time. Most of what they do is waiting.
AZURE_WORKERS ?= 8

# Always the same set at once: the features of shared crates stay the same, so the cloud SDKs are compiled once.
PLUGINS  = cpi-plugin-sim cpi-plugin-aws cpi-plugin-azure cpi-plugin-example cpi-plugin-hostile
WASM     = --target wasm32-wasip2 --profile plugin --locked $(addprefix -p ,$(PLUGINS))
OUT      = target/wasm32-wasip2/plugin

.PHONY: help demo test azure build bench fuzz lint deny golden instance-types setup clean

help: ## Shows this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: build .venv/ready tests/azure/npm/node_modules/ready ## Runs a VM's whole life through the plugins sim, aws and azure, and checks each step
	@PYTHONPATH=tests .venv/bin/python -m demo --host dist/cpi-host

test: build .venv/ready tests/azure/npm/node_modules/ready ## Runs every test
	$(CARGO) test --release --locked
	$(CARGO) test --release --locked -p cpi-plugin-sdk -p cpi-plugin-sim -p cpi-plugin-aws -p cpi-plugin-azure -p cpi-plugin-example
	@PYTHONPATH=tests .venv/bin/python -m demo --host dist/cpi-host --quiet
	@$(MAKE) --no-print-directory azure golden

azure: .venv/ready tests/azure/npm/node_modules/ready ## Lets Azure's own SDK and validator judge the emulator of Azure, and the plugin live in it
	@AZURE_SPECS='$(abspath $(AZURE_SPECS))' .venv/bin/python -m pytest tests/azure --quiet -n $(AZURE_WORKERS) --dist worksteal

build: setup ## Makes dist/: the program and its plugins, to be put anywhere
	@echo "== plugins (the cloud SDKs take some minutes the first time)"
	$(CARGO) build $(WASM)
	@echo "== host"
	$(CARGO) build --release --locked
	@mkdir -p dist && install -m 755 target/release/cpi-host dist/cpi-host && install -m 600 docs/sim.json dist/
	@chmod go-w dist && dist/cpi-host plugin install --accept $(OUT)/cpi_plugin_sim.wasm $(OUT)/cpi_plugin_aws.wasm $(OUT)/cpi_plugin_azure.wasm

bench: build ## Measures the program beside its targets (ONLY="gate kill": some of it; SAVE=1: keeps instruction counts)
	$(CARGO) build --release --locked --features cpi-tests/bench --bin bench
	@target/release/bench $(if $(SAVE),save,$(ONLY))

# The instrumentation that libFuzzer needs, without a sanitizer: the stable compiler has it, hidden behind passes.
COVERAGE = -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
           -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
           -Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ_SECONDS ?= 10

fuzz: ## Feeds each fuzz target for some seconds; says so where that cannot be built
	@host=$$(rustc -vV | sed -n 's/host: //p'); \
	if ! RUSTFLAGS="$(COVERAGE)" $(CARGO) build --quiet --release --locked --target $$host --manifest-path fuzz/Cargo.toml; then \
	  echo "fuzz: skipped, the targets cannot be built here (see above; they need a C++ compiler)"; exit 0; fi; \
	for target in $$(ls fuzz/targets | sed 's/\.rs$$//'); do \
	  mkdir -p fuzz/corpus/$$target; \
	  printf '%-12s ' $$target; \
	  fuzz/target/$$host/release/$$target -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=fuzz/ fuzz/corpus/$$target \
	    > fuzz/target/$$target.log 2>&1 \
	    && tail -n 1 fuzz/target/$$target.log || { tail -n 20 fuzz/target/$$target.log; exit 1; }; \
	done

lint: setup ## Formatting and clippy; warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --all-targets --features cpi-tests/bench -- -D warnings
	$(CARGO) clippy $(WASM) -- -D warnings

deny: ## Licences, advisories and sources of all crates (needs cargo-deny)
	$(CARGO) deny check

golden: .venv/ready ## Compares with recorded calls of the Ruby CPIs, where these are to be had
	@.venv/bin/python tests/golden.py --recordings '$(GOLDEN)' --cpi '$(CURDIR)/dist/cpi-host call --config {config}'

instance-types: .venv/ready ## Makes the table of instance types anew, from the data of moto
	@.venv/bin/python plugins/aws/instance_types.py

setup: ## Installs what the build needs
	@if command -v rustup >/dev/null; then rustup target add wasm32-wasip2 2>&1 | grep -v 'up to date' || true; fi

.venv/ready: tests/requirements.txt
	@echo "== Python environment for the demo and the tests"
	@test -x .venv/bin/pip || $(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt && touch $@

# What npm has is for the demo and the tests of the emulator only; they say what they leave out without it.
tests/azure/npm/node_modules/ready: tests/azure/npm/package-lock.json
	@if ! command -v npm >/dev/null; then echo "npm packages: skipped, there is no npm"; \
	else \
	  echo "== npm packages for the emulator of Azure"; cd tests/azure/npm; \
	  if npm ci --no-audit --no-fund --loglevel=error >/dev/null; then touch node_modules/ready; \
	  else echo "npm packages: skipped, npm could not fetch them"; fi; \
	fi

clean: ## Removes what was built
	$(CARGO) clean && rm -rf dist .venv
