# Needs Go, git and make. What else is used (the linters) is fetched by Go, at
# the versions named here.

GO        ?= go
PKGS      ?= ./...
FUZZTIME  ?= 10s
BENCH     ?= .
COUNT     ?= 6
BENCHTIME ?= 100ms
WORKS     ?= .
ROUNDS    ?= 10
FAILOVER  ?=
FLEET     ?= all
SOAK      ?= 10m
HOSTILE   ?=
RACE      ?=
SEED      ?= 0
REGION    ?= global
RELEASE   ?= bin/release
PLATFORMS ?= linux/arm64 darwin/arm64 windows/amd64

# The directories of the modules of their own below this one, which are found, not listed; none where PKGS names
# packages of this one. The lock rule's own module is none of them.
MODULES   ?= $(if $(filter-out ./...,$(PKGS)),,$(shell find . -name '.?*' -prune -o -name testdata -prune -o -name go.mod -path './*/*' -print | sed 's|^\./||; s|/go.mod$$||' | sort))

# $(call each,COMMAND) runs COMMAND for PKGS, and then in each of MODULES for all of it, also when one has failed.
# $(call below,DIRECTORIES,COMMAND) does the latter for some of them.
each  = status=0; $(1) $(PKGS) || status=1; $(call below,$(MODULES),$(1)); exit $$status
below = for m in $(1); do (cd "$$m" && $(2) ./...) || { echo "$$m: failed"; status=1; }; done

# What the race detector is run over: it makes simulations ten times as slow, and finds nothing in one goroutine.
RACED = $(if $(filter ./...,$(PKGS)),$$($(GO) list ./... | grep -vE '/proxy/(fleet|internal/roster)$$'),$(PKGS))

GOLANGCI_LINT = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# gofmt and more. This version writes what gofmt of Go 1.26 writes; later ones
# go by the gofmt of Go 1.27.
GOFUMPT = $(GO) run mvdan.cc/gofumpt@v0.11.0

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this
	@echo "Usage: make TARGET [VARIABLE=value ...]"
	@echo
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1#\2/p' Makefile | awk -F'#' '{ printf "%-12s %s\n", $$1, $$2 }'
	@echo
	@echo "Variables: PKGS=$(PKGS) FUZZTIME=$(FUZZTIME) BENCH=$(BENCH) COUNT=$(COUNT) BENCHTIME=$(BENCHTIME) WORKS=$(WORKS) ROUNDS=$(ROUNDS) FAILOVER=$(FAILOVER) FLEET=$(FLEET) SOAK=$(SOAK) HOSTILE=$(HOSTILE) RACE=$(RACE) SEED=$(SEED)"

.PHONY: demo
demo: ## run the program's demo: fake servers fail, and calls go on
	@$(GO) run ./cmd/rpcproxy demo

.PHONY: test
test: ## run the tests, and name those that cannot run here
	@skipped=$$(mktemp); (export SKIPPED=$$skipped; $(call each,$(GO) test -timeout 30m)); status=$$?; \
	if [ -s $$skipped ]; then echo "skipped, because they cannot run here:"; sort -u $$skipped; fi; \
	rm -f $$skipped; exit $$status

.PHONY: race
race: ## run the tests under the race detector (needs a C compiler), but for those of fleets, which are simulated by one goroutine; RACE has more flags, such as -short
	@status=0; $(GO) test -race $(RACE) $(RACED) || status=1; $(call below,$(MODULES),$(GO) test -race $(RACE)); exit $$status

# What an agent embeds and the sidecar is made of, but for what runs in one goroutine.
EMBEDDED = $$($(GO) list ./actor ./messages ./internal/... ./pool/... ./proxy/... | grep -vE '/proxy/(fleet|internal/)|/internal/(wire|poolcore|pemtext)$$')

.PHONY: race-short
race-short: ## the part of race that takes some minutes: what agents embed, in short
	@$(GO) test -race -short -vet=off -timeout 30m $(EMBEDDED)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME
	@GO="$(GO)" .ci/fuzz $(FUZZTIME) $(PKGS)

.PHONY: bench
bench: ## the benchmarks that match BENCH, COUNT times BENCHTIME each, for benchstat; then WORKS, ROUNDS times (7 min)
	@$(call each,$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime $(BENCHTIME) -count $(COUNT))
	@$(GO) run ./testutil/bench -only '$(WORKS)' -rounds $(ROUNDS)

.PHONY: failover
failover: ## kill, cut off and freeze servers and sidecars and see how late heartbeats get; FAILOVER has the flags (Linux, root, iproute2; 60 min)
	@$(GO) run ./testutil/failover $(FAILOVER)

.PHONY: soak
soak: ## call while servers fail, for SOAK, and check every call (SEED=0: another one each time)
	@$(GO) run ./testutil/soak -duration $(SOAK) -seed $(SEED)

.PHONY: hostile
hostile: ## attack an agent in some hundreds of ways, and measure it; HOSTILE has the flags, such as -short (10 min)
	@$(GO) run ./testutil/hostile $(HOSTILE)

.PHONY: fleet
fleet: ## simulate the scenarios of proxy/fleet/library in full, all or those of FLEET=name,..., and check what they expect
	@$(GO) test -count 1 -timeout 6h -v -run '^TestTheExpectationsOfTheLibraryHold$$' ./proxy/fleet -fleet '$(FLEET)' -figures

.PHONY: reality
reality: ## run outages and restarts with 150 real proxies each, and check that they do what is simulated (5 to 12 min, up to 40 if the machine stands still meanwhile)
	@$(GO) test -count 1 -timeout 1h -parallel 4 -v -tags reality -run '^TestRealFleets' ./proxy/fleet

.PHONY: browser
browser: ## open the status page in Chromium and check it (Linux, Debian's packages; installs Chromium, Java and two npm packages)
	@testutil/browser/install
	@$(GO) test -C testutil/browser -count 1 -tags browser ./...

.PHONY: record
record: ## make the recordings of testutil anew: SERVERS=host:port,... OUT=dir (REGION, CA, CERT, KEY, CONVERSATIONS)
	@$(GO) run ./testutil/record -servers "$(SERVERS)" -out "$(OUT)" -region "$(REGION)" -conversations "$(CONVERSATIONS)" -ca "$(CA)" -cert "$(CERT)" -key "$(KEY)"

.PHONY: cover
cover: ## run the tests and say how much of each function they reach
	@mkdir -p .cache
	@$(GO) test -coverpkg=./... -coverprofile=.cache/cover.out $(PKGS)
	@$(GO) tool cover -func=.cache/cover.out

.PHONY: check
check: format vet lint tidy house documents api cross ## every check that does not run the code

.PHONY: format
format: ## check that every file is as gofmt and gofumpt write it
	@echo "== gofmt, gofumpt"
	@files=$$($(GOFUMPT) -l .) || exit 1; if [ -n "$$files" ]; then \
		echo "$$files"; echo "not formatted; run: $(GOFUMPT) -w ."; exit 1; fi

.PHONY: vet
vet: ## go vet
	@echo "== go vet"
	@$(call each,$(GO) vet)
	@$(GO) vet -tags reality ./proxy/fleet
	@$(GO) vet -C testutil/browser -tags browser ./...

.PHONY: lint
lint: golangci nomutex ## golangci-lint, and no lock anywhere

.PHONY: golangci
golangci:
	@echo "== golangci-lint"
	@$(call each,$(GOLANGCI_LINT) run --allow-parallel-runners)

# testutil/peers compares with a list behind a lock.
.PHONY: nomutex
nomutex: MODULES := $(filter-out testutil/peers,$(MODULES))
nomutex: .cache/nomutex
	@echo "== nomutex"
	@$(call each,$(CURDIR)/.cache/nomutex)

.PHONY: tidy
tidy: ## check that each go.mod and go.sum has what is needed, no more
	@echo "== go mod tidy"
	@status=0; for m in . $(MODULES); do $(GO) mod tidy -C "$$m" -diff || { echo "$$m: not tidy; run: $(GO) mod tidy -C $$m"; status=1; }; done; exit $$status

.PHONY: modules
modules: ## the directories of the modules of their own, which every check covers
	@printf '%s\n' $(MODULES)

.PHONY: house
house: ## the house rules
	@echo "== house rules"
	@GO="$(GO)" .ci/house-rules

.PHONY: documents
documents: ## hold the documents against what they speak of: links, commands, flags, settings, names, figures
	@echo "== documents"
	@GO="$(GO)" $(GO) run ./internal/doccheck

# What is compiled for it is what a release needs, which has no paths of this machine.
.PHONY: cross
cross: .cache/nomutex ## vet, which checks types, and look for locks on other platforms, also in what agents embed of other modules
	@for p in $(PLATFORMS); do \
		echo "== $$p"; \
		export GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 GOFLAGS="$$($(GO) env GOFLAGS) -trimpath"; \
		status=0; $(GO) vet $(PKGS) && .cache/nomutex $(PKGS) || status=1; \
		$(call below,$(filter proxy/%,$(MODULES)),$(GO) vet ./... && $(CURDIR)/.cache/nomutex); \
		[ $$status = 0 ] || { echo "$$p: failed"; exit 1; }; \
	done

# The modules whose exported names are promised.
PROMISED = . $(filter proxy/%,$(MODULES))

.PHONY: api
api: ## compare the exported names of the public packages with .ci/api, and with the last version
	@echo "== api"
	@$(GO) run ./.ci/apilist $(PROMISED)
	@GO="$(GO)" .ci/api-diff

.PHONY: api-update
api-update: ## write .ci/api anew
	@$(GO) run ./.ci/apilist -update $(PROMISED)

.PHONY: blocking
blocking: ## run the pool's tests as on Windows, where a write may block; RACE=-race: under the race detector
	@$(GO) test -tags blockingwrites $(RACE) $(POOL)

POOL ?= ./pool/...

# What may be otherwise where an int has 32 bits, or memory another order.
ABROAD ?= ./actor ./messages ./internal/... ./pool/internal/... ./proxy/internal/... ./pool/accept ./pool ./proxy

.PHONY: bits32
bits32: ## run tests as 32-bit programs: 386, or arm in an emulator where the machine does not run those (qemu-user-static)
	@GO="$(GO)" .ci/abroad 32 $(ABROAD)

.PHONY: arm64
arm64: ## run tests as programs for arm64, in an emulator (qemu-user-static)
	@GO="$(GO)" .ci/abroad arm64 $(ABROAD)

.PHONY: compiled
compiled: ## compile all programs and tests of all modules for windows, darwin and 386, and run none
	@status=0; for p in windows/amd64 windows/arm64 darwin/amd64 darwin/arm64 linux/386; do \
		echo "== $$p"; \
		export GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0; \
		$(GO) test -vet=off -run '^$$' -exec true $(PKGS) >/dev/null || status=1; \
		$(call below,$(MODULES),$(GO) test -vet=off -run '^$$' -exec true); \
	done; exit $$status

.PHONY: others
others: compiled blocking bits32 arm64 ## all that other systems may have otherwise: compiled, blocking, bits32, arm64 (an hour or more)

.PHONY: others-short
others-short: ## the part of others that takes some seconds: blocking, but for the pool itself
	@$(GO) test -tags blockingwrites ./pool/internal/mux ./pool/internal/session ./pool/internal/nbconn ./pool/accept

.PHONY: release
release: .cache/release ## make the files of a release of the commit here, which has a tag, in RELEASE (docs/releasing.md)
	@.cache/release . $(RELEASE)

.PHONY: snapshot
snapshot: .cache/release ## the same of a commit without a tag; what is not committed is not in it (FOR=linux/amd64,... for some platforms)
	@.cache/release -snapshot $(if $(FOR),-platforms $(FOR)) . $(RELEASE)

.PHONY: selftest
selftest: ## break every rule on purpose, in a copy, and see that it is noticed
	@GO="$(GO)" .ci/selftest

# What packs a release has a module of its own, too.
.cache/release: .ci/release/go.mod .ci/release/go.sum $(shell find .ci/release -type f)
	@mkdir -p .cache
	@cd .ci/release && $(GO) build -o ../../.cache/release .

# The rule has a module of its own, so that what it needs does not reach go.mod.
.cache/nomutex: .ci/nomutex/go.mod .ci/nomutex/go.sum $(wildcard .ci/nomutex/*.go)
	@mkdir -p .cache
	@cd .ci/nomutex && $(GO) build -o ../../.cache/nomutex .
