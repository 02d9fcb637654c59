#!/bin/sh
# SPDX-License-Identifier: MIT
# Stacks as one reads them in a result: the same wait is the same stack, whenever it began.
. "$(dirname "$0")/../lib/cli.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$(dirname "$SYSTEMSCOPE")}
case $build in
/*) ;;
*) build=$root/$build ;;
esac

needs_capture stacks || finish
if [ ! -x "$build/workloads/reasons" ]; then
	echo "skip stacks - no workload reasons is built"
	finish
fi

# Each of its threads waits as the window opens, which the kernel's own snapshot tells, and once more
# within the window, which the switch tells.
"$build/workloads/reasons" --period-ms 700 --facts "$scratch/facts" >/dev/null &
workload=$!
for _ in $(seq 100); do
	grep -q ready "$scratch/facts" 2>/dev/null && break
	sleep 0.1
done
sleep 0.3
run "$SYSTEMSCOPE" offcpu -q --kernel-stacks-only --per-thread -p $workload -d 2 -o x.folded
kill $workload
wait $workload 2>/dev/null
if judge_success one_wait_one_stack 0 x.folded; then
	roles='accept epoll futex nanosleep pipe_read pipe_write poll select sigtimedwait socket_read socket_recv'
	for role in $roles; do
		# a page fault that meets another thread's change of mappings is a wait of its own
		count=$(grep "^$role-.*_\[o\]" "$dir/work/x.folded" | grep -vc asm_exc_page_fault)
		if [ "$count" = 1 ]; then
			ok "one_wait_one_stack_$role"
		else
			not_ok "one_wait_one_stack_$role" "$count: $(grep "^$role-.*_\[o\]" \
				"$dir/work/x.folded" | sed 's/ .*//' | tr '\n' ' ')"
		fi
	done
fi
finish
