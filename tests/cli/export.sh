#!/bin/sh
# SPDX-License-Identifier: MIT
# A capture that was kept: what is exported of it is what the run itself wrote; without root, without
# any other file; and what is not a capture, or not all of one, is told.
. "$(dirname "$0")/../lib/cli.sh"

golden=$(cd "$(dirname "$0")/../golden" && pwd)
cp "$golden"/hostile.scope "$scratch/x.scope"
kept=$scratch/x.scope

# --- mistakes ------------------------------------------------------------------------------------

expect_error no_file 2 'export needs a capture that was kept: systemscope export FILE.scope' export
expect_error report_of_no_file 2 'report needs a capture that was kept: systemscope report FILE.scope' report
expect_error two_files 2 'stray word b.scope: export reads one file, and that is a.scope' export a.scope b.scope
expect_error not_there 1 'cannot read no.scope: No such file or directory' export no.scope -o x.json
expect_error a_directory 1 'cannot read /usr: Is a directory' export /usr -o x.json
expect_error another_file 1 'cannot read .*/hostile.json: not a capture: .*' export "$golden/hostile.json" -o x.json
expect_error an_empty_file 1 'cannot read /dev/null: it is empty' report /dev/null
expect_error no_such_suffix 2 '-o x.nope: unknown suffix: known are \.folded, .*\.scope.*-o folded:x.nope' \
	export "$kept" -o x.nope
expect_error no_such_format 2 '--output nope: unknown format nope: known are folded, .*scope.*' \
	export "$kept" --output nope
expect_error not_an_option 2 'export has no option --pid' export "$kept" --pid 1
expect_error capture_as_command 2 'unknown command x.scope: did you mean systemscope report x.scope\?' x.scope
expect_error cannot_write 1 'cannot write no/x.json: No such file or directory: .*' export "$kept" -o no/x.json

cp "$kept" "$scratch/newer.scope"
printf '\003' | dd of="$scratch/newer.scope" bs=1 seek=8 conv=notrunc 2>/dev/null
expect_error newer_version 1 'cannot read .*/newer.scope: its format is version 3, and this systemscope \(.*\) knows up to 2: .*' \
	export "$scratch/newer.scope" -o x.json

# --- exports -------------------------------------------------------------------------------------

# is_same NAME FILE WANT: the exported file is the golden one.
is_same() {
	if cmp -s "$dir/work/$2" "$3"; then
		ok "$1"
	else
		not_ok "$1" "$2 is not $3"
	fi
}
run "$SYSTEMSCOPE" export "$kept" -o x.folded -o json:x -o y.scope
if judge_success exports 0 x.folded x y.scope; then
	is_same exports_folded x.folded "$golden/hostile.folded"
	is_same exports_json x "$golden/hostile.json"
	is_same exports_itself y.scope "$kept"
	if [ -s "$dir/err" ] || [ -s "$dir/out" ]; then
		not_ok exports "something is told: $(head -n 1 "$dir/err")"
	else
		ok exports
	fi
fi

run "$SYSTEMSCOPE" export "$golden/../lib/version-1.scope" -o x.folded -o json:x
if judge_success older_version 0 x.folded x; then
	is_same older_version_folded x.folded "$golden/blocked.folded"
	is_same older_version_json x "$golden/blocked.json"
fi

on_stdout() { # NAME WANT ARG...: stdout is the golden file
	case=$1 known=$2
	shift 2
	run "$SYSTEMSCOPE" export "$kept" "$@"
	if judge_success "$case" 0; then
		if cmp -s "$dir/out" "$known"; then ok "$case"; else not_ok "$case" "stdout is not $known"; fi
	fi
}
on_stdout to_stdout "$golden/hostile.folded"
on_stdout named_format "$golden/hostile.json" --output json
on_stdout dash "$golden/hostile.json" -o json:-
on_stdout binary_to_a_file "$kept" --output scope

run sh -c "'$SYSTEMSCOPE' export - -o x.json <'$kept'"
judge_success from_stdin 0 x.json && is_same from_stdin x.json "$golden/hostile.json"

# Options of the export: a root for each thread is not in the capture, it is made now.
run "$SYSTEMSCOPE" export "$kept" --per-thread
if judge_success per_thread 0; then
	if grep -qE '^[^;]+-[0-9]+/[0-9]+;' "$dir/out"; then
		ok per_thread
	else
		not_ok per_thread "$(head -n 1 "$dir/out")"
	fi
fi

run "$SYSTEMSCOPE" report "$golden/blocked.scope"
if judge_success report 0; then
	if grep -qi 'blocked' "$dir/out"; then ok report; else not_ok report "$(head -n 3 "$dir/out")"; fi
fi

# As nobody, in a directory that holds nothing but the program and the capture.
if setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all true 2>/dev/null; then
	jail=$scratch/jail
	mkdir -p "$jail/out" && cp "$SYSTEMSCOPE" "$jail/systemscope" && cp "$kept" "$jail/x.scope"
	chmod -R a+rX "$jail" && chmod 777 "$jail/out"
	if chroot --userspec=65534:65534 "$jail" /systemscope help frames >/dev/null 2>&1; then
		run chroot --userspec=65534:65534 "$jail" /systemscope export /x.scope --output json
		if judge_success alone 0; then
			if cmp -s "$dir/out" "$golden/hostile.json"; then ok alone; else not_ok alone "other JSON"; fi
		fi
	else
		echo "skip alone - needs root to change the root directory"
	fi
	run setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$jail/systemscope" export "$jail/x.scope"
	if judge_success without_privilege 0; then
		if cmp -s "$dir/out" "$golden/hostile.folded"; then
			ok without_privilege
		else
			not_ok without_privilege "other stacks"
		fi
	fi
else
	echo "skip alone - needs root to change the root directory"
	echo "skip without_privilege - needs root to become nobody"
fi

# Every open() of an export: the capture, and what it writes.
if command -v strace >/dev/null; then
	run strace -f -e trace=open,openat,openat2 -o "$scratch/opened" "$SYSTEMSCOPE" export "$kept" -o x.json
	if judge_success opens_nothing_else 0 x.json; then
		others=$(grep -oE 'open[a-z0-9]*\([^"]*"[^"]*"' "$scratch/opened" | grep -vE "\"($kept|/dev/null|\\.)\"")
		if [ -z "$others" ]; then
			ok opens_nothing_else
		else
			not_ok opens_nothing_else "$(echo "$others" | head -n 1)"
		fi
	fi
else
	echo "skip opens_nothing_else - no strace here"
fi

# --- files that are not whole ----------------------------------------------------------------------

size=$(stat -c %s "$golden/plain.scope")
head -c $((size * 3 / 4)) "$golden/plain.scope" >"$scratch/cut.scope"
cp "$golden/plain.scope" "$scratch/damaged.scope"
printf 'X' | dd of="$scratch/damaged.scope" bs=1 seek=$((size * 3 / 4)) conv=notrunc 2>/dev/null

not_whole() { # WHAT CAUSE WORDS
	run "$SYSTEMSCOPE" export "$scratch/$1.scope" -o x.folded -o x.json
	if judge_success "exports_$1" 0 x.folded x.json; then
		if ! grep -q "^systemscope: note: .*/$1.scope is $3: " "$dir/err"; then
			not_ok "exports_$1" "no note: $(cat "$dir/err")"
		elif ! grep -qF '[stack lost: file not whole]' "$dir/work/x.folded"; then
			not_ok "exports_$1" "nothing is under the label"
		elif ! grep -qE "\"$2\":\\{\"count\":1,\"ns\":[1-9]" "$dir/work/x.json"; then
			not_ok "exports_$1" "JSON does not count it"
		else
			ok "exports_$1"
		fi
	fi
	# All time is there: it is under a label.
	if [ "$(awk '{ us += $NF } END { print us }' "$dir/work/x.folded")" = \
		"$(awk '{ us += $NF } END { print us }' "$golden/plain.folded")" ]; then
		ok "time_of_$1"
	else
		not_ok "time_of_$1" "the sum is not that of the whole"
	fi
	run "$SYSTEMSCOPE" report "$scratch/$1.scope"
	if judge_success "reports_$1" 0; then
		if cat "$dir/out" "$dir/err" | grep -qi "capture file $3: 1 time"; then
			ok "reports_$1"
		else
			not_ok "reports_$1" "not told"
		fi
	fi
}
not_whole cut file_cut 'cut off'
not_whole damaged file_damaged 'damaged'
head -c 100 "$golden/plain.scope" >"$scratch/short.scope"
expect_error too_short 1 'cannot read .*/short.scope: it is cut off before the first thread: .*' \
	report "$scratch/short.scope"

# --- a profile without a timeline ----------------------------------------------------------------

if "$SYSTEMSCOPE" --help | grep -q '^  chrome '; then
	expect_error no_timeline 1 '.*/x.scope has no timeline, and chrome shows nothing else: capture again with --timeline' \
		export "$kept" -o x.folded -o x.trace.json
else
	echo "skip no_timeline - no format here needs one"
fi

# --- terminals ---------------------------------------------------------------------------------------

if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	export SHELL=/bin/sh
	on_terminal() { # NAME CODE REGEX COMMAND
		run script -qec "exec '$SYSTEMSCOPE' $4" /dev/null
		tr -d '\r' <"$dir/out" >"$dir/text"
		if [ "$code" != "$2" ]; then
			not_ok "$1" "exit code $code, not $2"
		elif grep -qaE "$3" "$dir/text" && [ "$2" = 0 -o "$(wc -l <"$dir/text")" = 1 ]; then
			ok "$1"
		else
			not_ok "$1" "$(head -n 1 "$dir/text")"
		fi
	}
	on_terminal binary_on_a_terminal 2 \
		'^systemscope: scope is binary, and stdout a terminal: write a file: -o FILE\.scope$' \
		"export '$kept' --output scope"
	on_terminal capture_on_a_terminal 2 '^systemscope: scope is binary, and stdout a terminal: .*' \
		"-p $$ -o scope:-"
	on_terminal nothing_asked_for 0 '[Bb]locked' "export '$golden/blocked.scope'"
	on_terminal text_on_a_terminal 0 '^[^;]+;.* [0-9]+$' "export '$kept' --output folded"
	on_terminal report_on_a_terminal 0 '[Bb]locked' "report '$golden/blocked.scope'"
else
	for name in binary_on_a_terminal capture_on_a_terminal nothing_asked_for text_on_a_terminal report_on_a_terminal; do
		echo "skip $name - no script(1) to make a terminal with"
	done
fi

# --- of a live capture ---------------------------------------------------------------------------------

if needs_capture live; then
	run "$SYSTEMSCOPE" -q -a -d 0.5 -o x.folded -o x.json -o x.scope
	if judge_success live 0 x.folded x.json x.scope; then
		cp "$dir/work/x.folded" "$dir/work/x.json" "$dir/work/x.scope" "$scratch"
		run "$SYSTEMSCOPE" export "$scratch/x.scope" -o y.folded -o y.json -o y.scope
		# each file notes when its own writing began
		sed 's/"stop_to_written_ns":[0-9]*//' "$scratch/x.json" >"$scratch/x.json.same"
		if ! judge_success live 0 y.folded y.json y.scope; then
			:
		elif ! cmp -s "$scratch/x.folded" "$dir/work/y.folded" || ! cmp -s "$scratch/x.scope" "$dir/work/y.scope" ||
			! sed 's/"stop_to_written_ns":[0-9]*//' "$dir/work/y.json" | cmp -s - "$scratch/x.json.same"; then
			not_ok live "what is exported is not what the run wrote"
		else
			ok live
		fi
	fi
fi
finish
