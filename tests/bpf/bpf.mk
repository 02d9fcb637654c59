# SPDX-License-Identifier: MIT
# The programs of bpf/ compiled for user space and driven by timelines. Included by the Makefile.

TIMELINES_SRC := $(wildcard tests/bpf/*.c)
TIMELINES_OBJ := $(TIMELINES_SRC:%.c=$(BUILD)/%.o)
TIMELINES_CPPFLAGS := -D_GNU_SOURCE -D__TARGET_ARCH_x86 -Itests/bpf/shadow -Iinclude -Ivmlinux
# The kernel reads its types through whatever pointer it has; so does the fake one.
TIMELINES_CFLAGS := -std=gnu11 $(SANITIZE) -fno-strict-aliasing -MD -MP
BPF_TESTS += $(BUILD)/tests/bpf/timelines

# The same one translation unit that the kernel gets, with the same warnings.
$(BUILD)/tests/bpf/scope.bpf.o: $(BUILD)/bpf/scope.bpf.c tests/bpf/bpf.mk
	@mkdir -p $(@D)
	$(CC) $(TIMELINES_CPPFLAGS) -I. -Wall -Wextra -Wno-unused-parameter \
		-Wno-gnu-variable-sized-type-not-at-end $(TIMELINES_CFLAGS) -c $< -o $@

$(BUILD)/tests/bpf/%.o: tests/bpf/%.c tests/bpf/bpf.mk
	@mkdir -p $(@D)
	$(CC) $(TIMELINES_CPPFLAGS) -isystem bpf -DTIMELINES='"tests/bpf/timelines"' $(WARNINGS) \
		$(TIMELINES_CFLAGS) -c $< -o $@

# This one speaks to src/ and sees nothing of the kernel's types.
$(BUILD)/tests/bpf/ledger_check.o: tests/bpf/ledger_check.c tests/bpf/bpf.mk
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc -std=gnu11 $(WARNINGS) $(SANITIZE) -MMD -MP -c $< -o $@

$(BUILD)/tests/bpf/timelines: $(TIMELINES_OBJ) $(BUILD)/tests/bpf/scope.bpf.o $(BUILD)/san/all.a
	$(CC) $(SANITIZE) $^ $(LDLIBS) -lm -o $@

-include $(TIMELINES_OBJ:.o=.d) $(BUILD)/tests/bpf/scope.bpf.d
