# Every day's commands. `make help` lists them; CMake and Ninja do the work.
PREFIX ?= /usr/local
BUILD := build/release

.DEFAULT_GOAL := build
.PHONY: build test unit asan tsan fuzz lint format bench demo install clean help

build: ## build everything (release)
	@tools/build.sh release

test: build ## run all tests of the release build
	@ctest --test-dir $(BUILD) --output-on-failure -j$$(nproc)

unit: ## run the tests that stand beside the code, only
	@tools/build.sh release unit_tests
	@ctest --test-dir $(BUILD) --output-on-failure -j$$(nproc) -L unit

asan: ## unit and simulator tests with AddressSanitizer and UBSan
	@./test.sh asan

tsan: ## unit and simulator tests with ThreadSanitizer
	@./test.sh tsan

fuzz: ## every fuzzer for FUZZ_SECONDS (60)
	@./test.sh fuzz

lint: ## formatting, clang-tidy, layers, sizes, manners
	@tools/lint.sh

format: ## format the sources in place
	@git ls-files '*.cc' '*.h' | xargs clang-format-14 -i

bench: ## run the benchmarks
	@tools/build.sh release benchmarks
	@tools/bench.sh

demo: ## run the main job: a MapReduce word count
	@./demo.sh

install: build ## install under PREFIX (/usr/local)
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean: ## remove everything built
	@rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
