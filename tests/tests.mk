# SPDX-License-Identifier: MIT
# The workloads, the kernel tests and the tests of the test code itself. Included by the Makefile.

WORKLOADS     := $(patsubst tests/workloads/%.c,$(BUILD)/workloads/%,$(wildcard tests/workloads/*.c))
KERNEL_TESTS  := $(BUILD)/tests/known
SELF_TESTS    := tests/lib/test_run.sh $(BUILD)/tests/test_checks

# Unoptimized, so that the functions are there, stay apart, and have the frame pointers that the
# tests count on; static, so that they run in a guest that holds nothing else.
WORKLOAD_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O0 -g -fno-omit-frame-pointer -static

$(BUILD)/workloads/%: tests/workloads/%.c tests/lib/work.c tests/lib/work.h tests/lib/rawcall.h
	@mkdir -p $(@D)
	$(CC) $(WORKLOAD_CFLAGS) -Itests/lib $< tests/lib/work.c -pthread -o $@

.PHONY: workloads
workloads: $(WORKLOADS)

# The driver of the known-answer tests: static as well, and it reads nothing but the program's output.
KNOWN_SRC := $(filter-out tests/kernel/test_%,$(wildcard tests/kernel/*.c))
KNOWN_HDR := $(wildcard tests/kernel/*.h)

$(BUILD)/tests/known: $(KNOWN_SRC) $(KNOWN_HDR)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -static -Itests/kernel $(KNOWN_SRC) \
		-ljansson -o $@

# Its checks, under the sanitizers: each must see a profile that is wrong.
$(BUILD)/tests/test_checks: tests/kernel/test_checks.c tests/kernel/checks.c tests/kernel/doc.c \
			      tests/kernel/oracle.c $(KNOWN_HDR)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(SANITIZE) -Itests/kernel $(filter %.c,$^) \
		-ljansson -o $@
