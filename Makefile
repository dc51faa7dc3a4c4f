# The front door. `make up` and `make test` do all of their own set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash -o pipefail
HOME_DIR ?= $(if $(XDG_STATE_HOME),$(XDG_STATE_HOME),$(HOME)/.local/state)/salus-demo
LISTEN ?= 127.0.0.1:8443
T ?= 60
BUILD := build/release
SALUS := $(BUILD)/bin/salus

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: ## install what the build needs (Debian 12 packages, FHIR definitions)
	@tools/setup

build: setup ## build the release binary: build/release/bin/salus
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build $(BUILD)

up: build ## set up, build, and run the two demo clinics
	@$(SALUS) up --demo --detach --home $(HOME_DIR) --listen $(LISTEN)

down: ## stop the demo
	@$(SALUS) down --home $(HOME_DIR)

test: build ## set up, build, and run all tests
	@cd $(BUILD) && ctest --output-on-failure --timeout 600 -LE slow

test-slow: build ## crash loops, long fuzzing, clang-tidy over the whole tree
	@cd $(BUILD) && SALUS_CRASH_ROUNDS=100 ctest --output-on-failure --timeout 3600 -L "slow|crash"
	@$(MAKE) --no-print-directory fuzz T=300
	@$(MAKE) --no-print-directory clang-tidy

check: check-static test test-sanitized ## everything CI runs

check-static: setup ## format, tidy, layers
	@tools/format --check
	@tools/layers
	@tools/tidy

test-sanitized: setup ## the unit tests under AddressSanitizer and UBSan
	@cmake --preset dev >build/configure-dev.log 2>&1 || { cat build/configure-dev.log; exit 1; }
	@cmake --build build/dev --target unit_tests
	@cd build/dev && ctest --output-on-failure --timeout 900 -L unit

fmt: ## format the C++ sources
	@tools/format




clang-tidy: build ## clang-tidy 19 over the whole tree
	@git ls-files 'src/*.cpp' | xargs -P 2 -n 4 clang-tidy-19 --quiet -p $(BUILD)

bench: build ## ratios against this machine's own PostgreSQL, in one run
	@bench/run

fuzz: setup ## every fuzz target for T seconds
	@cmake --preset fuzz >build/configure-fuzz.log 2>&1 || { cat build/configure-fuzz.log; exit 1; }
	@cmake --build build/fuzz --target fuzz_targets
	@tools/fuzz $(T)

e2e: build ## the story of the demo, as a user sees it
	@cd $(BUILD) && ctest --output-on-failure -L system -LE crash

clean: ## remove what was built
	@rm -rf build

.PHONY: help setup build up down test test-slow check check-static test-sanitized fmt \
        clang-tidy bench fuzz e2e clean
