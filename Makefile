# Rampart. `make demo` shows it, `make test` tests it; both need Go and nothing else.

comma := ,
space := $(subst ,, )
STATICCHECK   := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
WORKFLOWCHECK := go run go.temporal.io/sdk/contrib/tools/workflowcheck@v0.6.0
GOVULNCHECK   := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
# All of gosec's rules but these: names that sound like credentials (G101; a test looks for real ones), errors ignored
# (G104; staticcheck and reviews), conversions of numbers that are bounded (G115), programs and files that the operator
# names (G204, G304), and random numbers for jitter and the sandbox (G404).
GOSEC := go run github.com/securego/gosec/v2/cmd/gosec@v2.30.0 -quiet -exclude G101,G104,G115,G204,G304,G404
GOTESTSUM := go run gotest.tools/gotestsum@v1.13.0

# What the demo needs. A Temporal server that is there already is used, not built.
PROGRAMS := bin/sandbox bin/worker bin/gateway bin/codec-server bin/starter
ifndef TEMPORAL_ADDRESS
PROGRAMS += bin/devserver
endif

# What Go cannot bring: a C compiler, which the race detector needs, Chromium, Prometheus, and Node.js, with npm and of the version that
# Temporal's client for it asks for. The tests that need the last three are named TestWebUI…, TestPrometheus… and TestNode…, and those that
# run the documented commands of curl TestCurl….
COMPILER := $(firstword $(shell command -v $${CC:-gcc} clang 2>/dev/null))
ifneq ($(COMPILER),)
RACE := -race
endif
CHROMIUM := $(firstword $(shell command -v chromium chromium-browser google-chrome 2>/dev/null))
PROMETHEUS := $(and $(shell command -v promtool 2>/dev/null),$(shell command -v prometheus 2>/dev/null))
NODE := $(and $(shell command -v npm 2>/dev/null),$(shell node -p '/^v(20\.([3-9]|\d\d)|2[1-9]|[3-9]\d)\./.exec(process.version) ? 1 : ""' 2>/dev/null))
CURL := $(shell command -v curl 2>/dev/null)
# make nightly runs what is left out always: the tests of the Temporal CLI, which takes ten minutes to build, named TestTemporalCLI…, those
# of the programs that measure, named TestBench…, and two that wait for minutes.
SLOW := TestBench TestWatchThatLastsForMinutes TestRolloutsGoOnPastTheServersLimit
LEFT_OUT := TestTemporalCLI $(SLOW) $(if $(CHROMIUM),,TestWebUI) $(if $(PROMETHEUS),,TestPrometheus) $(if $(NODE),,TestNode) $(if $(CURL),,TestCurl)
either = ^($(subst $(space),|,$(strip $(1))))
WITHOUT = -skip '$(call either,$(LEFT_OUT))'

.DEFAULT_GOAL := help
.PHONY: help
help: ## Try: list the targets
	@for group in Try Test Record Measure; do \
		echo "$$group"; \
		sed -n "s/^\([a-z0-9-]*\):.* ## $$group: \(.*\)/\1|\2/p" Makefile | while IFS='|' read -r target text; do \
			printf '  %-18s %s\n' "$$target" "$$text"; \
		done; \
	done

.PHONY: demo test lint security unit e2e e2e-short e2e-long devserver-test deploy-check build nightly histories screenshots clean FORCE

demo: $(PROGRAMS) ## Try: run an on-ramp and an off-ramp order end to end; KEEP=1 keeps everything running
	@bin/starter demo --bin bin $(if $(KEEP),--keep)

build: bin/sandbox bin/worker bin/gateway bin/codec-server bin/starter bin/devserver ## Try: build all programs into bin/

bin/devserver: FORCE
	@echo "Building the Temporal server and Web UI (the first time takes about 7 minutes on two cores)"
	@go build -C devserver -o ../bin/devserver .
bin/sandbox: FORCE
	@echo "Building the sandbox"
	@go build -o $@ ./sandbox/cmd/sandbox
bin/worker: FORCE
	@echo "Building the worker"
	@go build -o $@ ./worker
bin/gateway: FORCE
	@echo "Building the gateway"
	@go build -o $@ ./gateway
bin/codec-server: FORCE
	@echo "Building the codec server"
	@go build -o $@ ./codec/cmd/codec-server
bin/starter: FORCE
	@echo "Building the starter"
	@go build -o $@ ./starter

# End-to-end tests wait half of their time, which is enough for what compiles most of the time. ALSO adds targets to that. Once it has
# compiled, the longest of the tests use that time. The development server is compiled before two packages of e2e need it at once.
ALSO ?=
test: equipment ## Test: run the tests, as CI does
	@rm -f bin/times/*.json
	@.ci/lanes "unit devserver-test e2e-short" "lint deploy-check $(ALSO) e2e-long"
	@echo "The slowest tests:"
	@cat bin/times/*.json | $(GOTESTSUM) tool slowest --threshold 5s --num 10
	@$(MAKE) --no-print-directory equipment

# equipment says what is left out, first and last, so that nobody overlooks it. CI must not leave anything out.
.PHONY: equipment
equipment: ## Test: say which tests this machine leaves out
	@echo "Some tests run in make nightly: those of the Temporal CLI (TestTemporalCLI...), and $(SLOW:%=%...)."
ifeq ($(COMPILER),)
	@echo "!!! There is no C compiler on this machine: the tests run WITHOUT the race detector."
	@echo "!!! Install Debian's package gcc to have it."
	@test -z "$(CI)"
endif
ifeq ($(CHROMIUM),)
	@echo "!!! There is no Chromium on this machine: the tests of the Web UI (TestWebUI...) are LEFT OUT."
	@echo "!!! Install Debian's package chromium, or Google Chrome, to run them."
	@test -z "$(CI)"
endif
ifeq ($(PROMETHEUS),)
	@echo "!!! There is no Prometheus on this machine: the tests of alerts and dashboard (TestPrometheus...) are LEFT OUT."
	@echo "!!! Install Debian's package prometheus to run them."
	@test -z "$(CI)"
endif
ifeq ($(NODE),)
	@echo "!!! There is no npm with Node.js 20.3 or later on this machine: the tests of the contract with it (TestNode...) are LEFT OUT."
	@echo "!!! Install Debian's packages nodejs and npm, or Node.js' own, to run them."
	@test -z "$(CI)"
endif
ifeq ($(CURL),)
	@echo "!!! There is no curl on this machine: the tests of the commands that use it (TestCurl...) are LEFT OUT."
	@echo "!!! Install Debian's package curl to run them."
	@test -z "$(CI)"
endif
	@:

lint: ## Test: check format, vet, staticcheck and workflow determinism
	@echo "Checking format, vet, staticcheck and workflow determinism"
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@go vet ./... && go vet -C devserver ./... && go vet -C test/bench/plot ./... && go vet -C test/bench/peers ./...
	@$(STATICCHECK) ./... && (cd devserver && $(STATICCHECK) ./...) && (cd test/bench/plot && $(STATICCHECK) ./...) && \
		cd test/bench/peers && $(STATICCHECK) ./...
	@$(WORKFLOWCHECK) -show-pos -config workflowcheck.config.yaml ./workflows/...

# Not part of make test, for it looks outside: at the modules' checksums and at the database of known vulnerabilities.
security: ## Test: verify modules, and look for insecure code and known vulnerabilities; needs the network
	@echo "Verifying that every module is what go.sum says"
	@go mod verify
	@cd devserver && ! { go mod verify 2>&1 | grep -v -e '^all modules verified$$' -e '^rampart v0.0.0: '; }
	@echo "Looking for insecure code with gosec (its first build takes some minutes)"
	@$(GOSEC) -exclude-dir testdata ./... && cd devserver && $(GOSEC) ./...
	@echo "Looking for known vulnerabilities with govulncheck"
	@.ci/vulnerabilities $(GOVULNCHECK)

# go test, with a note of how long each test takes.
TESTSUM = mkdir -p bin/times && $(GOTESTSUM) --format standard-quiet --hide-summary skipped --jsonfile-timing-events bin/times

unit: ## Test: run the tests of all packages but end to end
	@echo "Testing everything but end to end$(if $(RACE),$(comma) with the race detector)"
	@$(TESTSUM)/unit.json -- $(RACE) -timeout 20m $(WITHOUT) $$(go list ./... | grep -v -e /test/e2e -e /ramptest)
	@go test -C test/bench/plot ./... && go test -C test/bench/peers ./...

devserver-test: ## Test: test the Temporal development server
	@echo "Testing the Temporal development server (its first build takes about 7 minutes on two cores)"
	@go test -C devserver -timeout 40m ./...

# Docker's and Kubernetes' own libraries read what Rampart is deployed with: docs/how-to/deploy.md.
deploy-check: ## Test: check Dockerfile, compose file, Kubernetes manifests, Helm chart and workflows
	@echo "Checking Dockerfile, compose file, manifests, Helm chart and workflows (the first build takes some minutes)"
	@cd deploy/check && go vet ./... && $(STATICCHECK) ./... && go test ./...

e2e: ## Test: run the end-to-end tests: real Temporal server, real processes
	@$(E2E) ./ramptest
e2e-short: LEFT_OUT += $(LONG)
e2e-short: ## Test: run the end-to-end tests but the longest
	@$(E2E) ./ramptest
e2e-long: PARALLEL := 2
e2e-long: ## Test: run the longest end-to-end tests
	@$(E2E) -run '$(call either,$(LONG))'

LONG := TestTorture TestWebUI
PARALLEL := 4
E2E = echo "Testing end to end: a real Temporal server, the sandbox, workers that are killed" && \
	$(TESTSUM)/$@.json -- $(RACE) -count=1 -parallel $(PARALLEL) -timeout 60m $(WITHOUT) ./test/e2e

# What takes too long for every change: the model test at length, and a minute of fuzzing for every target.
nightly: test ## Test: run make test, longer model tests, fuzzing, benchmarks, the Temporal CLI
	@echo "Checking 10,000 random orders against the model"
	@RAPID_CHECKS=2000 go test -count=1 -timeout 3h -run '^TestModel' ./workflows
	@echo "Sending an order more signals than the server takes"
	@RAMP_FLOOD=20000 go test -count=1 -timeout 30m -run '^TestFloodOf' ./test/e2e
	@echo "Testing the benchmarks, and what waits for minutes"
	@go test -count=1 -timeout 40m -run '$(call either,$(SLOW))' ./test/e2e
	@echo "Testing by the Temporal CLI (its first build takes some ten minutes)"
	@mkdir -p bin && GOBIN=$(CURDIR)/bin go install github.com/temporalio/cli/cmd/temporal@v1.5.1
	@PATH=$(CURDIR)/bin:$$PATH go test -count=1 -timeout 30m -run '^TestTemporalCLI' ./test/e2e
	@echo "Running orders on other libraries: they must end as Rampart's do"
	@$(MAKE) --no-print-directory bench-peers QUICK=1
	@echo "Killing each process of a cluster"
	@$(MAKE) --no-print-directory torture-cluster ORDERS=100 EVERY=2s
	@for package in $$(git grep -l "^func Fuzz" -- "*_test.go" | xargs -n1 dirname | sort -u | sed "s|^|./|"); do \
		for target in $$(grep -ho '^func Fuzz[A-Za-z]*' $$package/*_test.go | cut -c6-); do \
			echo "Fuzzing $$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime 1m -fuzzminimizetime 1x $$package || exit 1; \
		done; \
	done

# The histories that the workflow code must replay. Those that are missing are recorded; the others stay, for orders that began on
# them may be running.
histories: ## Record: record the histories that are missing for replay tests
	@mkdir -p workflows/testdata/histories
	@RAMP_HISTORIES=$(CURDIR)/workflows/testdata/histories go test -count=1 -timeout 20m -run '^TestOrdersOnEveryPath' ./test/e2e

# A thousand orders under faults, kills and restarts, and what provider, workflows and the backend's endpoint of events say of them:
# docs/explanation/reliability.md. PostgreSQL's programs are Debian's package postgresql.
SEED   ?= 1
FAULTS ?= 20%
TORTURE = bin/torture --seed $(SEED) --orders $(or $(ORDERS),1000) --faults $(FAULTS) $(if $(EVERY),--every $(EVERY)) $(if $(JSON),--json $(JSON))
.PHONY: torture torture-postgres torture-cluster backpressure
torture: bin/sandbox bin/worker bin/gateway bin/devserver bin/starter bin/torture ## Measure: run orders under faults, kills and restarts; SEED, ORDERS, FAULTS, JSON, LOSSES of the database
	@$(TORTURE) $(if $(LOSSES),--losses $(LOSSES))
torture-postgres: bin/sandbox bin/worker bin/gateway bin/temporal-server bin/temporal-sql-tool bin/torture ## Measure: the same on PostgreSQL
	@$(TORTURE) --postgres
# A cluster of nine processes beside its orders is as much as two cores carry; every blow needs half a minute.
torture-cluster: ORDERS := $(or $(ORDERS),300)
torture-cluster: EVERY := $(or $(EVERY),1s)
torture-cluster: bin/sandbox bin/worker bin/gateway bin/temporal-server bin/temporal-sql-tool bin/torture ## Measure: the same on a cluster, each process killed; ORDERS, EVERY
	@$(TORTURE) --cluster
backpressure: bin/sandbox bin/worker bin/devserver bin/torture ## Measure: run more orders than the provider's rate limit allows
	@bin/torture backpressure --worker-rate 50 --for 7m $(if $(JSON),--json $(JSON))
bin/torture: FORCE
	@echo "Building the torture run"
	@go build -o $@ ./test/torture/cmd/torture
bin/temporal-server: FORCE
	@echo "Building the official Temporal server"
	@go build -C devserver -o ../$@ go.temporal.io/server/cmd/server
bin/temporal-sql-tool:
	@GOBIN=$(CURDIR)/bin go install go.temporal.io/server/cmd/tools/sql@v1.32.1 && mv bin/sql $@

# What orders cost, beside what a user would otherwise write or on other libraries, and what it takes to have 10,000 wait:
# docs/explanation/performance.md. They take up to half an hour each, and want the machine to themselves. They fail, and name it, when a target is missed.
BENCH = bin/bench --seed $(SEED) --page docs/explanation/performance.md --json
.PHONY: bench bench-waiting bench-rest bench-postgres bench-waiting-postgres bench-databases bench-events bench-peers bench-crash
bench: bin/worker bin/devserver bin/bench ## Measure: measure what an order costs
	@mkdir -p test/bench/results
	@$(BENCH) test/bench/results/orders.json; status=$$?; $(PLOT)/orders.json && exit $$status
bench-waiting: bin/worker bin/devserver bin/bench ## Measure: measure 10,000 waiting orders
	@mkdir -p test/bench/results
	@$(BENCH) test/bench/results/waiting.json waiting; status=$$?; $(PLOT)/waiting.json && exit $$status
bench-events: bin/devserver bin/bench ## Measure: compare designs of the delivery of events
	@mkdir -p test/bench/results
	@$(BENCH) test/bench/results/events.json events
bench-peers: bin/worker bin/devserver bin/temporal-server bin/temporal-sql-tool bin/peers bin/bench ## Measure: compare with DBOS and River; QUICK
ifdef QUICK
	@bin/bench peers --quick
else
	@mkdir -p test/bench/results
	@$(BENCH) test/bench/results/peers.json peers
	@$(BENCH) test/bench/results/takeovers.json takeovers
endif
bench-rest: bin/worker bin/devserver bin/bench ## Measure: measure 10,000 waiting orders at rest, with profiles
	@mkdir -p test/bench/results
	@bin/bench --seed $(SEED) --json test/bench/results/rest.json rest; status=$$?; $(BESIDE) && exit $$status

# The same on PostgreSQL, with each number of shards: an hour each. Their columns stand beside those of SQLite.
SHARDS ?= 4 16
BESIDE = bin/bench databases test/bench/results docs/explanation/performance.md
bench-postgres: bin/worker bin/temporal-server bin/temporal-sql-tool bin/bench ## Measure: make bench on PostgreSQL; SHARDS
	@mkdir -p test/bench/results
	@status=0; for shards in $(SHARDS); do \
		bin/bench --seed $(SEED) --postgres --shards $$shards --json test/bench/results/orders-postgres-$$shards.json || status=$$?; \
	done; $(BESIDE) && exit $$status
bench-waiting-postgres: bin/worker bin/temporal-server bin/temporal-sql-tool bin/bench ## Measure: make bench-waiting and bench-rest on PostgreSQL; SHARDS
	@mkdir -p test/bench/results
	@status=0; for shards in $(SHARDS); do for what in waiting rest; do \
		bin/bench --seed $(SEED) --postgres --shards $$shards --json test/bench/results/$$what-postgres-$$shards.json $$what || status=$$?; \
	done; done; $(BESIDE) && exit $$status
bench-databases: bin/bench ## Measure: set the last measurements on SQLite and PostgreSQL beside each other
	@$(BESIDE)

# How soon other workers go on after one is killed, and with CURVE=1 what it costs to notice that: docs/explanation/reliability.md.
bench-crash: bin/worker bin/devserver bin/bench ## Measure: kill workers at every call and while they watch; CURVE
	@mkdir -p test/bench/results
ifdef CURVE
	@$(BENCH_CRASH)/crash-curve.json crash --curve
else
	@$(BENCH_CRASH)/crashes.json crash
endif
BENCH_CRASH = bin/bench --seed $(SEED) --page docs/explanation/reliability.md --json test/bench/results
bin/peers: FORCE
	@echo "Building the peers"
	@go build -C test/bench/peers -o ../../../$@ .
PLOT = go run -C test/bench/plot . -into ../../../docs/images ../results
# What many orders a day need, by the last measurements: docs/explanation/scaling.md.
.PHONY: sizes simulation
sizes: bin/bench ## Measure: compute what many orders a day need, from the last measurements
	@bin/bench sizes test/bench/results docs/explanation/scaling.md
simulation: ## Measure: simulate rate limits among workers
	@go test -count=1 -run '^TestSimulationIsWrittenIntoAPage$$' ./test/bench -args -simulate-page ../../docs/explanation/scaling.md
bin/bench: FORCE
	@echo "Building the benchmark"
	@go build -o $@ ./test/bench/cmd/bench

# What a release consists of: docs/how-to/release.md.
.PHONY: release
release: ## Record: build the programs of a release twice, compare them, and add SBOMs and checksums; VERSION, PLATFORMS
	@.ci/release

# The pictures of the Web UI in docs/images, taken anew. With RAMP_SCREENSHOTS=DIR, the tests leave there all that they look at.
screenshots: ## Record: take the pictures of the Web UI in docs/images again
	@taken=$$(mktemp -d) && RAMP_SCREENSHOTS=$$taken go test -count=1 -timeout 20m -run '^TestWebUI' ./test/e2e && \
		for picture in $$(cd $$taken && ls); do test ! -e docs/images/$$picture || cp $$taken/$$picture docs/images/ || exit 1; done && \
		rm -r $$taken

clean: ## Try: remove bin/ and dist/
	@rm -rf bin dist
