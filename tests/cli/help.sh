#!/bin/sh
# SPDX-License-Identifier: MIT
# What explains the program: on stdout, within 80 columns, complete, and readable by what reads it.
. "$(dirname "$0")/../lib/cli.sh"

check_help() { # NAME ARG...
	name=$1
	shift
	run "$SYSTEMSCOPE" "$@"
	judge_success "$name" 0 || return
	if [ -s "$dir/err" ] || [ ! -s "$dir/out" ]; then
		not_ok "$name" "not on stdout"
	elif [ -n "$(awk 'length > 80' "$dir/out")" ]; then
		not_ok "$name" "wider than 80 columns: $(awk 'length > 80' "$dir/out" | head -n 1)"
	elif [ "$(grep -m 1 ':$' "$dir/out")" != Examples: ]; then
		not_ok "$name" "examples do not come first"
	else
		ok "$name"
	fi
}

check_help help --help
check_help help_letter -h
check_help help_after_a_mistake --bogus -h
check_help help_of_command offcpu --help
check_help help_command help oncpu
check_help help_help help
check_help doctor_help doctor -h
check_help symbolize_help symbolize -h
check_help export_help export -h
check_help report_help help report

run "$SYSTEMSCOPE" --version
if [ "$code" = 0 ] && grep -qxE 'systemscope [0-9]+\.[0-9]+\.[0-9]+' "$dir/out"; then
	ok version
else
	not_ok version "$(cat "$dir/out")"
fi

run "$SYSTEMSCOPE" help frames
if [ "$code" = 0 ] && grep -qF '[on-CPU, not sampled]' "$dir/out" &&
	grep -qF '[blocked under N us]' "$dir/out" && [ -z "$(awk 'length > 80' "$dir/out")" ]; then
	ok help_frames
else
	not_ok help_frames "exit code $code or a name is missing"
fi

run "$SYSTEMSCOPE" help --bash-completion
completion=$dir/out
if bash -n "$completion"; then
	ok completion_is_bash
else
	not_ok completion_is_bash "bash does not read it"
fi

complete_words() { # WORD...: what is offered for the last one
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _systemscope
		echo "${COMPREPLY[*]}"' bash "$completion" "$@"
}
check_completion() { # NAME WANT WORD...
	name=$1 want=$2
	shift 2
	have=$(cd "$scratch" && complete_words "$@")
	if [ "$have" = "$want" ]; then
		ok "$name"
	else
		not_ok "$name" "'$have', not '$want'"
	fi
}
check_completion completes_commands 'profile' systemscope pr
check_completion completes_options '--frequency' systemscope profile --fr
check_completion completes_own_options '' systemscope offcpu --fr
check_completion completes_formats 'json' systemscope --output js
check_completion completes_colors 'always' systemscope --color = al
check_completion completes_pids $$ systemscope -p $$
check_completion completes_names '--no-inline' systemscope symbolize --no-i
check_completion completes_topics 'frames' systemscope help fr
echo >"$scratch/some.folded"
mkdir "$scratch/kept"
touch "$scratch/kept.scope" "$scratch/kept.json"
check_completion completes_kept_captures 'kept.scope kept' systemscope export ke
check_completion completes_options_of_export '--annotate' systemscope export kept.scope --an
check_completion completes_files_of_export 'kept.json' systemscope export kept.scope -o kept.j
v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/self/mounts)
if mkdir "${v2:-/nowhere}/cli-test-$$" 2>/dev/null; then
	check_completion completes_cgroups "cli-test-$$/" systemscope --cgroup "cli-test-$$"
	rmdir "$v2/cli-test-$$"
else
	echo "skip completes_cgroups - needs root and cgroup v2 to make a group"
fi
check_completion completes_absolute_cgroups '/proc/self/' systemscope --cgroup /proc/sel
check_completion completes_files_after_a_format 'some.folded' systemscope -o folded : so
check_completion completes_files 'some.folded' systemscope -o so
check_completion completes_elf_files 'some.folded' systemscope symbolize -e so

if man --version >/dev/null 2>&1; then
	run "$SYSTEMSCOPE" help --man
	if man --warnings -l "$dir/out" >"$dir/text" 2>"$dir/warnings" </dev/null &&
		[ ! -s "$dir/warnings" ] && grep -q 'frequency' "$dir/text"; then
		ok man_page
	else
		not_ok man_page "$(head -n 1 "$dir/warnings")"
	fi
else
	echo "skip man_page - no man here"
fi

run sh -c "exec '$SYSTEMSCOPE' --help >/dev/full"
judge_error help_to_a_full_disk 1 'cannot write stdout: No space left on device'
run sh -c "exec '$SYSTEMSCOPE' --help >&-"
judge_error help_to_nowhere 1 'cannot write stdout: Bad file descriptor'

run "$SYSTEMSCOPE" doctor
if { [ "$code" = 0 ] && grep -qx 'Profiling works here.' "$dir/out"; } ||
	{ [ "$code" = 77 ] && grep -q '^NO ' "$dir/out" && grep -q 'does not work' "$dir/out"; }; then
	ok doctor
else
	not_ok doctor "exit code $code"
fi
finish
