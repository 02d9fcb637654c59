# SPDX-License-Identifier: MIT
# Fuzz targets: tests/fuzz/fuzz_NAME.c with its corpus, tests/fuzz/NAME.corpus. Included by the Makefile.

FUZZ	   := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TESTS := $(FUZZ:%=$(BUILD)/tests/fuzz/%)

# What `make test` runs: the corpus once.
$(BUILD)/tests/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(BUILD)/san/all.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Isrc -std=gnu11 $(WARNINGS) $(SANITIZE) -DTARGET='"fuzz_$*"' \
		-DCORPUS='"tests/fuzz/$*.corpus"' tests/fuzz/fuzz_$*.c tests/fuzz/replay.c \
		$(BUILD)/san/all.a $(LDLIBS) -o $@

# make fuzz NAME=dwarf FUZZ_SECONDS=600: libFuzzer (Debian: libclang-rt-dev), from the corpus, which
# then holds what it found.
FUZZ_SECONDS := 60
.PHONY: fuzz
fuzz: $(BUILD)/tests/fuzz/$(NAME) $(BUILD)/scope.skel.h $(ASSET_OBJ)
	@test -n "$(NAME)" || { echo 'make fuzz NAME=...: one of $(FUZZ)' >&2; exit 2; }
	@mkdir -p $(BUILD)/fuzz/$(NAME) $(BUILD)/fuzz/$(NAME).least
	@rm -f $(BUILD)/fuzz/$(NAME)/* $(BUILD)/fuzz/$(NAME).least/*
	$(CLANG) $(CPPFLAGS) -Isrc -std=gnu11 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -O1 -g tests/fuzz/fuzz_$(NAME).c \
		$(filter-out src/main.c,$(SRC)) $(EXPORTER) $(PROTO_C) $(ASSET_OBJ) $(LDLIBS) \
		-o $(BUILD)/fuzz/fuzz_$(NAME)
	@[ ! -e tests/fuzz/$(NAME).corpus ] || \
		$(BUILD)/tests/fuzz/$(NAME) --split tests/fuzz/$(NAME).corpus $(BUILD)/fuzz/$(NAME)
	$(BUILD)/fuzz/fuzz_$(NAME) -max_len=16384 -timeout=5 -rss_limit_mb=1024 \
		-max_total_time=$(FUZZ_SECONDS) -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/$(NAME)
	$(BUILD)/fuzz/fuzz_$(NAME) -merge=1 -max_len=16384 $(BUILD)/fuzz/$(NAME).least \
		$(BUILD)/fuzz/$(NAME)
	$(BUILD)/tests/fuzz/$(NAME) --join $(BUILD)/fuzz/$(NAME).least tests/fuzz/$(NAME).corpus
