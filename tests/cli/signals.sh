#!/bin/sh
# SPDX-License-Identifier: MIT
# Asked to end in mid-run: all data written, or, if asked twice, out at once; nothing left.
. "$(dirname "$0")/../lib/cli.sh"

needs_capture signals || finish

# start ARG...: in the background, in its own session, so that signals go to it alone.
start() {
	run_count=$((run_count + 1))
	dir=$scratch/$run_count
	mkdir -p "$dir/work"
	(cd "$dir/work" && exec env "CLI_MARK=$dir" setsid "$SYSTEMSCOPE" "$@") \
		>"$dir/out" 2>"$dir/err" </dev/null &
	pid=$!
	# The window has begun when the programs are loaded: descriptors tell.
	for _ in $(seq 100); do
		readlink "/proc/$pid/fd"/* 2>/dev/null | grep -q 'bpf_link\|bpf-prog\|perf_event' && break
		sleep 0.1
	done
	sleep 0.5
}

end() {
	code=0
	wait "$pid" || code=$?
}

for signal in INT TERM HUP; do
	start -q -p $$ -d 0 -o x.folded
	kill -$signal "$pid"
	end
	if judge_success "ends_on_$signal" 0 x.folded; then
		if is_folded "$dir/work/x.folded"; then
			ok "ends_on_$signal"
		else
			not_ok "ends_on_$signal" "no folded stacks"
		fi
	fi
done

start -q -o x.folded -- sleep 100
kill -TERM "$pid"
end
judge_success term_ends_command 0 x.folded && ok term_ends_command

# Twice at once: in time for the data, or out without them; never half.
start -q -p $$ -d 0 -o x.folded
kill -INT "$pid"
kill -INT "$pid" 2>/dev/null
end
case $code in
0) judge_success twice 0 x.folded && ok twice ;;
*) judge_success twice 130 && ok twice ;;
esac

# Killed outright: no file, no child, nothing loaded.
start -q -o x.folded -- sleep 100
kill -KILL "$pid"
end
judge_success killed_leaves_nothing 137 && ok killed_leaves_nothing
finish
