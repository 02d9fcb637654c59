#!/bin/sh
# SPDX-License-Identifier: MIT
# Asked to end in mid-run: all data written, or, if asked twice, out at once; nothing left.
. "$(dirname "$0")/../lib/cli.sh"

needs_capture signals || finish

traces() {
	readlink "/proc/$pid/fd"/* 2>/dev/null | grep -q 'bpf_link\|bpf-prog\|perf_event'
}

new_directory() {
	run_count=$((run_count + 1))
	dir=$scratch/$run_count
	mkdir -p "$dir/work"
}

# start ARG...: in the background, in its own session, so that signals go to it alone. A shell starts
# what is in the background with SIGINT ignored; $ignored: what is to be ignored here.
ignored=
prepared= # not empty: $dir is made already
start() {
	[ -n "$prepared" ] || new_directory
	prepared=
	(cd "$dir/work" && exec env --default-signal=INT,TERM,HUP \
		${ignored:+--ignore-signal="$ignored"} "CLI_MARK=$dir" setsid "$SYSTEMSCOPE" "$@") \
		>"$dir/out" 2>"$dir/err" </dev/null &
	pid=$!
	# The window has begun when the programs are loaded: descriptors tell.
	for _ in $(seq 100); do
		traces && break
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

# nohup, or a shell's job in the background: what was ignored at the start is ignored throughout.
ignored=INT,HUP
start -q -p $$ -d 0 -o x.folded
ignored=
kill -HUP "$pid"
kill -INT "$pid"
sleep 0.5
if ! traces; then
	not_ok ignored_stays_ignored "it ended"
	end
else
	kill -TERM "$pid"
	end
	judge_success ignored_stays_ignored 0 x.folded && ok ignored_stays_ignored
fi

# start_writing: returns while it is writing, after its window has ended by itself. A FIFO that is
# nearly full and that nobody reads yet keeps it there.
start_writing() {
	new_directory
	prepared=1
	mkfifo "$dir/work/x.json"
	exec 3<>"$dir/work/x.json"
	head -c 65000 /dev/zero >&3
	start -q -a -d 0.5 -o x.json
	for _ in $(seq 100); do
		traces || break
		sleep 0.1
	done
	sleep 0.5
}

# The first signal asks for an end that has come already.
start_writing
kill -TERM "$pid"
exec 4<"$dir/work/x.json"
cat <&4 3<&- >"$dir/copy.json" &
reader=$!
exec 3<&- 4<&-
end
wait "$reader"
if judge_success first_while_writing 0 x.json; then
	if [ "$(tail -c 2 "$dir/copy.json")" = "}" ] && [ "$(wc -c <"$dir/copy.json")" -gt 65536 ]; then
		ok first_while_writing
	else
		not_ok first_while_writing "$(wc -c <"$dir/copy.json") bytes, not whole"
	fi
fi

start_writing
kill -TERM "$pid"
sleep 0.2
kill -TERM "$pid"
end
exec 3<&-
judge_success second_while_writing 143 x.json && ok second_while_writing

# Killed outright: no file, no child, nothing loaded.
start -q -o x.folded -- sleep 100
kill -KILL "$pid"
end
judge_success killed_leaves_nothing 137 && ok killed_leaves_nothing

# unheld [LAST_PROG LAST_MAP LAST_LINK]: the last numbers of the kernel's programs, maps and links; or those that
# have come since and that no process holds, by a descriptor or through a program. Others may be tracing.
unheld() {
	python3 -c '
import glob, json, subprocess, sys
kinds = ("prog", "map", "link")
lists = {k: json.loads(subprocess.check_output([sys.argv[1], "-j", k, "show"]) or b"[]") for k in kinds}
if len(sys.argv) == 2:
    print(*(max((row["id"] for row in lists[k]), default=0) for k in kinds))
    sys.exit()
held = set()
for path in glob.glob("/proc/[0-9]*/fdinfo/*"):
    try:
        held |= {tuple(line.split()) for line in open(path) if "_id:" in line}
    except OSError:
        pass
for row in lists["prog"]:
    if ("prog_id:", str(row["id"])) in held:
        held |= {("map_id:", str(number)) for number in row.get("map_ids", [])}
for kind, last in zip(kinds, sys.argv[2:]):
    for row in lists[kind]:
        if row["id"] > int(last) and (kind + "_id:", str(row["id"])) not in held:
            print(kind, row["id"], row.get("name", row.get("type")))
' "$bpftool" "$@"
}

# Killed while it starts, at any moment of it: threads that load programs, tables half made.
bpftool=$(command -v bpftool || echo /usr/sbin/bpftool)
before=$(unheld)
failed=$failures
for moment in 0.01 0.02 0.03 0.04 0.06 0.08 0.1 0.13 0.16 0.2; do
	new_directory
	(cd "$dir/work" && exec env "CLI_MARK=$dir" setsid "$SYSTEMSCOPE" -q -p $$ -d 0 -o x.folded) \
		>"$dir/out" 2>"$dir/err" </dev/null &
	pid=$!
	sleep "$moment"
	kill -KILL "$pid"
	end
	judge_success "killed_after_${moment}_s" 137
done
for _ in 1 2 3 4 5 6 7 8 9 10; do # the kernel frees when a grace period is over
	# shellcheck disable=SC2086
	left=$(unheld $before)
	[ -z "$left" ] && break
	sleep 0.3
done
if [ -n "$left" ]; then
	not_ok killed_while_starting "left in the kernel: $(echo "$left" | tr '\n' ' ')"
elif [ "$failures" = "$failed" ]; then
	ok killed_while_starting
fi
finish
