# SPDX-License-Identifier: Apache-2.0
# A thin door to meson and ninja. `make help` names the targets.
PREFIX ?= /usr/local
SECONDS ?= 60
BUILD := build

.NOTPARALLEL:
.PHONY: all help demo check bench fuzz soak coverage install rules clean deps
all: $(BUILD)/build.ninja ## the program, as build/plimsoll
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || { echo "meson is not installed; tools/deps installs it" >&2; exit 1; }
	@meson setup $(BUILD) --prefix '$(PREFIX)'

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

deps: ## installs what the build needs (says first what)
	@tools/deps build

demo: deps ## builds, makes a leaky image, scans it, recovers a deleted file
	@$(MAKE) --no-print-directory all
	@tools/demo

check: deps ## builds and runs every test; the last line is "N passed, N failed"
	@tests/check

bench: deps all ## throughput, CPU time against the floor, memory, start-up
	@tests/bench/bench --build $(BUILD)
	@tests/bench/git_bench --build $(BUILD)
	@tests/bench/serve_bench --build $(BUILD)
	@tests/bench/text_bench --build $(BUILD)
	@tests/bench/match_bench --build $(BUILD)
	@tests/bench/scrub
	@tests/bench/fleet_scale --build $(BUILD)
	@tests/bench/fleet_bench --build $(BUILD) --images 10000

fuzz: deps ## every fuzzer for SECONDS=60 each (clang)
	@tests/fuzz/run $(SECONDS)

soak: deps ## what is too long for make check
	@tests/soak

coverage: deps ## line coverage, parsers first
	@tools/coverage

install: all ## program, man pages and completions under PREFIX
	@meson configure $(BUILD) -Dprefix='$(PREFIX)'
	@ninja -C $(BUILD) >/dev/null
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir '$(DESTDIR)')

rules: $(BUILD)/build.ninja ## compiles the rules and tries their samples
	@ninja -C $(BUILD) rules

clean: ## removes what was built
	rm -rf build build-* demo
