# SPDX-License-Identifier: MIT
# make bench: what a profile costs, in the kernel and in user space, against other profilers and nothing.
# Needs root and a quiet machine. Prints what it measures and which bounds hold, writes JSON to $(BUILD)/bench, and
# of that the tables of docs/performance.md and README.md. PAIRS=20: rounds of real work; default 3.
# A part alone: BUILD=build tools/bench/NAME [--help]. Servers (redis-server redis-tools postgresql nginx wrk openssl)
# are measured where they are installed; they are not installed here, since Debian starts them.

BENCH_PACKAGES := bpftool libbpf-tools linux-perf bpftrace make python3 gcc
BENCH_PROGRAMS := $(addprefix $(BUILD)/bench/,empty empty.bpf.o exporters ledger stacks stages names.so)
BENCHES	       := switches walks scale start stages crowds make-shares folding
PAIRS	       ?= 3

$(BUILD)/bench/empty.bpf.o: tools/bench/empty.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@
$(BUILD)/bench/empty: tools/bench/empty.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) $(CFLAGS) $< -static -lbpf -lelf -lz -lzstd -o $@

.PHONY: bench bench-programs
bench-programs: build workloads $(BENCH_PROGRAMS)
bench:
	@$(MAKE) --no-print-directory packages
	$(call install,$(BENCH_PACKAGES))
	@$(MAKE) --no-print-directory bench-programs
	@export BUILD=$(BUILD); ret=0; for b in $(BENCHES) 'profilers --pairs $(PAIRS)'; do \
		echo "--- $$b"; tools/bench/$$b || ret=1; \
	done; echo '--- exporters'; $(BUILD)/bench/exporters || ret=1; tools/bench/table || ret=1; exit $$ret

# The program itself, but that it takes no stacks
$(BUILD)/bench/ledger: tools/bench/ledger.c $(OBJ)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc $(ALL_CFLAGS) $(LDFLAGS) -Wl,--wrap=session_run $^ $(LDLIBS) -o $@

# What unwind tables of files come to: $(BUILD)/unwind-bench FILE...
$(BUILD)/unwind-bench: tools/unwind-bench.c $(filter-out $(BUILD)/src/main.o,$(OBJ))
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Isrc $^ $(LDLIBS) -o $@

# What exporters cost for a profile made up: $(BUILD)/bench/exporters [-n SAMPLES] [-s STACKS] [NAME...]
$(BUILD)/bench/exporters: tools/bench/exporters.c $(filter-out $(BUILD)/src/main.o,$(OBJ))
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# What 1 000 000 distinct stacks come to: $(BUILD)/bench/stacks [-n STACKS] [NAME...]
$(BUILD)/bench/stacks: tools/bench/stacks.c $(filter-out $(BUILD)/src/main.o,$(OBJ))
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc $(ALL_CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# What each stage of user space costs: $(BUILD)/bench/stages [-n STACKS] [-i IMAGE], and a file with functions
# to be named, that is the same wherever the compiler is.
$(BUILD)/bench/stages: tools/bench/stages.c $(filter-out $(BUILD)/src/main.o,$(OBJ))
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc $(ALL_CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@
$(BUILD)/bench/names.c: tools/tools.mk
	@mkdir -p $(@D)
	@awk 'BEGIN { for (i = 0; i < 500; i++) \
		printf "static inline long inner%d(long n)\n{\n\treturn n * %d + n %% 7;\n}\n" \
			"long outer%d(long n)\n{\n\tlong sum = 0;\n\twhile (n--)\n" \
			"\t\tsum += inner%d(n) ^ inner%d(sum);\n\treturn sum;\n}\n", i, i + 3, i, i, i }' > $@
$(BUILD)/bench/names.so: $(BUILD)/bench/names.c
	$(CC) -O2 -g -fPIC -shared -nostdlib $< -o $@
