# SPDX-License-Identifier: MIT
# make bench: what a profile costs, in the kernel and in user space. Needs root, bpftool and
# libbpf-tools (whose offcputime is the yardstick); prints tables, and JSON to $(BUILD)/bench.

BENCH_PACKAGES := bpftool libbpf-tools make python3

$(BUILD)/bench/empty.bpf.o: tools/bench/empty.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@
$(BUILD)/bench/empty: tools/bench/empty.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) $(CFLAGS) $< -static -lbpf -lelf -lz -lzstd -o $@

.PHONY: bench bench-programs
bench-programs: build workloads $(BUILD)/bench/empty $(BUILD)/bench/empty.bpf.o $(BUILD)/bench/exporters
bench:
	@$(MAKE) --no-print-directory packages
	$(call install,$(BENCH_PACKAGES))
	@$(MAKE) --no-print-directory bench-programs
	@ret=0; for b in switches walks crowds make-shares; do \
		echo "--- $$b"; BUILD=$(BUILD) tools/bench/$$b || ret=1; \
	done; echo '--- exporters'; $(BUILD)/bench/exporters || ret=1; exit $$ret

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
