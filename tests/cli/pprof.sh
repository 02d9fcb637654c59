#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What `go tool pprof` and `protoc` find in .pb.gz files: of the golden streams, and of a program that
# runs here. All of it is compared with the same profile as JSON, the sums to the nanosecond.
. "$(dirname "$0")/../lib/cli.sh"
. "$(dirname "$0")/../lib/viewed.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
for tool in go protoc; do
	if ! command -v $tool >/dev/null; then
		echo "skip pprof - no $tool: make test-packages"
		finish
	fi
done
export HOME="$scratch" PPROF_TMPDIR="$scratch" PPROF_BINARY_PATH="$scratch"

# judge NAME COMMAND...: ok if it succeeds; what it writes is in $scratch/out.
judge() {
	name=$1
	shift
	if "$@" >"$scratch/out" 2>"$scratch/err"; then
		ok "$name"
	else
		not_ok "$name" "$(tail -n 1 "$scratch/err" | cut -c 1-1000)"
	fi
}

# As recorded: what is there of local binaries is not to change it.
pprof() {
	go tool pprof -symbolize=none "$@"
}

# same PB_GZ JSON: everything, by protobuf's own compiler.
same() {
	gzip -dc "$1" | protoc "--proto_path=$root/exporters" --decode=pprof.Profile pprof.proto \
		>"$scratch/decoded" && python3 "$root/tests/lib/pprof.py" same "$scratch/decoded" "$2"
}

# sums JSON... -- ARGUMENT...: pprof's are those of all threads' times.
sums() {
	jsons=
	while [ "$1" != -- ]; do
		jsons="$jsons $1"
		shift
	done
	shift
	pprof -raw "$@" >"$scratch/raw" && python3 "$root/tests/lib/pprof.py" sums "$scratch/raw" $jsons
}

# served PB_GZ: its page, for a moment, on a port of the loopback that it chooses.
served() {
	timeout 60 go tool pprof -symbolize=none -no_browser -http=localhost: "$1" >"$scratch/serving" 2>&1 &
	server=$!
	for _ in $(seq 100); do
		grep -q 'http://' "$scratch/serving" && break
		sleep 0.1
	done
	address=$(grep -oE 'http://[^ ]+' "$scratch/serving" | head -n 1)
	python3 - "${address:?no address}" <<-'END'
		import sys, time, urllib.request
		for view in "flamegraph", "top", "peek?f=hot", "source?f=spin":
		    for tries in range(50):
		        try:
		            page = urllib.request.urlopen(f"{sys.argv[1]}/ui/{view}", timeout=20).read()
		            break
		        except OSError as error:
		            page = str(error).encode()
		            time.sleep(0.1)
		    if b"hot" not in page:
		        sys.exit(f"{view}: {page[:300]}")
	END
	seen=$?
	kill $server
	wait $server
	return $seen
}

difference() { # BASE_PB_GZ PB_GZ BASE_JSON JSON
	pprof -raw -base "$1" "$2" >"$scratch/raw" &&
		python3 "$root/tests/lib/pprof.py" difference "$scratch/raw" "$3" "$4"
}

# reports PB_GZ JSON FUNCTION: what the reports for people say, in nanoseconds, FUNCTION listed too.
reports() {
	pprof -unit=ns -nodecount=0 -nodefraction=0 -edgefraction=0 -top "$1" >"$scratch/top" &&
		pprof -unit=ns -traces "$1" >"$scratch/traces" && pprof -unit=ns -tags "$1" >"$scratch/tags" &&
		pprof -unit=ns -list "$3" "$1" >"$scratch/list" &&
		python3 "$root/tests/lib/pprof.py" reports "$scratch/top" "$scratch/traces" "$scratch/tags" \
			"$scratch/list" "$2"
}

# shows REGEX ARGUMENT...: a line of pprof's output matches.
shows() {
	regex=$1
	shift
	pprof "$@" >"$scratch/shown" || return
	grep -qE -- "$regex" "$scratch/shown" && return
	echo "no line matches $regex: $(head -n 20 "$scratch/shown" | tr '\n' '|')" >&2
	return 1
}

for golden in "$root"/tests/golden/*.pb.gz; do
	stream=$(basename "$golden" .pb.gz)
	judge "decoded_$stream" same "$golden" "${golden%.pb.gz}.json"
	judge "sums_$stream" sums "${golden%.pb.gz}.json" -- "$golden"
done

# --- a program ------------------------------------------------------------------------------------

start_viewed
# capture ARGUMENT...: what it writes goes to $scratch.
capture() {
	run "$SYSTEMSCOPE" "$@"
	[ "$code" = 0 ] || not_ok captured "exit code $code: $(head -n 1 "$dir/err")"
	mv "$dir"/work/* "$scratch"
}
capture -q -p $victim -F 199 -d 1.5 -o a.pb.gz -o a.json
capture offcpu -q -p $victim -d 1 -o b.pb.gz -o b.json
capture -q -a -d 1 -o all.pb.gz -o all.json
capture offcpu -q -p $victim --duration 0.5 --output pprof -o c
kill $victim
wait $victim 2>/dev/null
# Programs of others: make, a shell, gcc and what it runs.
capture -q -o build.pb.gz -o build.json -- make -s -C "$root" "BUILD=$scratch/built" \
	"$scratch/built/workloads/demo"

cd "$scratch" || exit 1
judge captured_decoded same a.pb.gz a.json
judge captured_offcpu_decoded same b.pb.gz b.json
judge captured_sums sums a.json -- a.pb.gz
judge captured_offcpu_sums sums b.json -- b.pb.gz
judge captured_all_decoded same all.pb.gz all.json
judge captured_all_sums sums all.json -- all.pb.gz
judge captured_build_decoded same build.pb.gz build.json
judge captured_build_sums sums build.json -- build.pb.gz
judge captured_reports reports a.pb.gz a.json '^spin$'
judge captured_offcpu_reports reports b.pb.gz b.json '^main$'
judge captured_all_reports reports all.pb.gz all.json '^spin$'
judge captured_build_reports reports build.pb.gz build.json '^main$'
judge merged sums a.json b.json -- a.pb.gz b.pb.gz
judge compared difference a.pb.gz b.pb.gz a.json b.json
judge compared_with_itself difference a.pb.gz a.pb.gz a.json a.json
judge wall_is_the_default shows '^Type: wall$' -top a.pb.gz
judge top shows '% +[0-9.]+m?s +[0-9.]+% +(spin|hot)( \(inline\))?$' -top -sample_index=cpu a.pb.gz
judge tree shows ' hot$' -tree -sample_index=cpu a.pb.gz
judge peek shows ' main$' -peek '^hot$' -sample_index=cpu a.pb.gz
judge traces shows '^ +reason: +sleep$' -traces a.pb.gz
judge list shows '^ +[0-9.]+m?s +[0-9.]+m?s +[0-9]+:.*sink \* 6364136223846793005u' \
	-list 'spin' -sample_index=cpu a.pb.gz
judge list_calls_inlined shows '^ +[.0-9ms]+ +[0-9.]+m?s +[0-9]+:.*spin\(20000000\);' \
	-list '^hot$' -sample_index=cpu a.pb.gz
judge tags shows '\(.*%\): sleepy; "x"$' -tags a.pb.gz
judge tag_of_a_number shows "tagfocus=tid=$victim$" -top -tagfocus "tid=$victim" a.pb.gz
judge tag_root shows '^ +0 .* sleepy; "x"$' -top -tagroot thread a.pb.gz
judge comments shows "^pid $victim" -comments a.pb.gz
judge main_program shows '^File: viewed$' -top a.pb.gz
judge graph shows '^digraph "viewed"' -dot a.pb.gz
judge page served a.pb.gz
judge named_by_output shows '^Type: wall$' -top c
# With the binary at hand, pprof may look up names of its own: the addresses are the file's.
judge symbolized_again sh -c 'go tool pprof -symbolize=force -top -sample_index=cpu a.pb.gz | grep -qE " (spin|hot)( \(inline\))?$"'
finish
