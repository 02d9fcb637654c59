#!/bin/sh
# SPDX-License-Identifier: MIT
#
# --debuginfod: debug files from a server here, from nobody unless asked, and from a program that lies.
. "$(dirname "$0")/../lib/cli.sh"

for tool in gcc nm objcopy python3; do
	command -v $tool >/dev/null || {
		echo "skip debuginfod - no $tool here"
		finish
	}
done

# Its build-id is of this run alone: no cache and no server has it. NAME: spins for half a second.
id=$(od -An -N 20 -tx1 /dev/urandom | tr -d ' \n')
cat >"$scratch/spin.c" <<'END'
#include <time.h>
static volatile unsigned long turns;
__attribute__((noinline)) static void turn_around(void)
{
	clock_t end = clock() + CLOCKS_PER_SEC / 2;

	while (clock() < end)
		turns++;
}
int main(void)
{
	turn_around();
	return 0;
}
END
mkdir "$scratch/served" "$scratch/bin"
program=$scratch/spin
(cd "$scratch" && gcc -O1 -g -static -Wl,--build-id=0x"$id" -o spin spin.c) || exit 1
address=$(nm "$program" | awk '$3 == "turn_around" { print $1 }')
objcopy --only-keep-debug "$program" "$scratch/served/spin.debug" &&
	objcopy --strip-all "$program" || exit 1

# fake SCRIPT: a debuginfod-find, before the others in PATH.
fake() {
	printf '#!/bin/sh\n%s\n' "$1" >"$scratch/bin/debuginfod-find"
	chmod +x "$scratch/bin/debuginfod-find"
}
# symbolize ARG...: what stands at `turn_around`; with the fakes and URLs.
symbolize() {
	run $net env PATH="$scratch/bin:$PATH" DEBUGINFOD_URLS="$urls" DEBUGINFOD_CACHE_PATH="$scratch/cache" \
		"$SYSTEMSCOPE" symbolize -s -e "$program" "$address" "$@"
}
expect() { # NAME FUNCTION PLACE
	judge_success "$1" 0 || return
	have=$(tr '\n' ' ' <"$dir/out")
	if [ "$have" = "$2 $3 " ]; then
		ok "$1"
	else
		not_ok "$1" "'$have', not '$2 $3'"
	fi
}
urls=http://127.0.0.1:1/
net= # how to run something in the server's network

# --- a program that lies -------------------------------------------------------------------------

fake "echo $scratch/served/spin.debug; echo \"\$*\" >>$scratch/asked"
symbolize
expect not_unasked '??' '??:0'
symbolize --debuginfod
expect fetched turn_around spin.c:4
if [ "$(cat "$scratch/asked")" = "debuginfo $id" ]; then
	ok asked_once_and_only_when_asked_for
else
	not_ok asked_once_and_only_when_asked_for "$(tr '\n' '|' <"$scratch/asked")"
fi
gcc -O1 -g -static -Wl,--build-id=0x00"$id" -o "$scratch/other" "$scratch/spin.c"
fake "echo $scratch/other"
symbolize --debuginfod
expect another_build '??' '??:0'
fake 'head -c 100000000 /dev/zero | tr "\0" /; echo'
symbolize --debuginfod
expect a_very_long_answer '??' '??:0'
fake 'echo no >&2; exit 1'
symbolize --debuginfod
expect not_there '??' '??:0'
rm "$scratch/bin/debuginfod-find"

# --- what is missing to ask --------------------------------------------------------------------------

unset DEBUGINFOD_URLS
expect_error no_urls 2 '--debuginfod: DEBUGINFOD_URLS is not set: .*--preserve-env=DEBUGINFOD_URLS' \
	symbolize -e "$program" --debuginfod
expect_error no_urls_for_a_capture 2 '--debuginfod: DEBUGINFOD_URLS is not set: .*' --debuginfod -d 1
run env PATH="$scratch/bin" DEBUGINFOD_URLS="$urls" "$SYSTEMSCOPE" --debuginfod -d 1
judge_error no_program 1 '--debuginfod: no debuginfod-find in PATH: install it \(.*\)'

# --- what a report says ----------------------------------------------------------------------------

if needs_capture says_what_the_server_said; then
	fake "echo 'Server query failed: nobody' >&2; exit 1"
	run env PATH="$scratch/bin:$PATH" DEBUGINFOD_URLS="$urls" \
		"$SYSTEMSCOPE" oncpu -F 499 --debuginfod -o x.json -- "$program"
	said="spin: stripped; no debug file (debuginfod-find: Server query failed: nobody); lacks"
	if judge_success says_what_the_server_said 0 x.json; then
		if grep -qF "$said" "$dir/err"; then
			ok says_what_the_server_said
		else
			not_ok says_what_the_server_said "$(grep -A 3 '^  names' "$dir/err" | tr '\n' '|')"
		fi
	fi
	rm "$scratch/bin/debuginfod-find"
fi

# --- a real server -----------------------------------------------------------------------------------

if ! command -v debuginfod >/dev/null || ! command -v debuginfod-find >/dev/null; then
	echo "skip server - no debuginfod here"
	finish
fi
# It listens on all addresses there are: in a network of its own, which has but the loopback's.
unshare -n sleep 120 &
network=$!
server=
trap 'kill $server $network 2>/dev/null; cd /; rm -rf "$scratch"' EXIT
net="nsenter -n -t $network"
sleep 0.5
if [ "$(readlink /proc/$network/ns/net)" = "$(readlink /proc/self/ns/net)" ] ||
	! $net ip link set lo up; then
	echo "skip server - cannot make a network of its own here"
	finish
fi
urls=http://127.0.0.1:8002/
timeout 120 $net debuginfod -F -d :memory: -p 8002 "$scratch/served" >"$scratch/server.log" 2>&1 &
server=$!
# What is not there yet is remembered in the cache as not there.
for attempt in $(seq 100); do
	DEBUGINFOD_URLS=$urls DEBUGINFOD_CACHE_PATH=$scratch/try.$attempt \
		$net debuginfod-find debuginfo "$id" >/dev/null 2>&1 && break
	sleep 0.2
done
requests() {
	grep -c "GET /buildid/$id/debuginfo" "$scratch/server.log"
}
before=$(requests)
symbolize
expect server_is_not_asked_unasked '??' '??:0'
between=$(requests)
symbolize --debuginfod
expect server_has_it turn_around spin.c:4
if [ "$before" = "$between" ] && [ "$(requests)" -gt "$between" ]; then
	ok server_saw_one_request
else
	not_ok server_saw_one_request "$before, $between, then $(requests)"
fi
if needs_capture server_names_a_capture; then
	rm -r "$scratch/cache"
	run $net env DEBUGINFOD_URLS="$urls" DEBUGINFOD_CACHE_PATH="$scratch/cache" \
		"$SYSTEMSCOPE" oncpu --debuginfod --lines -o x.folded -- "$program"
	if judge_success server_names_a_capture 0 x.folded; then
		if grep -q ';turn_around spin.c:[0-9]*' "$dir/work/x.folded"; then
			ok server_names_a_capture
		else
			not_ok server_names_a_capture "$(head -n 1 "$dir/work/x.folded")"
		fi
	fi
fi
kill $server
wait $server 2>/dev/null
symbolize --debuginfod
expect fetched_before turn_around spin.c:4
rm -r "$scratch/cache"
symbolize --debuginfod
expect server_is_gone '??' '??:0'
finish
