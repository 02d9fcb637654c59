#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a switch costs in the kernel, as a multiple of an empty BPF program's run in the same seconds. No
# time decides: both are slower on a machine that is busy. Where the bounds come from: kernel_cost.bounds.
. "$(dirname "$0")/../lib/cli.sh"

PATH=$PATH:/usr/sbin:/sbin # bpftool
needs_capture kernel_cost || finish
: "${BUILD:?where programs are built}"
if python3 "$(dirname "$0")/../../tools/bench/stages" --seconds 0.4 \
	--gate "$(dirname "$0")/kernel_cost.bounds" >"$scratch/out" 2>"$scratch/err"; then
	cat "$scratch/out"
else
	failures=1
	cat "$scratch/err"
	grep . "$scratch/out" || echo "not ok kernel_cost - $(tail -n 1 "$scratch/err")"
fi
finish
