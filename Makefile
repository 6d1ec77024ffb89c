# What a checkout can do. Each target first makes what it needs; nothing is installed or built twice.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

installed := node_modules/.holdfast-installed
addon := src/filesystem/posix/build/Release/posix.node
kernels := src/format/chunker/kernel.wasm src/format/parity/kernel.wasm
built := dist/cli/main.js

holdfast := node $(built)
sources := $(shell find src -name '*.ts' -not -path '*/assembly/*') $(shell find src/server/dashboard -type f)

# Where Node's headers lie beside Node, as in Debian's package, native modules compile without fetching them.
node_prefix := $(shell node -p 'require("path").resolve(process.execPath, "../..")' 2>/dev/null)
with_headers := $(if $(wildcard $(node_prefix)/include/node/node_api.h),npm_config_nodedir=$(node_prefix))

.PHONY: help setup quickstart test check lint bench clean
.PHONY: backup-status backup-list backup-create backup-create-index backup-cleanup backup-schedule backup-report
.PHONY: repository

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(built) ## install and build; afterwards `npx holdfast` works here

quickstart: $(built) ## see it work: backup, change, incremental, verify, restore, compare (in ./quickstart)
	@npm run --silent quickstart

test: $(installed) $(addon) ## install, build and run all tests
	@npm test --silent

check: lint test ## lint and test

lint: $(installed) ## types, linter, formatter
	@npm run --silent lint

bench: $(built) ## measure side by side with restic (takes long; see docs/BENCHMARKS.md)
	@npm run --silent bench

clean: ## remove what was installed and built, and the quickstart
	rm -rf node_modules dist quickstart coverage $(kernels) src/filesystem/posix/build

# The targets of the documented system.

# Needed by all of them: status 10 says that there is no repository yet. Only then, with no earlier backup to protect, the
# folders of the tracked config.yml are made; later a folder that is missing must be reported and not replaced by an empty one.
repository: $(built)
	@status=0; $(holdfast) status --quiet >/dev/null 2>&1 || status=$$?; \
	  if [ $$status -eq 10 ]; then $(holdfast) init; mkdir -p data/index logs/cache; fi

backup-status: repository ## show what the repository holds
	@$(holdfast) status

backup-list: repository ## list the snapshots
	@$(holdfast) list

backup-create: repository ## make a full backup of what config.yml names (DESCRIPTION="...")
	@$(holdfast) create --type full --description "$${DESCRIPTION:-make backup-create}"

backup-create-index: repository ## make a backup of the index alone (DESCRIPTION="...")
	@$(holdfast) create --type index --description "$${DESCRIPTION:-make backup-create-index}"

backup-cleanup: repository ## forget what retention_days and max_backups of config.yml say, and free the space
	@$(holdfast) cleanup

backup-schedule: repository ## make the backup that is due by the schedule of config.yml, if any
	@$(holdfast) schedule

backup-report: repository ## report on backups, sizes and alerts
	@$(holdfast) report

# How things are made.

# `npm ci` installs exactly what the lock file says and compiles the native modules, which takes a minute or two.
$(installed): package-lock.json
	@node .ci/check-node.js
	@echo "Installing; the native modules are compiled, which takes a minute or two"
	@$(with_headers) npm ci --loglevel=error
	@touch $@

$(addon): $(installed) $(wildcard src/filesystem/posix/*.c src/filesystem/posix/*.h) src/filesystem/posix/binding.gyp
	@if [ -n "$$(find $(filter-out $(installed),$^) -newer $@ 2>/dev/null)" ] || [ ! -e $@ ]; then \
	  $(with_headers) npm run --silent build:addon; fi
	@touch $@

$(built): $(installed) $(addon) $(sources) $(wildcard src/format/*/assembly/kernel.ts) build.js tsconfig.json
	npm run --silent build
	@touch $@
