# Heliograph. `make help` lists what there is. Everything needs only Go and make.

GO       ?= go
VECTORS  ?= ../shared/vectors
FUZZTIME ?= 60s
BENCH    ?= .
OUT      ?= demo-out

# No cgo anywhere in this tree yet: the programs and tests build with Go alone.
export CGO_ENABLED = 0

# Which folder of published vectors is walked by which package. The first two
# are Heliograph's own protocols and may not be absent.
REQUIRED_VECTORS = bip445:./shared/frost chilldkg:./shared/frost/chilldkg
OTHER_VECTORS    = ur:./shared/qr/ur bbqr:./shared/qr/bbqr bip341:./shared/batch bip328:./shared/wallet psbt:./shared/psbt

# A module of its own: what it compares with would raise versions pinned here.
DIFFERENTIAL = shared/webauthn/differential

.PHONY: help build demo run test bench conformance fuzz clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

build: ## the programs, into bin/
	$(GO) build -trimpath -buildvcs=false -o bin/heliograph ./online
	$(GO) build -trimpath -buildvcs=false -o bin/heliograph-station ./offline
	$(GO) build -trimpath -buildvcs=false -o bin/heliograph-demo ./online/demo

demo: build ## a cold payout from end to end, in processes of their own
	bin/heliograph-demo --bin bin --out $(OUT)

run: build ## the same world, left standing for you to try by hand
	bin/heliograph-demo --bin bin --out $(OUT) --stand

test: ## vet and all tests
	@test -n "$$HELIOGRAPH_VECTORS" || echo "test: SKIPPED: the published vectors, which make conformance walks"
	$(GO) vet ./...
	$(GO) test ./...
	cd $(DIFFERENTIAL) && $(GO) vet ./... && $(GO) test ./...

bench: ## all benchmarks, on one core; BENCH=regexp for some
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -cpu 1 -timeout 30m \
	  $$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n 1 dirname | sort -u)

conformance: ## published test vectors; VECTORS=dir
	@test -d "$(VECTORS)" || { echo "conformance: no folder of vectors at $(VECTORS); name one with VECTORS=dir" >&2; exit 1; }
	@for pair in $(REQUIRED_VECTORS); do \
	  test -d "$(VECTORS)/$${pair%%:*}" || { echo "conformance: $(VECTORS) has no folder $${pair%%:*}" >&2; exit 1; }; \
	done
	@set -e; packages=""; \
	for pair in $(REQUIRED_VECTORS) $(OTHER_VECTORS); do \
	  if test -d "$(VECTORS)/$${pair%%:*}"; then packages="$$packages $${pair#*:}"; \
	  else echo "conformance: $(VECTORS) has no folder $${pair%%:*}; not run"; fi; \
	done; \
	log=$$(mktemp); trap 'rm -f "$$log"' EXIT; status=0; \
	HELIOGRAPH_VECTORS="$(abspath $(VECTORS))" $(GO) test -count=1 -v -run '^TestConformance' $$(printf '%s\n' $$packages | sort -u) > "$$log" 2>&1 || status=$$?; \
	if test $$status -ne 0; then cat "$$log"; exit $$status; fi; \
	grep -E '^(conformance:|ok )' "$$log"

fuzz: ## every decoder against hostile input; FUZZTIME=60s each
	@set -e; for module in . $(DIFFERENTIAL); do \
	  packages=$$(cd $$module && $(GO) list ./...); \
	  for package in $$packages; do \
	    names=$$(cd $$module && $(GO) test -list '^Fuzz' $$package); \
	    for target in $$(printf '%s\n' "$$names" | grep '^Fuzz' || true); do \
	      echo "fuzz: $$package $$target $(FUZZTIME)"; \
	      (cd $$module && $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 50x $$package); \
	    done; \
	  done; \
	done

clean: ## remove what was built
	rm -rf bin $(OUT)
