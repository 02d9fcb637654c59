# SPDX-License-Identifier: MIT
# One Makefile, not recursive. New files in bpf/, src/, exporters/ and tests/unit/ are found by themselves.

BUILD	?= build
ifeq ($(BUILD),)
$(error BUILD is empty; leave it out for ./build)
endif
PREFIX	?= /usr/local
DESTDIR	?=
CC	= gcc
CLANG	?= clang
BPFTOOL	?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
VERSION	:= 0.1.0

# Debian 12's packages: to build, and what the tests need beyond that.
PACKAGES := gcc libc6-dev clang llvm bpftool libbpf-dev libelf-dev libdw-dev zlib1g-dev libzstd-dev \
	    liblzma-dev libbz2-dev libiberty-dev libprotobuf-c-dev protobuf-c-compiler
TEST_PACKAGES := g++ dwz debuginfod iproute2 libjansson-dev python3 procps util-linux man-db bash-completion elfutils
# Counts instructions.
TEST_PACKAGES += valgrind
# Readers of the formats: pprof, XML's, a browser with what drives it. Debian's npm is not to be had beside a
# nodejs of another origin, which has one of its own.
TEST_PACKAGES += golang-go protobuf-compiler libxml2-utils chromium
TEST_PACKAGES += $(if $(shell command -v npm),,nodejs npm)

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla
CFLAGS	?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DSYSTEMSCOPE_VERSION='"$(VERSION)"' -Iinclude -isystem $(BUILD)
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(CFLAGS) -ffunction-sections -fdata-sections
LDFLAGS	+= -static -Wl,--gc-sections
LDLIBS	:= -lbpf -ldw -lelf -liberty -lprotobuf-c -lz -lzstd -llzma -lbz2 -lpthread

SRC	 := $(wildcard src/*.c)
EXPORTER := $(wildcard exporters/*.c)
PROTO	 := $(wildcard exporters/*.proto)
PROTO_C	 := $(PROTO:exporters/%.proto=$(BUILD)/%.pb-c.c)
ASSET	 := $(wildcard exporters/assets/*)
ASSET_OBJ := $(ASSET:%=$(BUILD)/%.o)
OBJ	 := $(SRC:%.c=$(BUILD)/%.o) $(EXPORTER:%.c=$(BUILD)/%.o) $(PROTO_C:.c=.o) $(ASSET_OBJ)
BPF_SRC	 := $(wildcard bpf/*.bpf.c)

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.PHONY: all build help run test test-programs install uninstall clean packages test-packages

all: build
build: $(BUILD)/systemscope $(BUILD)/systemscope.1 $(BUILD)/systemscope.bash

# $(call install,PACKAGES): what a fresh Debian lacks. Quiet and without network when all is there.
define install
	@missing=; for p in $(1); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q ' installed$$' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "installing:$$missing"; \
		as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
		[ -z "$$as_root" ] || command -v sudo >/dev/null || { \
			echo "this needs root, and there is no sudo: as root, apt-get install$$missing"; \
			exit 1; \
		}; \
		$$as_root apt-get update -q && $$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -q -y --no-install-recommends $$missing; \
	fi
endef

packages:
	$(call install,$(PACKAGES))
test-packages:
	$(call install,$(PACKAGES) $(TEST_PACKAGES))

# --- the kernel side ---------------------------------------------------------------------------

BPF_CFLAGS := -O2 -g -target bpf -mcpu=v2 -D__TARGET_ARCH_x86 -Wall -Wextra -Wno-unused-parameter \
	      -Wno-missing-declarations -Wno-gnu-variable-sized-type-not-at-end -Iinclude -Ivmlinux

# One translation unit of all collectors: the verifier and the compiler see one program file, and
# extern maps of maps, which bpftool cannot link, are no matter.
$(BUILD)/bpf/scope.bpf.c: $(BPF_SRC) Makefile
	@mkdir -p $(@D)
	printf '#include "%s"\n' $(BPF_SRC) > $@

$(BUILD)/bpf/scope.bpf.o: $(BUILD)/bpf/scope.bpf.c
	$(CLANG) $(BPF_CFLAGS) -I. -MMD -MP -MF $(@:.o=.d) -c $< -o $@
	@llvm-objdump -h $@ | awk '$$2 ~ /^[?]/ {printf "  %-34s", substr($$2, 2)} \
		$$2 ~ /^[?]/ {system("echo $$((0x" $$3 " / 8)) instructions")}'

$(BUILD)/scope.skel.h: $(BUILD)/bpf/scope.bpf.o
	$(BPFTOOL) gen skeleton $< name scope_bpf > $@

# --- user space --------------------------------------------------------------------------------

# Only these may see libbpf and the skeleton.
$(BUILD)/src/tracer.o $(BUILD)/src/object.o: $(BUILD)/scope.skel.h

$(BUILD)/src/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# Exporters see the contracts and nothing of src/: a breach does not compile.
$(BUILD)/exporters/%.o: exporters/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# Messages of formats: only pprof's files may see them. What is generated is not held to our warnings.
$(BUILD)/%.pb-c.c $(BUILD)/%.pb-c.h: exporters/%.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=exporters --c_out=$(BUILD) $<
$(BUILD)/%.pb-c.o: $(BUILD)/%.pb-c.c
	$(CC) -std=gnu11 $(CFLAGS) -ffunction-sections -fdata-sections -c $< -o $@
$(patsubst %.c,$(BUILD)/%.o,$(wildcard exporters/pprof*.c)): $(BUILD)/pprof.pb-c.h

# A file as a string of the program, and its hash: exporters/asset.h.
asset_sha256 = $$(sha256sum < $(1) | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64)
$(BUILD)/exporters/assets/%.o: exporters/assets/% exporters/asset.S Makefile
	@mkdir -p $(@D)
	$(CC) -c -DASSET_NAME=asset_$(subst .,_,$*) -DASSET_SHA256_NAME=asset_$(subst .,_,$*)_sha256 \
		-DASSET_FILE='"$<"' -DASSET_SHA256="\"$(call asset_sha256,$<)\"" exporters/asset.S -o $@

$(BUILD)/systemscope: $(OBJ)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(OBJ) $(LDLIBS) -o $@.full
	objcopy --strip-debug $@.full $@

$(BUILD)/systemscope.1: $(BUILD)/systemscope
	$< help --man > $@
$(BUILD)/systemscope.bash: $(BUILD)/systemscope
	$< help --bash-completion > $@

install: build
	install -D -m 755 $(BUILD)/systemscope $(DESTDIR)$(PREFIX)/bin/systemscope
	install -D -m 644 $(BUILD)/systemscope.1 $(DESTDIR)$(PREFIX)/share/man/man1/systemscope.1
	install -D -m 644 $(BUILD)/systemscope.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/systemscope

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/systemscope \
		$(DESTDIR)$(PREFIX)/share/man/man1/systemscope.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/systemscope

clean:
	rm -rf $(BUILD)

help:
	@echo 'make                 the program, its manual page and completion, in $(BUILD)'
	@echo 'make packages        installs what building needs (Debian)'
	@echo 'make run             both, then profiles a small workload; PID=N: that process,'
	@echo '                     DURATION=SECONDS, FREQ=HZ, MIN_BLOCK=US'
	@echo 'make install         to $(DESTDIR)$(PREFIX); DESTDIR=, PREFIX='
	@echo 'make uninstall       takes that away'
	@echo 'make test            installs what is missing, builds, runs every test'
	@echo 'make test-kernels    known answers on four kernels and on the host; KERNEL=6.1'
	@echo 'make fuzz NAME=dwarf  looks for inputs that break it; FUZZ_SECONDS=60'
	@echo 'make golden          writes tests/golden anew, after a wanted change'
	@echo 'make bench           measures what profiling costs, and beside what; PAIRS=20'
	@echo 'make clean           takes $(BUILD) away'

# --- tests -------------------------------------------------------------------------------------

# The same sources under AddressSanitizer and UndefinedBehaviorSanitizer, all but main.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g
UNIT	 := $(wildcard tests/unit/test_*.c)
UNIT_BIN := $(UNIT:tests/unit/%.c=$(BUILD)/tests/unit/%)
SAN_OBJ	 := $(patsubst %.c,$(BUILD)/san/%.o,$(filter-out src/main.c,$(SRC)) $(EXPORTER)) \
	    $(PROTO_C:$(BUILD)/%.c=$(BUILD)/san/%.o)

$(BUILD)/san/src/tracer.o $(BUILD)/san/src/object.o: $(BUILD)/scope.skel.h
$(BUILD)/san/src/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc -std=gnu11 $(WARNINGS) $(SANITIZE) -MMD -MP -c $< -o $@
$(BUILD)/san/exporters/%.o: exporters/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=gnu11 $(WARNINGS) $(SANITIZE) -MMD -MP -c $< -o $@
$(BUILD)/san/%.pb-c.o: $(BUILD)/%.pb-c.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(SANITIZE) -c $< -o $@
$(patsubst %.c,$(BUILD)/san/%.o,$(wildcard exporters/pprof*.c)): $(BUILD)/pprof.pb-c.h
$(BUILD)/san/all.a: $(SAN_OBJ) $(ASSET_OBJ)
	rm -f $@ && ar rcs $@ $^
$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/san/all.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc -Itests/lib -std=gnu11 $(WARNINGS) $(SANITIZE) -MMD -MP $< \
		$(BUILD)/san/all.a $(LDLIBS) -o $@

-include tests/tests.mk tests/bpf/bpf.mk tests/golden/golden.mk tests/fuzz/fuzz.mk tests/kernels/kernels.mk tools/tools.mk

# make run: profiles the bundled workload, or PID=N; DURATION=, FREQ= and MIN_BLOCK= act.
run:
	@$(MAKE) --no-print-directory packages
	@$(MAKE) --no-print-directory build $(BUILD)/workloads/demo
	@BUILD=$(BUILD) PID="$(PID)" DURATION="$(DURATION)" FREQ="$(FREQ)" MIN_BLOCK="$(MIN_BLOCK)" \
		tools/run-demo

# make test: installs what is missing, builds, and runs every test. The last line sums up.
test:
	@$(MAKE) --no-print-directory test-packages
	@$(MAKE) --no-print-directory build test-programs
	@SYSTEMSCOPE=$(abspath $(BUILD))/systemscope BUILD=$(BUILD) tests/run --timeout 900 \
		$(SELF_TESTS) $(UNIT_BIN) $(FUZZ_TESTS) $(GOLDEN_TEST) $(BPF_TESTS) $(sort $(wildcard tests/cli/*.sh)) $(KERNEL_TESTS)
test-programs: $(UNIT_BIN) $(FUZZ_TESTS) $(GOLDEN_TEST) $(BPF_TESTS) $(filter $(BUILD)/%,$(SELF_TESTS)) workloads $(KERNEL_TESTS) $(BENCH_PROGRAMS)

-include $(OBJ:.o=.d) $(SAN_OBJ:.o=.d) $(BUILD)/bpf/scope.bpf.d $(UNIT_BIN:=.d)
