#!/bin/sh
# SPDX-License-Identifier: MIT
# --output-dir: what is in it, that it is whole or not there, and that no name leads out of it.
. "$(dirname "$0")/../lib/cli.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$(dirname "$SYSTEMSCOPE")}
case $build in
/*) ;;
*) build=$root/$build ;;
esac

# These are found out before the capture, by anybody.
expect_error empty_name 2 '--output-dir: an empty name: .*' --output-dir ''
expect_error given_twice 2 '--output-dir was given twice: .*' --output-dir a --output-dir b
expect_error nothing_above 1 'cannot write to --output-dir no/such: No such file or directory: .*' \
	--output-dir no/such
mkdir "$scratch/full" && : >"$scratch/full/x" && : >"$scratch/file"
expect_error not_empty 1 'cannot write to --output-dir .*/full: it is not empty: .*' \
	--output-dir "$scratch/full"
expect_error no_directory 1 'cannot write to --output-dir .*/file: Not a directory: .*' \
	--output-dir "$scratch/file"

if setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all true 2>/dev/null; then
	cp "$SYSTEMSCOPE" "$scratch/systemscope" && chmod 755 "$scratch/systemscope"
	run setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$scratch/systemscope" --output-dir out
	judge_error not_my_directory 1 'cannot write to --output-dir out: Permission denied'
	mkdir "$scratch/mine" && chown 65534 "$scratch/mine"
	run setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$scratch/systemscope" --output-dir "$scratch/mine/new"
	if [ -e "$scratch/mine/new" ]; then
		not_ok taken_away "the directory is still there"
	else
		judge_error taken_away 77 'needs root .*'
	fi
else
	echo "skip not_my_directory - needs root to become nobody"
	echo "skip taken_away - needs root to become nobody"
fi

# Of a capture that was kept: by anybody, and the same bytes as each of its formats alone.
run "$SYSTEMSCOPE" export "$root/tests/golden/hostile.scope" --output-dir out
if judge_success exports 0 out; then
	work=$dir/work/out
	if [ -s "$dir/out" ]; then
		not_ok exports "stdout is not empty"
	elif ! cmp -s "$work/profile.folded" "$root/tests/golden/hostile.folded" ||
		! cmp -s "$work/profile.txt" "$root/tests/golden/hostile.txt" ||
		! cmp -s "$work/profile.scope" "$root/tests/golden/hostile.scope"; then
		not_ok exports "not as the formats alone"
	elif [ "$(ls "$work"/thread_*.folded | sed 's|.*/||' | tr '\n' ' ')" != \
		"thread_1_main.folded thread_2_idle-x.folded thread_3.folded thread_4_0-title.folded " ]; then
		not_ok exports "$(ls "$work" | tr '\n' ' ')"
	else
		ok exports
	fi
fi

if ! needs_capture bundle; then
	finish
fi
if ! command -v python3 >/dev/null || [ ! -x "$build/workloads/manythreads" ]; then
	echo "skip bundle - needs python3 and the workloads"
	finish
fi

# Microseconds of a folded file, and of several.
microseconds() {
	cat "$@" | awk '{ sum += $NF } END { printf "%d\n", sum }'
}

# A process whose threads call themselves what no file should be called.
cat >"$scratch/names.py" <<'END'
import ctypes, sys, threading, time
libc = ctypes.CDLL(None)
names = [b"../../../x", b"a/b", b"-rf", b".", b"..", b"$(touch x)", b"\n\r\x1b[31m", b"\xff\xfe\x80",
         b"", b"\xe2\x80\xae1234567890", b"</script>", b"GC Thread#0", b"worker 1", b"' \"`;&|*?"]
def run(name):
    libc.prctl(15, ctypes.c_char_p(name), 0, 0, 0)
    while True:
        time.sleep(0.01)
for name in names:
    threading.Thread(target=run, args=(name,), daemon=True).start()
time.sleep(0.3)
print(len(names) + 1, flush=True)
time.sleep(60)
END
python3 "$scratch/names.py" >"$scratch/names.ready" &
names=$!
for _ in $(seq 100); do
	[ -s "$scratch/names.ready" ] && break
	sleep 0.1
done
run env SUDO_UID=65534 SUDO_GID=65534 "$SYSTEMSCOPE" -p "$names" -d 0.5 --output-dir out
if judge_success bundle 0 out; then
	work=$dir/work/out
	threads=$(cat "$scratch/names.ready")
	parts=$(ls "$work" | grep -c '^thread_[0-9]*_\?[A-Za-z0-9-]*\.folded$')
	whole=$(microseconds "$work/profile.folded")
	sum=$(microseconds "$work"/thread_*.folded)
	off=$((whole > sum ? whole - sum : sum - whole))
	odd=$(ls "$work" | grep -vE '^(profile\.[a-z.]+|summary\.txt|(process|thread)_[0-9]+(_[A-Za-z0-9-]{1,24})?(\.folded|\.svg|_analysis\.txt))$')
	if [ "$parts" != "$threads" ]; then
		not_ok bundle "$parts threads' files of $threads threads"
	elif [ -n "$odd" ]; then
		not_ok bundle "a file called $odd"
	elif [ "$off" -gt "$threads" ]; then
		not_ok bundle "the threads have $sum us, the whole has $whole us"
	elif [ ! -e "$work/thread_${names}_main.folded" ] || [ -z "$(ls "$work"/thread_*_gc_analysis.txt)" ] ||
		[ -z "$(ls "$work"/thread_*_worker.folded)" ]; then
		not_ok bundle "no thread is called by its role"
	elif [ "$(microseconds "$work"/process_*.folded)" != "$whole" ]; then
		not_ok bundle "the process has not the time of the whole"
	elif ! cmp -s "$work/profile.folded" "$work/process_${names}"_*.folded; then
		not_ok bundle "the only process is not the whole"
	elif [ "$(find "$work" ! -user 65534 | wc -l)" != 0 ]; then
		not_ok bundle "$(find "$work" ! -user 65534 | head -n 1) is not the caller's"
	elif [ -s "$dir/out" ]; then
		not_ok bundle "stdout is not empty"
	elif ! grep -qx "written to out: $(ls "$work" | wc -l) files" "$dir/err"; then
		not_ok bundle "$(tail -n 1 "$dir/err")"
	elif ! grep -q '^  verdict ' "$work/thread_${names}_main_analysis.txt" ||
		! grep -q '^  coverage ' "$work/summary.txt"; then
		not_ok bundle "no report or no summary"
	else
		ok bundle
	fi

	# Every format of the help that needs no timeline.
	missing=$("$SYSTEMSCOPE" --help | sed -n '/^Formats:$/,/^$/p' |
		grep -oE ' \.[a-z.]+' | while read -r suffix; do
		[ -e "$work/profile$suffix" ] || [ "$suffix" = .trace.json ] || echo "$suffix"
	done)
	if [ -z "$missing" ]; then
		ok every_format
	else
		not_ok every_format "no profile$missing"
	fi

	bad=$(for file in "$work"/*.txt; do
		LC_ALL=C grep -lP '[\x00-\x09\x0b-\x1f\x7f]' "$file"
		iconv -f UTF-8 -t UTF-8 "$file" >/dev/null 2>&1 || echo "$file"
	done)
	if [ -z "$bad" ]; then
		ok text_is_text
	else
		not_ok text_is_text "$(echo "$bad" | head -n 1)"
	fi
fi

# An empty directory of one's own is used, with other outputs beside it.
run sh -c "mkdir out; chmod 700 out; exec '$SYSTEMSCOPE' -q -p $names -d 0.2 --output-dir out -o x.folded"
if judge_success empty_directory 0 out x.folded; then
	if [ "$(stat -c %a "$dir/work/out")" = 700 ] && [ -s "$dir/work/out/profile.folded" ]; then
		ok empty_directory
	else
		not_ok empty_directory "$(ls -ld "$dir/work/out")"
	fi
fi

# No room: nothing of it stays. A file may be 20 KiB, so that some are written before one is not.
run sh -c "(ulimit -f 40; '$SYSTEMSCOPE' -q -p $names -d 0.5 --output-dir out 2>&1; echo \$? >code) >&2"
code=$(cat "$dir/work/code") && rm -f "$dir/work/code"
judge_error full_disk 1 'cannot write out/profile\..*: File too large'

# The target is gone before the window: no thread, no directory.
run "$SYSTEMSCOPE" --comm no-such-comm -d 0.2 --output-dir out
judge_error nothing_to_show 1 'nothing to show: .*'
kill "$names"

# A thousand threads: a part for each, each of them the thread's.
"$build/workloads/manythreads" --threads 1000 --restless 1 --seconds 60 >"$scratch/facts" &
many=$!
for _ in $(seq 100); do
	grep -qx ready "$scratch/facts" && break
	sleep 0.1
done
run "$SYSTEMSCOPE" -q -p "$many" -d 0.5 --output-dir out
if judge_success thousand_threads 0 out; then
	work=$dir/work/out
	asleep=$(sed -nE 's/^thread tid=([0-9]+) role=asleep$/\1/p' "$scratch/facts" | tail -n 1)
	restless=$(sed -nE 's/^thread tid=([0-9]+) role=restless$/\1/p' "$scratch/facts" | tail -n 1)
	if [ "$(ls "$work"/thread_*.folded | wc -l)" != 1001 ]; then
		not_ok thousand_threads "$(ls "$work"/thread_*.folded | wc -l) threads"
	elif ! grep -q 'sleep_throughout' "$work/thread_${asleep}_many.folded" ||
		grep -q 'sleep_restlessly' "$work/thread_${asleep}_many.folded" ||
		! grep -q 'sleep_restlessly' "$work/thread_${restless}_many.folded"; then
		not_ok thousand_threads "a thread has another's stacks"
	elif [ "$(wc -l <"$work/profile.txt")" -gt 200 ]; then
		not_ok thousand_threads "a report of $(wc -l <"$work/profile.txt") lines"
	elif ! grep -q '981 more threads, less busy, together' "$work/profile.txt"; then
		not_ok thousand_threads "the rest is not said"
	else
		ok thousand_threads
	fi
fi
kill "$many"
wait 2>/dev/null
finish
