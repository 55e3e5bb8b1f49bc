# Everything that checks: `make test` is the whole truth, the other targets are parts of it or take longer.
# Two steps each, because what deps installs must be there before make looks at anything else.

UNIT_TESTS   := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/t-*.c))
FUZZ_REPLAYS := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
QUIET        := --no-print-directory $(if $(V),,-s)

.PHONY: deps test soak test-programs golden-update bench demo
deps: ## install the Debian packages that building, testing and linting need
	@tests/deps.sh build test lint fuzz bench

test: ## run every test; with SAN=1 under ASan and UBSan; SUITES="golden bats" runs some
	@tests/deps.sh build test
	@$(MAKE) $(QUIET) B='$(B)' all test-programs
	@B='$(B)' tests/run.sh $(SUITES)

soak: ## random worlds that no test run has seen, for MINUTES (default 10)
	@tests/deps.sh build test
	@$(MAKE) $(QUIET) B='$(B)' all test-programs
	@B='$(B)' tests/soak.sh $(MINUTES)

test-programs: $(UNIT_TESTS) $(FUZZ_REPLAYS)

$(UNIT_TESTS): %: %.o $(B)/libgw.a
	$(call run,LD,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libgw.a $(TEST_LIBS)

# The fuzzers' functions around the seeds only: no clang needed, and a crash that was found stays found.
$(FUZZ_REPLAYS): %: %.o $(B)/tests/fuzz/standalone.o $(B)/libgw.a
	$(call run,LD,$@) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(B)/libgw.a $(TEST_LIBS)

-include $(UNIT_TESTS:%=%.d) $(FUZZ_REPLAYS:%=%.d)

golden-update: all ## rewrite the expectations of the golden tests (ONLY=part-of-name); read git diff after it
	@B='$(B)' UPDATE=1 tests/golden.sh $(ONLY) | sed -n '/^not ok/,/^ok/p'

bench: ## time every stage and the Admin API for N routes (default 1000)
	@tests/deps.sh build test bench
	@$(MAKE) $(QUIET) B='$(B)' all
	@B='$(B)' tests/bench/bench.sh $(or $(N),1000)
	@B='$(B)' tests/bench/push.sh $(or $(N),1000)

demo: ## build, and run the example shop through the pipe
	@tests/deps.sh build demo
	@$(MAKE) $(QUIET) B='$(B)' all
	@B='$(B)' docs/examples/demo.sh

# Coverage-guided, with clang. The library is compiled once more, with the fuzzer's counters.
FUZZ_SECONDS ?= 60
FB           := build-fuzz
FUZZERS      := $(patsubst tests/fuzz/%.c,$(FB)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS   := -g -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all

.PHONY: fuzz fuzzers
fuzz: ## let libFuzzer look for crashes, FUZZ_SECONDS (60) for each target; FUZZ=name for one
	@tests/deps.sh build fuzz
	@$(MAKE) $(QUIET) fuzzers
	@for f in $(if $(FUZZ),$(FB)/$(FUZZ),$(FUZZERS)); do tests/fuzz/run.sh $$f $(FUZZ_SECONDS) || exit; done

fuzzers: $(FUZZERS)

$(FB)/libgw.a: $(patsubst lib/%.c,$(FB)/lib/%.o,$(wildcard lib/*/*.c))
	@rm -f $@
	$(call run,AR,$@) $(AR) rcs $@ $^

$(FB)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call run,CLANG,$<) clang $(FUZZ_FLAGS) -std=c11 $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(FUZZERS): $(FB)/%: tests/fuzz/%.c $(FB)/libgw.a
	$(call run,CLANG,$<) clang $(FUZZ_FLAGS) -fsanitize=fuzzer -std=c11 $(CPPFLAGS) -o $@ $< $(FB)/libgw.a $(TEST_LIBS)

-include $(patsubst lib/%.c,$(FB)/lib/%.d,$(wildcard lib/*/*.c))

# Static checks. What each of them is asked, and why not more, is said in tests/lint.sh.
.PHONY: lint
lint: ## formatting, static analysis of C and shell, man pages
	@tests/deps.sh build lint
	@tests/lint.sh
