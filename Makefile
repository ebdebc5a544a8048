# The commands people and CI use. Every one of them may be run on a fresh clone.
#
#   ARGS=...              passed on:                make demo ARGS=--json
#   FUSION_PROFILE=...    dev (default) or release: make demo FUSION_PROFILE=release
#   SEEDS=...             how many seeds `soak` runs

SHELL := /bin/sh
CARGO ?= cargo
ARGS ?=
SEEDS ?= 10000
FUSION_PROFILE ?= dev
# A rustup that was installed without touching the shell's start-up files is found too.
export PATH := $(PATH):$(HOME)/.cargo/bin

# `make demo -- --json` works as well: make takes what follows `--` for targets.
WORDS := $(filter --%,$(MAKECMDGOALS))
override ARGS += $(WORDS)
BUILT := target/$(if $(filter dev,$(FUSION_PROFILE)),debug,$(FUSION_PROFILE))
EXAMPLE := transport/viewer/example

.DEFAULT_GOAL := help
.PHONY: help deps demo test build-tests bench soak fmt lint docs $(WORDS)

help: ## what there is
	@sed -n 's/^\([a-z]*\): .*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo; sed -n 's/^#   //p' Makefile

deps: ## install what this machine lacks; says what it does
	@.ci/deps

demo: deps ## build, then run a whole domain in one process
	@$(CARGO) build --profile $(FUSION_PROFILE) --package nodes-fusion
	@exec $(BUILT)/fusion dev $(strip $(ARGS))

# The end-to-end tests start the binary itself, so binaries are built too, with the features that the tests are built with.
build-tests:
	@.ci/deps --tests
	$(CARGO) build --workspace --bins --tests

test: build-tests ## all tests, T0 to T3; what cannot run here says what it lacks
	@CARGO=$(CARGO) .ci/test
	@if [ -f $(EXAMPLE)/Cargo.toml ]; then .ci/example $(EXAMPLE); fi

bench: deps ## measure against peers; prints a table, writes bench.json and two charts
	@.ci/deps --bench || echo "bench: without it there is no peer for latency; ours is measured alone"
	$(CARGO) build --release --package nodes-fusion --package tests-bench
	target/release/tests-bench $(strip $(ARGS))

soak: deps ## the fault scenario with many seeds (release build)
	FUSION_SEEDS=$(SEEDS) $(CARGO) test --release --package tests-harness -- --ignored --nocapture

fmt: deps ## format the code
	$(CARGO) fmt --all

lint: deps ## format, lints, licences and fences, documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check bans licenses sources; \
	else echo "lint: cargo-deny is not installed: .deny.toml (licences, bans, sources) was not checked"; fi
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

docs: deps ## the documentation of our crates, in target/doc
	$(CARGO) doc --workspace --no-deps

$(WORDS):
	@:
