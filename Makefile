# `make` lists what there is. Everything works on a bare Debian 12 with Go; what a target needs besides, it installs.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
export CGO_ENABLED = 0
export GOFLAGS ?= -buildvcs=false

.DEFAULT_GOAL := help
.PHONY: help build demo test lint unit fuzz bench clean needs

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

build: ## bin/landwaiter, one static binary
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/landwaiter ./cmd/landwaiter

demo: build ## the main job on a real image, phase by phase; KEEP=1 keeps the server running at the end
	$(GO) run -trimpath ./cmd/demo -landwaiter bin/landwaiter $(if $(KEEP),-keep)

test: needs lint unit fuzz ## everything that CI runs

needs:
	@scripts/needs.sh

lint: ## formatting, go vet, staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

unit: build ## all tests, on SQLite and PostgreSQL, with a real registry
	$(GO) test -timeout 20m ./...

fuzz: ## each fuzz target for a moment; FUZZTIME=10m for the long run
	@scripts/fuzz.sh $(or $(FUZZTIME),100x)

bench: ## hot paths beside their floor; LANDWAITER_BENCH_IMAGE=DIR measures an OCI layout of yours
	$(GO) test -run '^$$' -bench . -benchmem ./...

clean: ## what the other targets made
	rm -rf bin
