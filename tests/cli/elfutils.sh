#!/bin/sh
# SPDX-License-Identifier: MIT
# The stacks of stopped threads against elfutils' unwinder, for the workload whose stacks are known.
# Left out: code without any table, where elfutils guesses.
. "$(dirname "$0")/../lib/cli.sh"

tools=$(realpath "$(dirname "$0")/../../tools")
workloads=${WORKLOADS:-$(dirname "$SYSTEMSCOPE")/workloads}
shapes=leaf,call,recursion,deep,qsort,dynamic,aligned_gcc,aligned_clang,signal_call,signal_leaf
shapes=$shapes,signal_stack,signal_trap,coroutine,noreturn,framed,debug_frame,libc_loop,vdso_loop,plt_loop

compare() { # NAME WORKLOAD
	mkfifo "$scratch/$1.stdin"
	"$2" --shapes "$shapes" --facts "$scratch/$1.facts" <"$scratch/$1.stdin" &
	workload=$!
	exec 9>"$scratch/$1.stdin" # it ends with this descriptor
	for _ in $(seq 300); do
		grep -q '^ready' "$scratch/$1.facts" 2>/dev/null && break
		sleep 0.1
	done
	if "$tools/compare-unwind" --rounds 5 "$workload" >"$scratch/$1.out" 2>&1; then
		ok "$1"
	else
		not_ok "$1" "$(grep ' agree, ' "$scratch/$1.out" | tr '\n' ' ')"
		sed 's/^/# /' "$scratch/$1.out"
	fi
	exec 9>&-
	wait "$workload"
}

for link in static pie; do
	if [ ! -x "$workloads/unwind-$link" ]; then
		echo "skip elfutils_$link - the workloads are not built"
	elif ! command -v eu-stack >/dev/null || ! command -v python3 >/dev/null; then
		echo "skip elfutils_$link - eu-stack or python3 is not installed"
	elif needs_capture "elfutils_$link"; then
		compare "elfutils_$link" "$workloads/unwind-$link"
	fi
done
finish
