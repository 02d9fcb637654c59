#!/bin/sh
# SPDX-License-Identifier: MIT
# On a terminal: a live line, a summary and the top stacks instead of a flood of lines.
. "$(dirname "$0")/../lib/cli.sh"

if ! script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	echo "skip terminal - no script(1) to make a terminal with"
	finish
fi
needs_capture terminal || finish

# script(1) starts the user's shell, which may be any. The program takes that shell's place, as a
# shell that stays is killed by the Ctrl-C that the program lives through, and its status is told.
export SHELL=/bin/sh

# on_terminal COMMAND: its stdout and stderr are one terminal, and end in $dir/out.
on_terminal() {
	run script -qec "exec $1" /dev/null
}

escape=$(printf '\033')
on_terminal "'$SYSTEMSCOPE' -p $$ -d 1"
if judge_success digest 0; then
	if is_folded "$dir/out" || grep -qE '_\[[cor]\] [0-9]+' "$dir/out"; then
		not_ok digest "folded lines on a terminal"
	elif ! grep -qa flamegraph.pl "$dir/out"; then
		not_ok digest "no command for a flame graph"
	else
		ok digest
	fi
	if grep -qa "$escape\[K.* s of 1 s" "$dir/out"; then
		ok live_line
	else
		not_ok live_line "none seen"
	fi
	if grep -qa "$escape\[[0-9;]*m" "$dir/out"; then ok color; else not_ok color "none"; fi
fi

without_color() { # NAME ENVIRONMENT OPTION...
	name=$1 environment=$2
	shift 2
	on_terminal "env $environment '$SYSTEMSCOPE' -p $$ -d 0.3 $*"
	if grep -qa "$escape\[[0-9;]*m" "$dir/out"; then
		not_ok "$name" "coloured"
	else
		judge_success "$name" 0 && ok "$name"
	fi
}
without_color no_color NO_COLOR=1
without_color dumb_terminal TERM=dumb
without_color color_never X=1 --color=never

on_terminal "'$SYSTEMSCOPE' -q -p $$ -d 1 --output folded"
if judge_success folded_when_asked 0; then
	tr -d '\r' <"$dir/out" >"$dir/text"
	if is_folded "$dir/text"; then ok folded_when_asked; else not_ok folded_when_asked "not folded"; fi
fi

# Ctrl-C, typed once the live line shows that the window has begun.
# shellcheck disable=SC2016 # the inner shell's
type_ctrl_c='for _ in $(seq 300); do
	grep -qa "$(printf "\\033")\[K" "$CLI_MARK/out" && break
	sleep 0.1
done
printf "\\003"
sleep 1'
run sh -c "($type_ctrl_c) | script -qec \"exec '$SYSTEMSCOPE' -p $$ -d 0 -o x.folded\" /dev/null"
judge_success ctrl_c 0 x.folded && ok ctrl_c

# COMMAND has the terminal: no live line runs through its output.
on_terminal "'$SYSTEMSCOPE' -o x.folded -- sleep 1"
if judge_success no_live_line_with_command 0 x.folded; then
	if grep -qa "$escape\[K" "$dir/out"; then
		not_ok no_live_line_with_command "there is one"
	else
		ok no_live_line_with_command
	fi
fi
finish
