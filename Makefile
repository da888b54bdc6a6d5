# The two commands a new machine needs are `make run` and `make test`; both install what is missing.
.DEFAULT_GOAL := help
SHELL := /bin/bash
DATA ?= data
LISTEN ?= 127.0.0.1:8080
export WENSHU_PDFIUM ?= $(CURDIR)/build/libpdfium.so
web_sources := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

in_memory = TMPDIR=/dev/shm TEST_FAULTS=all TEST_FAULTS_TABLE=$(CURDIR)/build/faults.table

.PHONY: help run build check test test-unit test-sqlite test-pg test-clients e2e bench bench-live bench-search bench-transfer fuzz soak fmt openapi openapi-current setup setup-test soak test-web faults

help: ## Shows this list
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup:
	@deploy/setup.sh run

setup-test:
	@deploy/setup.sh test

web/dist/index.html: $(web_sources)
	cd web && npm run build
	@touch $@

run: build ## Installs what is missing, builds, and serves http://127.0.0.1:8080 (DATA=folder, LISTEN=address)
	@exec target/release/wenshu serve --data $(DATA) --listen $(LISTEN)

build: setup ## Builds the web client and the binary (target/release/wenshu)
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo build --release --locked

check: setup ## Formatting, lints, types and licences
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cd web && npm run check
	python3 .ci/licences.py
	$(MAKE) --no-print-directory openapi-current

test: setup-test ## Installs what the tests need and runs all of them
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo test --workspace --locked --no-fail-fast
	$(MAKE) --no-print-directory test-pg test-web test-clients e2e

test-pg: setup-test ## The API tests once more, on PostgreSQL
	tests/support/with-postgres sh -c 'cargo test --workspace --locked --test api && cargo test --workspace --locked --test flows -- --include-ignored backends nodes && cargo test --workspace --locked --test faults -- --include-ignored nodes'

test-web: setup
	cd web && npm test

test-clients: setup-test ## The real y-websocket and tus-js-client against the binary
	cargo test --no-run --workspace --locked
	cd tests/clients && TEST_SERVER=$(CURDIR)/target/debug/wenshu npm test

e2e: setup-test ## A new user's first hour in Chromium; screenshots in build/screenshots
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo test --no-run --workspace --locked
	cd tests/e2e && WENSHU_BIN=$(CURDIR)/target/debug/wenshu npm test

bench: setup-test ## Storage, indexing and search; the README explains the tables
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo bench --workspace --locked --bench storage --bench search

bench-live: setup ## Live editing beside Hocuspocus, y-sweet and y-websocket, one table (LIVE=arguments, e.g. LIVE='--scenes hot')
	@deploy/setup.sh bench
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo bench --locked --bench live -- $(LIVE)

bench-search: setup ## Search over HTTP beside PostgreSQL, SQLite and Groonga, one table (SEARCH=arguments, e.g. SEARCH='--forms articles')
	@deploy/setup.sh bench-search
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo bench --locked --bench search-peers -- $(SEARCH)

bench-transfer: setup ## Uploads and downloads beside rustus, @tus/server, rclone, nginx and Garage (TRANSFER=arguments, e.g. TRANSFER='--scale 0.1')
	@deploy/setup.sh bench-transfer
	@$(MAKE) --no-print-directory web/dist/index.html
	cargo bench --locked --bench transfer-peers -- $(TRANSFER)

fuzz: setup ## Two million hostile messages to a room, with the address sanitizer
	@fuzz/run

faults: setup-test ## Death and power cuts at every call, failing disks and servers, flipped bytes; prints the counts (half an hour)
	@$(MAKE) --no-print-directory web/dist/index.html
	@rm -f build/faults.table
	cargo test --no-run --workspace --locked
	@# On a disk in memory: the power cuts are played after the order of the calls, which is the same there.
	$(in_memory) cargo test --workspace --locked --test faults -- --nocapture --test-threads 2 > build/faults.txt 2>&1 || touch build/faults.bad
	$(in_memory) tests/support/with-postgres cargo test --workspace --locked --test faults -- --nocapture --test-threads 2 --include-ignored > build/faults-pg.txt 2>&1 || touch build/faults.bad
	TEST_ROUNDS=60 cargo test --workspace --locked --test api garbage || touch build/faults.bad
	@(echo 'scenario | database | store | cuts | acknowledged | lost | wrong | planted | found | false alarms | destroyed'; sort build/faults.table) | column -t -s '|' -o '|'
	@if rm build/faults.bad 2>/dev/null; then grep -hE 'panicked|^test result|FAILED' build/faults*.txt; exit 1; fi

soak: setup-test ## Longer forms of the fault and property tests: about half an hour, then it stops by itself
	cargo test --no-run --workspace --locked
	cd tests/clients && TEST_SERVER=$(CURDIR)/target/debug/wenshu TEST_KILLS=60 TEST_SLOW=1 npm test
	PROPTEST_CASES=5000 cargo test --workspace --locked --lib
	TEST_ROUNDS=300 TEST_CANARY_QUESTIONS=20000 cargo test --workspace --locked --test mixed --test killed --test canary
	TEST_CANARY_QUESTIONS=40000 cargo test --workspace --locked --test api canary
	for round in 1 2 3 4 5 6 7 8; do cargo test --workspace --locked --test flows crashes || exit 1; done

fmt: ## Formats the sources
	cargo fmt --all

openapi: setup ## Writes the web client's types from the server's own description of its API
	cargo test --no-run --workspace --locked
	target/debug/wenshu openapi > build/openapi.json
	cd web && npm run --silent openapi

openapi-current: openapi
	git diff --exit-code --stat web/src/api/schema.d.ts
