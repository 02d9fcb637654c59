#!/bin/sh
# SPDX-License-Identifier: MIT
# Where the profile goes, and what is told when it cannot go there.
. "$(dirname "$0")/../lib/cli.sh"

# These are found out before the capture, by anybody.
expect_error no_directory 1 'cannot write no/such.folded: No such file or directory: make the directory first' -o no/such.folded
expect_error a_directory 1 'cannot write /usr: Is a directory: .*' -o folded:/usr
mkdir -p "$scratch/links" && ln -s nothing "$scratch/links/x.json"
expect_error dangling_link 1 'cannot write .*/links/x.json: a symbolic link to nothing: remove it' \
	-o "$scratch/links/x.json"

run sh -c "exec '$SYSTEMSCOPE' >&-"
judge_error closed_stdout 1 'cannot write stdout: Bad file descriptor: it is closed'

if setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all true 2>/dev/null; then
	as_nobody() {
		run setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"
	}
	cp "$SYSTEMSCOPE" "$scratch/systemscope" && chmod 755 "$scratch/systemscope"
	as_nobody "$scratch/systemscope" -o json:/dev/null
	judge_error no_privilege 77 'needs root .*: run it as: sudo systemscope \.\.\.'
	as_nobody "$scratch/systemscope" -o x.json
	judge_error not_my_directory 1 'cannot write x.json: Permission denied: no file can be made in \.: choose another directory'
	as_nobody "$scratch/systemscope" -o /usr/x.json
	judge_error not_my_other_directory 1 'cannot write /usr/x.json: Permission denied: no file can be made in /usr: .*'
	as_nobody "$scratch/systemscope" -o json:/dev/null -- touch "$scratch/ran"
	if [ -e "$scratch/ran" ]; then
		not_ok no_privilege_runs_nothing "COMMAND ran"
	else
		judge_error no_privilege_runs_nothing 77 'needs root .*'
	fi
	as_nobody "$scratch/systemscope" doctor
	if [ "$code" = 77 ] && grep -qE '^NO +privilege' "$dir/out" &&
		grep -q 'to mend it: see privilege' "$dir/out" && ! grep -q 'sudo sysctl' "$dir/out"; then
		ok doctor_without_privilege
	else
		not_ok doctor_without_privilege "exit code $code"
	fi
else
	for name in no_privilege not_my_directory not_my_other_directory no_privilege_runs_nothing doctor_without_privilege; do
		echo "skip $name - needs root to become nobody"
	done
fi

if unshare --pid --fork --mount-proc true 2>/dev/null; then
	run unshare --pid --fork --mount-proc "$SYSTEMSCOPE" -o x.json
	judge_error own_pid_namespace 77 'processes have numbers of their own in this container: .*'
	run unshare --pid --fork --mount-proc "$SYSTEMSCOPE" doctor
	if [ "$code" = 77 ] && grep -qE '^NO +process numbers' "$dir/out" &&
		grep -q 'to mend it: run it on the host, .*--pid=host' "$dir/out"; then
		ok doctor_in_a_pid_namespace
	else
		not_ok doctor_in_a_pid_namespace "exit code $code: $(grep 'process numbers' "$dir/out")"
	fi
else
	echo "skip own_pid_namespace - needs root to make a namespace"
	echo "skip doctor_in_a_pid_namespace - needs root to make a namespace"
fi

if ! needs_capture captures; then
	finish
fi

run "$SYSTEMSCOPE" -p $$ -d 0.2 -o a.folded -o b.json -o folded:c
if judge_success several_files 0 a.folded b.json c; then
	if ! is_folded "$dir/work/a.folded" || ! is_folded "$dir/work/c"; then
		not_ok several_files "not folded stacks"
	elif ! grep -q '"schema"' "$dir/work/b.json"; then
		not_ok several_files "not JSON"
	elif [ -s "$dir/out" ]; then
		not_ok several_files "stdout is not empty"
	elif ! grep -q 'written to b.json' "$dir/err"; then
		not_ok several_files "the files are not named on stderr"
	else
		ok several_files
	fi
fi

run "$SYSTEMSCOPE" -p $$ -d 0.2
if judge_success folded_to_stdout 0; then
	if is_folded "$dir/out" && [ -s "$dir/err" ]; then
		ok folded_to_stdout
	else
		not_ok folded_to_stdout "stdout or stderr is not as it should be"
	fi
fi

run "$SYSTEMSCOPE" -q -p $$ -d 0.2 --output json
if judge_success quiet 0; then
	if [ -s "$dir/err" ]; then
		not_ok quiet "$(head -n 1 "$dir/err")"
	elif ! grep -q '"schema"' "$dir/out"; then
		not_ok quiet "no JSON on stdout"
	else
		ok quiet
	fi
fi

run "$SYSTEMSCOPE" -q -p $$ -d 0.2 -o json:/dev/full
judge_error full_device 1 'cannot write /dev/full: No space left on device'
run sh -c "exec '$SYSTEMSCOPE' -q -p $$ -d 0.2 >/dev/full"
judge_error full_stdout 1 'cannot write stdout: No space left on device'
run sh -c "(ulimit -f 0; '$SYSTEMSCOPE' -q -p $$ -d 0.2 -o x.json 2>&1; exit 0) | cat >&2"
code=1
judge_error full_disk 1 'cannot write x.json: File too large'

# The reader is gone before the first line is written.
run sh -c "{ '$SYSTEMSCOPE' -q -p $$ -d 0.5; echo \$? >code; } | true; cat code; rm code"
if [ "$(cat "$dir/out")" = 1 ]; then
	: >"$dir/out"
	code=1
	judge_error closed_pipe 1 'cannot write stdout: Broken pipe: .*'
else
	not_ok closed_pipe "exit code $(cat "$dir/out")"
fi

# What was found out is told all the same, and then what went wrong.
run sh -c "{ '$SYSTEMSCOPE' -o - -o x.json -p $$ -d 0.5; echo \$? >code; } | true; cat code; rm code"
if judge_success summary_of_a_closed_pipe 0; then
	if [ "$(cat "$dir/out")" != 1 ]; then
		not_ok summary_of_a_closed_pipe "exit code $(cat "$dir/out")"
	elif ! grep -q '^  coverage ' "$dir/err"; then
		not_ok summary_of_a_closed_pipe "no summary"
	elif grep -q 'written to' "$dir/err" || [ "$(grep -c '^systemscope: ' "$dir/err")" != 1 ] ||
		! tail -n 1 "$dir/err" | grep -q '^systemscope: cannot write stdout: Broken pipe'; then
		not_ok summary_of_a_closed_pipe "$(tail -n 1 "$dir/err")"
	else
		ok summary_of_a_closed_pipe
	fi
fi

run sh -c "mkfifo pipe; cat pipe & '$SYSTEMSCOPE' -q -p $$ -d 0.2 -o folded:pipe; code=\$?; wait; rm pipe; exit \$code"
if judge_success named_pipe 0; then
	if is_folded "$dir/out"; then
		ok named_pipe
	else
		not_ok named_pipe "what came out is not folded stacks"
	fi
fi

# A shell's own file stays the shell's: written into, not replaced.
run sh -c "{ echo before; '$SYSTEMSCOPE' -q -p $$ -d 0.2 -o folded:/dev/stdout; } >x"
if judge_success dev_stdout 0 x; then
	if [ "$(head -n 1 "$dir/work/x")" = before ] && [ "$(wc -l <"$dir/work/x")" -gt 1 ]; then
		ok dev_stdout
	else
		not_ok dev_stdout "the file was not appended to"
	fi
fi

run env SUDO_UID=65534 SUDO_GID=65534 "$SYSTEMSCOPE" -q -p $$ -d 0.2 -o x.folded
if judge_success owner 0 x.folded; then
	if [ "$(stat -c %u:%g "$dir/work/x.folded")" = 65534:65534 ]; then
		ok owner
	else
		not_ok owner "$(stat -c %u:%g "$dir/work/x.folded")"
	fi
fi

# Named, there, and without a thread: a child that nobody waits for.
sh -c 'sleep 0.5 & echo $! >"$1"; exec sleep 100' sh "$scratch/zombie" &
parent=$!
for _ in $(seq 50); do
	zombie=$(cat "$scratch/zombie" 2>/dev/null)
	[ -n "$zombie" ] && grep -q '^State:.Z' "/proc/$zombie/status" 2>/dev/null && break
	sleep 0.1
done
run "$SYSTEMSCOPE" -p "$$,$zombie" -d 0.2 -o x.folded
if judge_success unseen_is_named 0 x.folded; then
	if [ "$(grep -c 'note: ' "$dir/err")" = 1 ] &&
		grep -q "^systemscope: note: pid $zombie: no thread was seen: " "$dir/err"; then
		ok unseen_is_named
	else
		not_ok unseen_is_named "$(grep -m 1 'note: ' "$dir/err")"
	fi
fi
kill $parent
wait $parent 2>/dev/null

expect_error no_such_comm 1 'nothing to show: no thread of .*no-such-comm.* was there .*' \
	--comm no-such-comm -d 0.2 -o x.folded

sleep 100 &
sleeper=$!
(sleep 2; kill $sleeper) &
run "$SYSTEMSCOPE" -q -p $sleeper -d 60 -o x.folded
if judge_success target_gone 0 x.folded; then
	if is_folded "$dir/work/x.folded"; then
		ok target_gone
	else
		not_ok target_gone "no folded stacks"
	fi
fi
wait
finish
