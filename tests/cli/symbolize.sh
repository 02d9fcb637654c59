#!/bin/sh
# SPDX-License-Identifier: MIT
# symbolize: addr2line's questions, its answers, and its order. Needs no privilege.
. "$(dirname "$0")/../lib/cli.sh"

for tool in gcc nm addr2line objcopy; do
	command -v $tool >/dev/null || {
		echo "skip symbolize - no $tool here"
		finish
	}
done

# The second function stands under a name of C++'s, the third under one that plays with terminals.
mkdir "$scratch/src"
cat >"$scratch/src/shapes.c" <<'END'
static volatile int sum;
static inline __attribute__((always_inline)) void twice(int n)
{
	sum += n;
	sum += n;
}
int area(int n) __asm__("_ZN5shape4areaEi");
int area(int n)
{
	twice(n);
	return n * n;
}
int hostile(int n) { return area(n) + 1; }
__attribute__((noinline)) static int perimeter(int n)
{
	sum -= n;
	return 4 * n + sum;
}
int main(int argc, char **argv)
{
	(void)argv;
	return area(argc) + perimeter(argc) + hostile(argc);
}
END
# Code without lines, behind code with lines.
echo 'int plain(int n); int plain(int n) { return n * 3; }' >"$scratch/src/plain.c"
program=$scratch/shapes
gcc -O1 -c -o "$scratch/plain.o" "$scratch/src/plain.c" &&
	gcc -O1 -g -fno-inline-small-functions -o "$program" "$scratch/src/shapes.c" "$scratch/plain.o" ||
	exit 1
address_of() {
	nm "$program" | awk -v name="$1" '$3 == name { print $1 }'
}
area=$(address_of _ZN5shape4areaEi)
perimeter=$(address_of perimeter)
main=$(address_of main)

# symbolize_lines LINE... -- ARG...: what comes of these lines on stdin, in $dir/out.
symbolize_lines() {
	: >"$scratch/lines"
	while [ "$1" != -- ]; do
		printf '%s\n' "$1" >>"$scratch/lines"
		shift
	done
	shift
	run sh -c 'lines=$1; shift; exec "$@" <"$lines"' sh "$scratch/lines" \
		"$SYSTEMSCOPE" symbolize "$@"
}

# Function after function of the last answer, without inlined calls: one word a line of the question.
functions() {
	awk 'NR % 2 == 1' "$dir/out" | tr '\n' ' ' | sed 's/ $//'
}

expect_functions() { # NAME WANT
	judge_success "$1" 0 || return
	if [ -s "$dir/err" ]; then
		not_ok "$1" "on stderr: $(head -n 1 "$dir/err")"
	elif [ "$(functions)" = "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "'$(functions)', not '$2'"
	fi
}

symbolize_lines "$main" "$area" "0x$perimeter" "$main" -- -e "$program" --no-inline
expect_functions order_and_duplicates 'main shape::area(int) perimeter main'
symbolize_lines "$area" -- -e "$program" --no-inline --no-demangle
expect_functions mangled '_ZN5shape4areaEi'
run "$SYSTEMSCOPE" symbolize "$main" -e "$program" --no-inline "0x$area"
expect_functions addresses_as_arguments 'main shape::area(int)'
symbolize_lines '' "$main" nothing 0x 1 "$main $area" ffffffffffffffff 1ffffffffffffffff -- \
	--no-inline -e "$program"
expect_functions garbage_has_its_answer '?? main ?? ?? ?? ?? ?? ??'
placeless=$(awk 'NR % 2 { name = $0; next } name == "??" && $0 == "??:0"' "$dir/out" | wc -l)
if [ "$placeless" = 7 ]; then
	ok garbage_has_no_place
else
	not_ok garbage_has_no_place "$placeless lines are ??:0, not 7"
fi
symbolize_lines -- -e "$program"
expect_functions nothing_asked ''
run sh -c "printf %s '$main' | '$SYSTEMSCOPE' symbolize -e '$program' --no-inline"
expect_functions no_newline_at_the_end main
run sh -c "exec '$SYSTEMSCOPE' symbolize -e '$program' <&-"
expect_functions no_stdin ''
run sh -c "cd '$scratch' && ln -s shapes link && exec '$SYSTEMSCOPE' symbolize --no-inline -e link $main"
expect_functions by_a_relative_link main

# The addresses themselves, as addr2line writes them.
symbolize_lines "$main" nothing 0xABC ffffffff81000000 -- -a -e "$program"
addr2line -a -e "$program" <"$scratch/lines" | grep ^0x >"$scratch/want"
if judge_success addresses 0; then
	if grep ^0x "$dir/out" | cmp -s - "$scratch/want"; then
		ok addresses
	else
		not_ok addresses "$(grep ^0x "$dir/out" | diff - "$scratch/want" | grep '^[<>]' | tr '\n' ' ')"
	fi
fi

# Far more than is written at once.
run "$SYSTEMSCOPE" symbolize -a -e "$program" "$main" "$area" zzz
cp "$dir/out" "$scratch/three"
seq 5000 | sed "s/.*/$main\n$area\nzzz/" >"$scratch/many"
run sh -c "exec '$SYSTEMSCOPE' symbolize -a -e '$program' <'$scratch/many'"
if judge_success large_output 0; then
	awk '{ text = text $0 "\n" } END { for (i = 0; i < 5000; i++) printf "%s", text }' \
		"$scratch/three" >"$scratch/want"
	if cmp -s "$dir/out" "$scratch/want"; then
		ok large_output
	else
		not_ok large_output "$(wc -l <"$dir/out") lines, and not the ones wanted"
	fi
fi

# Every byte of every function of ours, in no order.
nm -S "$program" | awk '$4 ~ /^(main|perimeter|hostile|plain|_ZN5shape4areaEi)$/ { print $1, $2 }' |
	while read -r start size; do
		for at in $(seq 0 $((0x$size - 1))); do
			printf '%x\n' $((0x$start + at))
		done
	done | awk '{ print NR * 7919 % 1031, $0 }' | sort -n | cut -d ' ' -f 2 >"$scratch/all"
# addr2line tells a line that it did not find from one that is not there.
ask_addr2line() {
	addr2line -a -f -C -i -e "$program" "$@" <"$scratch/all" |
		sed 's/ (discriminator [0-9]*)$//; s/^??:?$/??:0/'
}

# The outermost of addr2line's frames: the last before the next address.
ask_addr2line |
	awk 'function show() { if (NR > 1) printf "%s\n%s\n%s\n", address, name, place }
		/^0x/ { show(); address = $0; first = NR; next }
		(NR - first) % 2 == 1 { name = $0; next } { place = $0 } END { show() }' >"$scratch/want"
run sh -c "exec '$SYSTEMSCOPE' symbolize -a -e '$program' --no-inline <'$scratch/all'"
if judge_success outermost_of_addr2line 0; then
	if [ "$(wc -l <"$dir/out")" -lt 150 ]; then
		not_ok outermost_of_addr2line "only $(wc -l <"$dir/out") lines"
	elif cmp -s "$dir/out" "$scratch/want"; then
		ok outermost_of_addr2line
	else
		not_ok outermost_of_addr2line "$(diff "$dir/out" "$scratch/want" | grep -m 2 '^[<>]' | tr '\n' ' ')"
	fi
fi

# And all that there is to say of them.
as_addr2line() { # NAME OPTION: of ours and of addr2line's
	run sh -c "exec '$SYSTEMSCOPE' symbolize -a -e '$program' $2 <'$scratch/all'"
	ask_addr2line ${2:+"$2"} >"$scratch/want"
	judge_success "$1" 0 || return
	if cmp -s "$dir/out" "$scratch/want"; then
		ok "$1"
	else
		not_ok "$1" "$(diff "$dir/out" "$scratch/want" | grep -m 2 '^[<>]' | tr '\n' ' ')"
	fi
}
as_addr2line lines_as_addr2line ''
as_addr2line basenames_as_addr2line -s

# What a file says is not passed on to a terminal.
objcopy -g --redefine-sym "hostile=$(printf 'a\033[31m\002b')" "$program" "$program.hostile"
run "$SYSTEMSCOPE" symbolize --no-inline -e "$program.hostile" "$(address_of hostile)"
sed -n 1p "$dir/out" >"$scratch/have"
if judge_success harmless_names 0; then
	if [ "$(cat "$scratch/have")" = 'a?[31m?b' ]; then
		ok harmless_names
	else
		not_ok harmless_names "$(od -c "$scratch/have" | head -n 1)"
	fi
fi

# The same options where a profile is made.
if needs_capture names_in_a_profile; then
	cat >"$scratch/src/spin.c" <<'END'
static volatile long turns;
static inline __attribute__((always_inline)) void turn(void)
{
	turns++;
}
__attribute__((noinline)) void spin(long n) __asm__("_ZN5shape4spinEl");
void spin(long n)
{
	while (n--)
		turn();
}
int main(void)
{
	for (;;)
		spin(1000000);
}
END
	gcc -O1 -g -o "$scratch/spin" "$scratch/src/spin.c" || exit 1
	expect_leaf() { # NAME REGEX OPTION...: what most of the time is in
		name=$1 regex=$2
		shift 2
		run "$SYSTEMSCOPE" oncpu -q -d 0.5 -F 499 -U "$@" -- "$scratch/spin"
		judge_success "$name" 0 || return
		leaf=$(awk '{ print $NF, $0 }' "$dir/out" | sort -n | tail -n 1)
		if echo "$leaf" | grep -qE "$regex"; then
			ok "$name"
		else
			not_ok "$name" "$leaf"
		fi
	}
	expect_leaf demangled_in_a_profile ';main;shape::spin\(long\)_\[c\] ' --no-inline
	expect_leaf mangled_in_a_profile ';main;_ZN5shape4spinEl_\[c\] ' --no-inline --no-demangle
	expect_leaf inlined_in_a_profile ';main;shape::spin\(long\);turn_\[i\]_\[c\] ' --annotate
	expect_leaf lines_in_a_profile \
		';main spin.c:1[45];shape::spin\(long\) spin.c:10;turn spin.c:4_\[c\] ' --lines
fi

expect_error no_file 2 'symbolize needs the file whose addresses these are: -e FILE' symbolize 1
expect_error empty_file_name 2 'symbolize needs the file .*' symbolize -e '' 1
expect_error no_such_file 1 'cannot open no/such: No such file or directory' symbolize -e no/such 1
expect_error not_elf 1 'cannot read /etc/passwd: not an ELF program, library or debug file' \
	symbolize -e /etc/passwd 1
expect_error a_directory 1 'cannot read /usr: a directory: give an ELF file' symbolize -e /usr 1
expect_error a_device 1 'cannot read /dev/null: not a regular file: give an ELF file' \
	symbolize -e /dev/null 1
mkfifo "$scratch/fifo"
expect_error a_fifo 1 'cannot read .*/fifo: not a regular file: give an ELF file' \
	symbolize -e "$scratch/fifo" 1
head -c 40 "$program" >"$scratch/cut"
expect_error cut_short 1 'cannot read .*/cut: not an ELF program, .*' symbolize -e "$scratch/cut" 1
run sh -c "exec '$SYSTEMSCOPE' symbolize -e '$program' </"
judge_error unreadable_stdin 1 'cannot read addresses from stdin: Is a directory'
run sh -c "exec '$SYSTEMSCOPE' symbolize -e '$program' $main >/dev/full"
judge_error full_disk 1 'cannot write stdout: No space left on device'
seq 20000 >"$scratch/many"
run sh -c "exec '$SYSTEMSCOPE' symbolize -e '$program' <'$scratch/many' >/dev/full"
judge_error full_disk_at_once 1 'cannot write stdout: No space left on device'

if setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all true 2>/dev/null; then
	cp "$SYSTEMSCOPE" "$scratch/systemscope" && chmod 755 "$scratch/systemscope"
	run setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$scratch/systemscope" symbolize -e "$program" --no-inline "$main"
	expect_functions without_privilege main
	cp "$program" "$scratch/secret" && chmod 600 "$scratch/secret"
	run setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$scratch/systemscope" symbolize -e "$scratch/secret" "$main"
	judge_error no_permission 1 'cannot open .*/secret: Permission denied'
else
	echo "skip without_privilege - needs root to become nobody"
	echo "skip no_permission - needs root to become nobody"
fi
finish
