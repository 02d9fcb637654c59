#!/bin/sh
# SPDX-License-Identifier: MIT
# -- COMMAND: its exit status, its output, its user, its signals, its end.
. "$(dirname "$0")/../lib/cli.sh"

needs_capture command || finish

expect_code() { # NAME CODE ARG...
	name=$1 want=$2
	shift 2
	run "$SYSTEMSCOPE" -q -o x.folded "$@"
	judge_success "$name" "$want" x.folded && ok "$name"
}
expect_code exit_0 0 -- true
expect_code exit_7 7 -- sh -c 'exit 7'
expect_code killed_by_term 143 -- sh -c 'kill -TERM $$'
expect_code stopwatch 3 -a -- sh -c 'sleep 0.2; exit 3'
expect_code duration_is_not_over 5 -d 60 -- sh -c 'exit 5'
expect_code with_pid_as_target 4 -p $$ -- sh -c 'sleep 0.2; exit 4'

run timeout 20 "$SYSTEMSCOPE" -q -o x.folded -d 0.3 -- sleep 100
judge_success duration_ends_it 0 x.folded && ok duration_ends_it

expect_error not_found 127 'cannot run no-such-program: not found in PATH' -o x.folded -- no-such-program
expect_error no_such_path 127 'cannot run /no/such: No such file or directory' -o x.folded -- /no/such
expect_error not_executable 126 'cannot run /etc/passwd: Permission denied' -o x.folded -- /etc/passwd
expect_error no_such_user 1 '--user nobody-at-all: no such user in /etc/passwd' \
	--user nobody-at-all -o x.folded -- true

run "$SYSTEMSCOPE" -q -o x.folded -- echo hello
if judge_success keeps_stdout 0 x.folded; then
	if [ "$(cat "$dir/out")" = hello ]; then ok keeps_stdout; else not_ok keeps_stdout "$(cat "$dir/out")"; fi
fi
run "$SYSTEMSCOPE" -q -- echo hello
if judge_success gives_stdout_away 0; then
	if ! is_folded "$dir/out"; then
		not_ok gives_stdout_away "stdout is not folded stacks"
	elif [ "$(cat "$dir/err")" != hello ]; then
		not_ok gives_stdout_away "stderr: $(cat "$dir/err")"
	else
		ok gives_stdout_away
	fi
fi
run env SUDO_UID=65534 SUDO_GID=65534 "$SYSTEMSCOPE" -q -o x.folded -- id -u
if judge_success sudo_user 0 x.folded; then
	if [ "$(cat "$dir/out")" = 65534 ]; then ok sudo_user; else not_ok sudo_user "$(cat "$dir/out")"; fi
fi
run env SUDO_UID=65534 SUDO_GID=65534 "$SYSTEMSCOPE" -q --user root -o x.folded -- id -u
if judge_success other_user 0 x.folded; then
	if [ "$(cat "$dir/out")" = 0 ]; then ok other_user; else not_ok other_user "$(cat "$dir/out")"; fi
fi
# Nothing of the profiler's signal handling reaches COMMAND: it sees what it would see without it.
signals_before=$(grep -E '^Sig(Blk|Ign)' /proc/self/status)
run "$SYSTEMSCOPE" -q -o x.folded -- grep -E '^Sig(Blk|Ign)' /proc/self/status
if judge_success clean_signals 0 x.folded; then
	if [ "$(cat "$dir/out")" = "$signals_before" ]; then
		ok clean_signals
	else
		not_ok clean_signals "$(tr '\n' ' ' <"$dir/out")"
	fi
fi

# An output that fails in the end: COMMAND has run all the same, and the failure is ours.
run "$SYSTEMSCOPE" -q -o json:/dev/full -- true
judge_error failed_output 1 'cannot write /dev/full: No space left on device'
finish
