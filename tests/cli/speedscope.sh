#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What speedscope's own importer makes of .speedscope.json files: of the golden streams, and of a
# program that runs here. All of it is compared with the same profile as JSON. The importer is that of
# the npm package, which is fetched once into the build directory.
. "$(dirname "$0")/../lib/cli.sh"
. "$(dirname "$0")/../lib/viewed.sh"
. "$(dirname "$0")/../lib/speedscope.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$(dirname "$SYSTEMSCOPE")}
case $build in
/*) ;;
*) build=$root/$build ;;
esac
if ! fetch_speedscope; then
	echo "skip speedscope - $why_not"
	finish
fi

# same NAME SPEEDSCOPE JSON [timeline]
same() {
	if node "$root/tests/lib/speedscope.js" "$speedscope" "$2" >"$scratch/imported" 2>"$scratch/err" &&
		python3 "$root/tests/lib/speedscope.py" "$scratch/imported" "$3" $4 2>"$scratch/err"; then
		ok "$1"
	else
		not_ok "$1" "$(tail -n 1 "$scratch/err" | cut -c 1-1000)"
	fi
}

for golden in "$root"/tests/golden/*.speedscope.json; do
	stream=${golden%.speedscope.json}
	has=
	[ ! -e "$stream.trace.json" ] || has=timeline
	same "imported_$(basename "$stream")" "$golden" "$stream.json" $has
done

# A timeline made up: intervals as the samples, in another order.
if [ -x "$build/bench/exporters" ]; then
	"$build/bench/exporters" -i -n 3000 -s 200 -t 5 -d "$scratch" json speedscope >/dev/null
	same imported_made_up "$scratch/profile.speedscope.json" "$scratch/profile.json" timeline
else
	echo "skip imported_made_up - no $build/bench/exporters: make test-programs"
fi

start_viewed
# captured NAME "" or timeline, ARGUMENT...: the last one's files stay in $scratch.
captured() {
	name=captured_$1 has=$2
	shift 2
	run "$SYSTEMSCOPE" "$@"
	if judge_success "$name" 0 a.speedscope.json a.json; then
		same "$name" "$dir/work/a.speedscope.json" "$dir/work/a.json" $has
		cp "$dir"/work/* "$scratch"
	fi
}
out='-q -o a.speedscope.json -o a.json'
captured oncpu '' oncpu $out -p $victim -d 1
captured offcpu '' offcpu $out -p $victim -d 1
captured timeline timeline $out -p $victim -d 1 --timeline
captured all '' $out -a -d 1
# Programs of others: make, a shell, gcc and what it runs; each for a part of the window.
captured build '' $out -- make -s -C "$root" "BUILD=$scratch/built" "$scratch/built/workloads/demo"
captured build_timeline timeline $out --timeline -- \
	make -s -C "$root" "BUILD=$scratch/built-2" "$scratch/built-2/workloads/demo"
captured profile '' $out -p $victim -d 1
kill $victim
wait $victim 2>/dev/null

# --- its page -------------------------------------------------------------------------------------

if ! command -v chromium >/dev/null; then
	echo "skip page - no chromium: make test-packages"
	finish
fi

# The page as text once it has loaded the file; it is told of it as speedscope's own command does.
page() { # FILE VIEW
	{
		printf 'speedscope.loadFileFromBase64("profile.json", "'
		base64 -w 0 "$1"
		printf '")'
	} >"$scratch/profile.js"
	HOME=$scratch timeout 120 chromium --headless --no-sandbox --disable-gpu --use-gl=angle \
		--use-angle=swiftshader --enable-unsafe-swiftshader --allow-file-access-from-files \
		--user-data-dir="$scratch/chromium" --virtual-time-budget=20000 --dump-dom \
		"file://$speedscope/dist/release/index.html#view=$2&localProfilePath=$scratch/profile.js" \
		2>"$scratch/err" | sed 's/<[^>]*>/ /g' | tr -s ' \n' ' ' >"$scratch/page"
}

# shows NAME REGEX...: the page has all of them.
shows() {
	name=$1
	shift
	for regex in "$@"; do
		grep -qE -- "$regex" "$scratch/page" && continue
		not_ok "$name" "no $regex: $(tail -c +40 "$scratch/page" | cut -c 1-800)"
		return
	done
	ok "$name"
}

page "$root/tests/golden/plain.speedscope.json" sandwich
shows page 'all threads, wall clock \(1/4\)' '1\.10s \(46%\) 0\.00ns [^ ]* _start ' \
	'192\.86ms \(8\.0%\) parse' '600\.00ms \(25%\) \[blocked: epoll\]'
page "$root/tests/golden/hostile.speedscope.json" sandwich
shows page_of_hostile_names 'all threads, wall clock \(1/' '&lt;/text&gt;&lt;script&gt;alert\(1\)'

page "$scratch/a.speedscope.json" sandwich
if why=$(python3 "$root/tests/lib/speedscope.py" shown "$scratch/page" "$scratch/a.json" 2>&1); then
	ok page_of_a_capture
else
	not_ok page_of_a_capture "$(echo "$why" | tail -n 1 | cut -c 1-1000)"
fi
finish
