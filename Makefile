# `make help` lists the targets.
# `demo`, `test`, `interop`, `conformance` and `bench` set up all they need, also on a fresh clone.

SWIFT ?= swift
SOURCES := Sources Tests Examples Package.swift
PROGRAMS := dfs-master dfs-chunkserver dfs-client
# For tests of the gRPC layer; `make build` leaves them out of bin/.
TOOLS := interop-server interop-client rpc-bench meta-bench

# Programs leave the run-time checks of exclusive access to the tests (docs/decisions/0017).
RELEASE := -c release -Xswiftc -enforce-exclusivity=unchecked

# install_programs <names>: release binaries into bin/, each replaced in one step.
define install_programs
	@mkdir -p bin
	@for program in $(1); do \
		install -m 755 "$$($(SWIFT) build $(RELEASE) --show-bin-path)/$$program" "bin/.$$program.new" && \
		mv -f "bin/.$$program.new" "bin/$$program" || exit 1; \
	done
	@echo "built: $(addprefix bin/,$(1))"
endef

.DEFAULT_GOAL := help
.PHONY: help deps build demo test interop conformance crash-test fault-test append-test thread-ids sim sim-canaries thrash fuzz bench bench-rpc bench-meta bench-scale bench-peers bench-repair format format-check protos protos-check clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

deps: ## install the apt packages that are missing and check the Swift toolchain
	@Makefile.d/deps
	@$(SWIFT) package resolve || { sleep 5; $(SWIFT) package resolve; }

build: deps ## build the release binaries into bin/
	$(SWIFT) build $(RELEASE)
	$(call install_programs,$(PROGRAMS))

demo: build ## put 1 GiB into a local cluster of a master and two chunk servers, and get it back
	@Makefile.d/demo

test: deps ## run all unit and cluster tests, each kind one at a time: some bind ports, some have deadlines
	$(SWIFT) build --build-tests
	@SWIFT="$(SWIFT)" Makefile.d/test

interop: build ## run every mix of Swift and Go nodes and Swift, Go and Python clients
	@Tests/Interop/run

crash-test: build ## kill a master or cut its power in ROUNDS rounds (default 200) of changes; none may be lost, half or twice
	@Tests/Crash/run --rounds $(or $(ROUNDS),200)

fault-test: build ## put each fault into each step of a put, for each victim; QUICK=1 takes a sample
	@Tests/Faults/run $(if $(QUICK),--quick)

append-test: build ## kill primaries and masters while 2 clients append RECORDS records each (default 10000); none may be missing
	@Tests/Append/run --records $(or $(RECORDS),10000)

thrash: build ## break a cluster of Swift and Go nodes under load for MINUTES=<n> (default 5), and check its history; needs root
	@Tests/Thrash/run --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED))

thread-ids: build ## fail where an optimized async function takes a lock by another thread's id
	@Makefile.d/thread-ids $(addprefix bin/,$(PROGRAMS))

# sim <arguments>: builds the simulator, which is no part of bin/, and runs it.
define sim
	$(SWIFT) build $(RELEASE) --product dfs-sim
	@"$$($(SWIFT) build $(RELEASE) --show-bin-path)/dfs-sim" $(1)
endef

sim: SECONDS ?= $(if $(MINUTES),$$(($(MINUTES) * 60)),60)
sim: deps ## run simulated clusters: SEED=<n> replays one, MINUTES=<n> or SECONDS=<n> runs new seeds; a minute unless given
	$(call sim,run $(if $(SEED),--trace --seed $(SEED),--seconds $(SECONDS)))

sim-canaries: deps ## run simulated clusters with known bugs; each must be found within its number of seeds
	$(call sim,canaries)

conformance: build ## run gRPC's interop tests among Swift, Go and Python; H2SPEC=<binary> runs h2spec, too
	$(call install_programs,$(TOOLS))
	@Tests/Conformance/run

fuzz: SECONDS ?= 600
fuzz: deps ## feed the gRPC layer with made-up input for SECONDS=<n>, 600 unless given
	$(SWIFT) build $(RELEASE) --product rpc-fuzz
	@"$$($(SWIFT) build $(RELEASE) --show-bin-path)/rpc-fuzz" --seconds $$(($(SECONDS) / 3)) \
		$(if $(SEED),--seed $(SEED)) || { echo "last input: rpc-fuzz $$(cat .build/rpc-fuzz.journal)"; exit 1; }

bench: build ## measure put and get of 1 GiB beside a Go cluster
	@Benchmarks/run

bench-rpc: build ## measure the gRPC layer beside grpc-go, under the same load
	$(call install_programs,$(TOOLS))
	@Benchmarks/run-rpc

bench-meta: build ## measure the master: creates, look-ups beside a Go master, memory and restart at ten million files
	$(call install_programs,$(TOOLS))
	@Benchmarks/run-meta

bench-scale: build ## measure a master with very many chunk servers; ARGUMENTS="--servers <n> --chunks <n>"
	$(call install_programs,$(TOOLS))
	@Benchmarks/run-scale $(ARGUMENTS)

bench-peers: build ## measure put and get beside SeaweedFS and MooseFS, and over links of 1 Gbit/s; needs root
	@Benchmarks/run-peers

bench-repair: build ## measure how long a lost chunk server takes to be found and made up for, beside MooseFS; needs root
	@Benchmarks/run-repair

format: ## rewrite the Swift sources in the project's format
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

format-check: ## fail where the Swift sources are not in the project's format
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)

protos: deps ## regenerate Sources/CMessages and Sources/CInteropMessages from Protos/
	@Makefile.d/protos write

protos-check: deps ## fail where they are not what Protos/ generates
	@Makefile.d/protos check

clean: ## remove what the build made
	rm -rf .build bin
