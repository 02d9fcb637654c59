#!/bin/sh
# SPDX-License-Identifier: MIT
# Mistakes in the options: told before anything else happens, so none of these needs a privilege.
. "$(dirname "$0")/../lib/cli.sh"

expect_error unknown_option 2 'unknown option --pidd: did you mean --pid\?' --pidd 1
expect_error one_dash_too_few 2 'unknown option -pid: did you mean --pid\?' -pid 1
expect_error unknown_letter 2 'unknown option -Z: see systemscope profile --help' -qZ
expect_error unknown_command 2 'unknown command profil: did you mean systemscope profile\?' profil
expect_error program_without_dashes 2 'unknown command ls: .*systemscope profile -- ls' ls -l
expect_error stray_number 2 'stray number 1234: did you mean --pid 1234\?' 1234
expect_error missing_value 2 '--pid needs a value: --pid LIST' --pid
expect_error superfluous_value 2 '--quiet takes no value: leave out =1' --quiet=1
expect_error bad_pid 2 "--pid 12x: '12x' is not a number: give 1234 or 12,34" --pid 12x
expect_error name_for_pid 2 '--pid init: .*did you mean --comm init\?' -p init
expect_error bad_duration 2 '--duration 5x: not a time: give seconds .*' -d 5x
expect_error negative_duration 2 '--duration -5: not a time: give seconds .*' -d -5
expect_error overflowing_duration 2 '--duration 9{30}: out of range: .*' \
	-d 999999999999999999999999999999
expect_error bad_frequency 2 '--frequency fast: not a number: .*' -F fast
expect_error no_frequency 2 '--frequency 0: at least 1; .*' -F 0
expect_error excessive_frequency 1 \
	'--frequency 4000000000: this kernel allows up to [0-9]+ Hz; .*sysctl kernel.perf_event_max_sample_rate=N' \
	-F 4000000000
expect_error bad_min_block 2 '--min-block-us 1.5: not a number: .*' -m 1.5
expect_error bad_max_stack 2 '--max-stack 2000: out of range: .*' --max-stack 2000
expect_error bad_cpu_list 2 '--cpu 1-: not a list of CPUs: give 0 or 0-3,7' -C 1-
expect_error no_such_cpu 1 '--cpu 8191: there is no CPU 8191: this machine has .*' -C 8191
expect_error two_targets 2 '--pid and --all: choose one target' -p 1 -a
expect_error no_frames_left 2 '--user-stacks-only and --kernel-stacks-only: .*' -U -K
expect_error long_comm 2 '--comm .*: the kernel keeps 15 characters .*' --comm a-name-that-is-too-long
expect_error unknown_suffix 2 '-o x.doc: unknown suffix: known are \.folded, .*-o folded:x.doc' -o x.doc
expect_error unknown_format 2 '--output nope: unknown format nope: known are folded, .*' --output nope
expect_error two_on_stdout 2 'two outputs on stdout .*: give one of them a file' -o - -o json:-
expect_error format_for_two 2 '--output json is for stdout or a single -o, .*' \
	--output json -o a.folded -o b.folded
expect_error same_file_twice 2 '-o a.json was given twice: choose two names' -o a.json -o a.json
expect_error nothing_to_run 2 'nothing after --: .*' --
expect_error unknown_user 2 '--user .*: .*' --user no-such-user
expect_error not_for_offcpu 2 'offcpu has no option --frequency: .*' offcpu -F 99
expect_error unknown_topic 2 'no help on nope: .*' help nope
expect_error harmless_on_a_terminal 2 'unknown option --x\?\[31m\?y: .*' "$(printf -- '--x\033[31m\ny')"

expect_error no_such_pid 1 '--pid 4194304: no such process: see ps -e' -p 4194304
expect_error no_such_tid 1 '--tid 4194304: no such thread: see ps -eL' -t 4194304

# A thread that is not its process's first: any will do.
for task in /proc/[0-9]*/task/[0-9]*; do
	tid=${task##*/}
	pid=${task#/proc/}
	pid=${pid%%/*}
	[ "$tid" = "$pid" ] || [ ! -d "/proc/$tid" ] && continue
	thread="$tid $pid"
	break
done
if [ -n "$thread" ]; then
	expect_error thread_for_pid 1 \
		"--pid ${thread% *}: it is a thread of process ${thread#* }: use --tid ${thread% *}, or .*" \
		-p "${thread% *}"
else
	echo "skip thread_for_pid - no process with two threads here"
fi

v1=$(awk '$9 == "cgroup" || $8 == "cgroup" {print $5; exit}' /proc/self/mountinfo)
v2=$(awk '/ - cgroup2 / {print $5; exit}' /proc/self/mountinfo)
if [ -n "$v2" ]; then
	expect_error no_such_cgroup 1 "--cgroup no/such: no such cgroup: the v2 hierarchy is at $v2" \
		--cgroup no/such
	expect_error not_a_cgroup 2 "--cgroup /usr: not a cgroup's directory: the v2 hierarchy is at $v2" \
		--cgroup /usr
else
	echo "skip no_such_cgroup - no cgroup v2 is mounted here"
	echo "skip not_a_cgroup - no cgroup v2 is mounted here"
fi
if [ -n "$v1" ] && [ -n "$v2" ]; then
	expect_error cgroup_v1 2 "--cgroup $v1: this is a cgroup v1 path; v2 is needed, .* at $v2" \
		--cgroup "$v1"
else
	echo "skip cgroup_v1 - no cgroup v1 is mounted here"
fi
finish
