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

# The same program with other names at the same addresses.
WORKLOADS += $(BUILD)/workloads/names-other
$(BUILD)/workloads/names-other: tests/workloads/names.c tests/lib/work.c tests/lib/work.h tests/lib/rawcall.h
	@mkdir -p $(@D)
	$(CC) $(WORKLOAD_CFLAGS) -DNAMES_OTHER -Itests/lib $< tests/lib/work.c -pthread -o $@

# The workload whose stacks are known is built as programs usually are: optimized, without frame
# pointers, and in each of the ways that a program can be linked. Not one function of it has lines in
# a debug file, which would show inlined calls; one part has .debug_frame and nothing else.
UNWIND_DIR    := tests/workloads/unwind
UNWIND_HDR    := tests/lib/work.h tests/lib/rawcall.h $(UNWIND_DIR)/unwind.h
UNWIND_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -fomit-frame-pointer \
		 -fno-optimize-sibling-calls -fno-stack-protector -Itests/lib
UNWIND_PARTS  := framed debug_frame bare aligned_gcc aligned_clang
UNWIND_OBJ    := $(UNWIND_PARTS:%=$(BUILD)/workloads/unwind.d/%.o)
UNWIND_SRC    := tests/workloads/unwind.c $(UNWIND_DIR)/shapes.c $(UNWIND_DIR)/signals.c \
		 tests/lib/work.c
UNWIND_LINKS  := static static-pie pie no-pie
UNWIND_LINKED := $(UNWIND_LINKS:%=$(BUILD)/workloads/unwind-%) $(BUILD)/workloads/unwind_loaded.so
WORKLOADS     := $(filter-out %/unwind,$(WORKLOADS)) $(UNWIND_LINKED)

.SECONDARY: $(UNWIND_OBJ)
unwind_no_tables := -fno-asynchronous-unwind-tables -fno-unwind-tables

$(BUILD)/workloads/unwind.d/framed.o: UNWIND_HOW := -fno-omit-frame-pointer $(unwind_no_tables)
$(BUILD)/workloads/unwind.d/debug_frame.o: UNWIND_HOW := -g $(unwind_no_tables)
$(BUILD)/workloads/unwind.d/bare.o: UNWIND_HOW := -O3 $(unwind_no_tables)
$(BUILD)/workloads/unwind.d/aligned_%.o: $(UNWIND_DIR)/aligned.c $(UNWIND_HDR)
	@mkdir -p $(@D)
	$(if $(filter clang,$*),$(CLANG),$(CC)) $(UNWIND_CFLAGS) -fPIE -DNAME=unwind_aligned_$* -c $< -o $@
$(BUILD)/workloads/unwind.d/%.o: $(UNWIND_DIR)/plain.c $(UNWIND_HDR)
	@mkdir -p $(@D)
	$(CC) $(UNWIND_CFLAGS) $(UNWIND_HOW) -fPIE -DNAME=unwind_$* -c $< -o $@

# A no-pie program's stubs of the other form, which processors with shadow stacks want.
$(BUILD)/workloads/unwind-static: UNWIND_HOW := -static
$(BUILD)/workloads/unwind-static-pie: UNWIND_HOW := -static-pie -fPIE
$(BUILD)/workloads/unwind-pie: UNWIND_HOW := -pie -fPIE -DUNWIND_DYNAMIC
$(BUILD)/workloads/unwind-no-pie: UNWIND_HOW := -no-pie -fno-pie -DUNWIND_DYNAMIC -Wl,-z,ibtplt
$(BUILD)/workloads/unwind-%: $(UNWIND_SRC) $(UNWIND_OBJ) $(UNWIND_HDR)
	$(CC) $(UNWIND_CFLAGS) $(UNWIND_HOW) -fno-builtin-labs -fno-builtin-memset $(UNWIND_SRC) \
		$(UNWIND_OBJ) -pthread -o $@
$(BUILD)/workloads/unwind_loaded.so: $(UNWIND_DIR)/loaded.c $(UNWIND_HDR)
	@mkdir -p $(@D)
	$(CC) $(UNWIND_CFLAGS) -fPIC -shared $< -o $@

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
$(BUILD)/tests/test_checks: tests/kernel/test_checks.c tests/kernel/chain.c tests/kernel/checks.c \
			      tests/kernel/doc.c tests/kernel/oracle.c $(KNOWN_HDR)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(SANITIZE) -Itests/kernel $(filter %.c,$^) \
		-ljansson -o $@

# Profiles as pages and pictures, for tests/cli/{,browser_}{html,svg}.sh.
test-programs: $(BUILD)/tests/pages
$(BUILD)/tests/pages: tests/html/pages.c tests/lib/stream.c tests/lib/stream.h tests/lib/handmade.h \
			$(BUILD)/san/all.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DTESTS_DIR='"$(CURDIR)/tests"' -Isrc -Itests/lib -std=gnu11 $(WARNINGS) \
		$(SANITIZE) tests/html/pages.c tests/lib/stream.c $(BUILD)/san/all.a $(LDLIBS) -o $@
