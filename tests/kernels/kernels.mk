# SPDX-License-Identifier: MIT
# The known-answer tests on Debian's kernels, in guests, and on the host. Included by the Makefile.

# The guests, and apt's sources and the archive's keys to fetch their kernels by.
KERNELS_PACKAGES := qemu-system-x86 seabios busybox-static cpio gzip util-linux e2fsprogs

KERNELS_RUN = tests/kernels/run --cache $(BUILD)/kernels --systemscope $(BUILD)/systemscope \
	      --driver $(BUILD)/tests/known --workloads $(BUILD)/workloads \
	      $(if $(KERNEL),--kernel $(KERNEL))

.PHONY: test-kernels test-kernels-harness kernel-shell

# KERNEL=6.1 for one of them (or host), TESTS='NAME...' for some of the tests. Where no kernel can
# be had (status 77) the report says why, and that is no failure.
test-kernels:
	$(call install,$(PACKAGES) $(TEST_PACKAGES) $(KERNELS_PACKAGES))
	@$(MAKE) --no-print-directory build workloads $(KERNEL_TESTS)
	@$(KERNELS_RUN) $(TESTS) || [ $$? = 77 ]

# Whether the above sees a test that fails, hangs or is missing, and a guest that dies.
test-kernels-harness:
	@BUILD=$(BUILD) tests/run tests/kernels/test_matrix.sh

# make kernel-shell KERNEL=5.10 CMD='systemscope doctor'
kernel-shell:
	@$(KERNELS_RUN) --exec '$(subst ','\'',$(CMD))'
