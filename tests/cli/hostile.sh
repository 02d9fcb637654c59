#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Names that try to be something else, of threads, functions, source files, mapped files, programs and
# reasons, through every format: each is read by a reader of its own, and nothing is lost. That nothing
# of it runs in a browser is seen by browser_html.sh and browser_svg.sh.
. "$(dirname "$0")/../lib/cli.sh"
. "$(dirname "$0")/../lib/speedscope.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(realpath "${BUILD:-$(dirname "$SYSTEMSCOPE")}")
lib=$root/tests/lib
export HOME="$scratch"

# judge NAME COMMAND...: ok if it succeeds, silently or not.
judge() {
	name=$1
	shift
	if why=$("$@" 2>&1 >/dev/null); then
		ok "$name"
	else
		not_ok "$name" "$(echo "$why" | tail -n 1 | cut -c 1-500)"
	fi
}

decoded() { # PB_GZ JSON
	gzip -dc "$1" | protoc "--proto_path=$root/exporters" --decode=pprof.Profile pprof.proto \
		>"$scratch/decoded" && python3 "$lib/pprof.py" same "$scratch/decoded" "$2"
}

imported() { # SPEEDSCOPE JSON
	node "$lib/speedscope.js" "$speedscope" "$1" >"$scratch/imported" &&
		python3 "$lib/speedscope.py" "$scratch/imported" "$2" timeline
}

# again SUFFIX FILE.scope: from a capture the same bytes come.
again() {
	rm -f "$scratch/again$1" && "$SYSTEMSCOPE" export "$2.scope" -o "$scratch/again$1" &&
		cmp "$2$1" "$scratch/again$1"
}

# read_all NAME FILE: FILE and each suffix of the help. A format that nobody reads here fails.
read_all() {
	for suffix in $("$SYSTEMSCOPE" --help | sed -n '/^Formats:$/,/^$/p' | grep -oE ' \.[a-z.]+'); do
		file=$2$suffix case=$1$suffix
		case $suffix in
		.json) judge "$case" python3 -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' \
			"$file" ;;
		.folded) judge "$case" is_folded "$file" && judge "$case.text" python3 "$lib/hostile.py" text "$file" ;;
		.svg) judge "$case" python3 "$root/tests/svg/read_svg.py" "$file" "$2.folded" ;;
		.html) judge "$case" python3 "$root/tests/html/read_page.py" "$file" "$2.json" ;;
		.txt) judge "$case" python3 "$lib/hostile.py" text "$file" ;;
		.trace.json) judge "$case" "$lib/check_trace" "$file" "$2.json" ;;
		.scope) judge "$case" test -s "$file" ;;
		.pb.gz)
			if command -v protoc >/dev/null; then
				judge "$case" decoded "$file" "$2.json"
			else
				echo "skip $case - no protoc: make test-packages"
			fi
			;;
		.speedscope.json)
			if fetch_speedscope; then
				judge "$case" imported "$file" "$2.json"
			else
				echo "skip $case - $why_not"
			fi
			;;
		*) not_ok "$case" "nothing here reads this format" ;;
		esac
	done
}

if ! mkdir "$scratch/pages" || ! "$build/tests/pages" "$scratch/pages"; then
	not_ok pages "tests/pages failed"
	finish
fi
made=$scratch/pages/names-when
judge every_name_in_every_place python3 "$lib/hostile.py" json "$made.json"
read_all made "$made"
judge made_lines python3 "$lib/hostile.py" folded "$made.folded" "$made.json"
judge made_trace_names python3 "$lib/hostile.py" chrome "$made.trace.json" "$made.json"
judge made_report_names python3 "$lib/hostile.py" report "$made.txt" "$made.json"
for suffix in .folded .svg .html .pb.gz .speedscope.json .trace.json .json .txt .scope; do
	judge "again$suffix" again $suffix "$made"
done

# --- what is no exporter --------------------------------------------------------------------------

run "$SYSTEMSCOPE" report "$made.scope"
judge report python3 "$lib/hostile.py" report "$dir/out" "$made.json"
cp "$root/tests/golden/hostile.scope" "$scratch/other.scope"
"$SYSTEMSCOPE" export "$scratch/other.scope" -o "$scratch/other.folded"
run "$SYSTEMSCOPE" diff "$made.scope" "$scratch/other.scope" -o d.svg -o d.folded
judge difference python3 "$root/tests/svg/read_svg.py" "$dir/work/d.svg" "$made.folded" "$scratch/other.folded"
judge difference_text python3 "$lib/hostile.py" text "$dir/work/d.folded"
run "$SYSTEMSCOPE" export "$made.scope" --output-dir out
if judge_success directory 0 out; then
	odd=$(find "$dir/work/out" -type f | sed "s|^$dir/work/out/||" | grep -vxE '[A-Za-z0-9_.-]+')
	[ -z "$odd" ] && ok directory_names || not_ok directory_names "a file called $odd"
	judge directory_text python3 "$lib/hostile.py" text "$dir"/work/out/*.txt "$dir"/work/out/*.folded
	why=$(for picture in "$dir"/work/out/thread_*.svg "$dir"/work/out/process_*.svg; do
		python3 "$root/tests/svg/read_svg.py" "$picture" "${picture%.svg}.folded" 2>&1 ||
			echo "$(basename "$picture")"
	done)
	[ -z "$why" ] && ok directory_pictures || not_ok directory_pictures "$(echo "$why" | cut -c 1-300)"
fi

# --- a program that is called so, with functions and a source file that are -----------------------

needs_capture captured || finish
place=$scratch/$(printf '<script>;"\n\033[31m\377\342\200\256')
long=$(printf '%010000d' 0 | tr 0 x)
# Such names cannot be written in C: others of the same length take their places in what is built.
if ! mkdir "$place" || ! sed "s/\bworker\b/worker_work_/g; s/\bhot\b/$long/g" "$lib/viewed.c" >"$place/a\"; <script>
.c" || ! (cd "$place" && gcc -D_GNU_SOURCE -O2 -g -static -pthread ./*.c -o viewed); then
	not_ok captured "the program does not build"
	finish
fi
python3 - "$place/viewed" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    program = file.read().replace(b"worker_work_", b'a;b\n"\'\x1b[31m\xff')
    file.seek(0)
    file.write(program.replace(b"x" * 10000, b"</script>".ljust(10000, b"x")))
END
"$place/viewed" &
victim=$!
sleep 0.3
run "$SYSTEMSCOPE" -q --no-inline -p $victim -F 499 -d 2 --timeline -o x.folded -o x.svg -o x.html -o x.json -o x.txt \
	-o x.trace.json -o x.scope -o x.pb.gz -o x.speedscope.json
kill $victim
wait $victim 2>/dev/null
[ "$code" = 0 ] && ok captured || not_ok captured "exit code $code: $(head -n 1 "$dir/err")"
judge captured_names python3 "$lib/hostile.py" captured "$dir/work/x.json"
read_all captured "$dir/work/x"
finish
