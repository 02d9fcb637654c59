# SPDX-License-Identifier: MIT
# Streams through exporters: the test, and the command that writes what it compares with.

GOLDEN_TEST := $(BUILD)/tests/test_golden

$(GOLDEN_TEST): tests/golden/test_golden.c tests/lib/stream.c $(BUILD)/san/all.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DTESTS_DIR='"$(CURDIR)/tests"' -Isrc -Itests/lib -std=gnu11 $(WARNINGS) \
		$(SANITIZE) tests/golden/test_golden.c tests/lib/stream.c $(BUILD)/san/all.a \
		$(LDLIBS) -o $@

# JSON is read back by a parser that is not ours.
$(BUILD)/tests/unit/test_json $(BUILD)/tests/unit/test_speedscope: LDLIBS += -ljansson

# After a wanted change of an exporter or a stream. Read the diff before it is committed.
.PHONY: golden
golden: $(GOLDEN_TEST)
	REWRITE_GOLDEN=1 $(GOLDEN_TEST)
	git --no-pager diff --stat -- tests/golden
