#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make` does beside building: it says what there is, it takes away what it installed.
. "$(dirname "$0")/../lib/cli.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$(dirname "$SYSTEMSCOPE")}
case $build in
/*) ;;
*) build=$root/$build ;;
esac
unset MAKEFLAGS MAKELEVEL MFLAGS

run make -s -C "$root" help
if judge_success help 0; then
	missing=
	for target in $(sed -nE 's/^make ([a-z-]+) .*/\1/p' "$dir/out"); do
		make -n -C "$root" "BUILD=$build" "$target" >/dev/null 2>&1 || missing="$missing $target"
	done
	if [ -n "$missing" ]; then
		not_ok help "no target:$missing"
	elif ! grep -q '^make run ' "$dir/out" || ! grep -q '^make uninstall ' "$dir/out"; then
		not_ok help "not all of it is listed"
	else
		ok help
	fi
fi

# Nothing is built a second time.
stage() {
	make -s -C "$root" -o build "BUILD=$build" "DESTDIR=$scratch/stage" "$1" >/dev/null
}
if ! stage install || [ ! -x "$scratch/stage/usr/local/bin/systemscope" ]; then
	not_ok uninstall "nothing was installed"
elif ! stage uninstall; then
	not_ok uninstall "it fails"
elif [ -n "$(find "$scratch/stage" -type f)" ]; then
	not_ok uninstall "left: $(find "$scratch/stage" -type f)"
else
	ok uninstall
fi

# A user without sudo is told, instead of "sudo: not found".
if setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
	mkdir "$scratch/bin" && ln -s "$(command -v id)" "$scratch/bin/id"
	cp "$root/tools/run-demo" "$scratch/run-demo" && chmod 755 "$scratch/run-demo"
	run setpriv --reuid=65534 --regid=65534 --clear-groups env "PATH=$scratch/bin" \
		/bin/sh "$scratch/run-demo"
	if [ "$code" = 77 ] && [ "$(cat "$dir/err")" = \
		"a profile needs root, and there is no sudo: run this as root" ]; then
		ok run_without_sudo
	else
		not_ok run_without_sudo "exit code $code: $(head -n 1 "$dir/err")"
	fi
else
	echo "skip run_without_sudo - needs root to become nobody"
fi

# What `make run` writes, once all is built. The build directory is one of its own.
if needs_capture run_demo && [ -x "$build/workloads/demo" ]; then
	mkdir "$scratch/build" && ln -s "$SYSTEMSCOPE" "$scratch/build/systemscope"
	ln -s "$build/workloads" "$scratch/build/workloads"

	# judge_demo NAME STEM DIRECTORY: one set of files of that name, and a directory or none.
	judge_demo() {
		demo=$scratch/build
		last=$(tail -n 1 "$dir/out")
		if [ "$code" != 0 ]; then
			not_ok "$1" "exit code $code: $(head -n 1 "$dir/err")"
		elif [ "$(ls "$demo" | grep -cxE "$2_[0-9]+\.folded")" != 1 ]; then
			not_ok "$1" "no $2_*.folded: $(ls "$demo" | tr '\n' ' ')"
		elif ! is_folded "$demo"/$2_*.folded; then
			not_ok "$1" "not folded stacks"
		elif [ "$(ls "$demo" | grep -cxE "multithread_$2_[0-9]+")" != "$3" ]; then
			not_ok "$1" "not $3 directories: $(ls "$demo" | tr '\n' ' ')"
		elif ! echo "$last" | grep -qE "$2_[0-9]+\.(html|svg)\$"; then
			not_ok "$1" "it ends with '$last'"
		elif [ ! -e "${last##* }" ] && grep -q '^to look at: ' "$dir/out"; then
			not_ok "$1" "there is no ${last##* }"
		else
			ok "$1"
		fi
		rm -rf "$demo"/*_[0-9]*
	}

	run env "BUILD=$scratch/build" DURATION=0.5 "$root/tools/run-demo"
	judge_demo run_demo profile_demo 0
	sleep 60 &
	single=$!
	run env "BUILD=$scratch/build" DURATION=0.5 PID=$single "$root/tools/run-demo"
	judge_demo run_single combined_profile_pid$single 0
	kill "$single"
	"$build/workloads/demo" >/dev/null &
	threaded=$!
	sleep 0.5
	run env "BUILD=$scratch/build" DURATION=0.5 FREQ=99 MIN_BLOCK=100 PID=$threaded "$root/tools/run-demo"
	if [ "$code" = 0 ] && [ "$(ls "$scratch/build/multithread_"*/thread_*.folded | wc -l)" -lt 5 ]; then
		not_ok run_threaded "$(ls "$scratch/build/multithread_"* | wc -l) files"
	else
		judge_demo run_threaded combined_profile_pid$threaded 1
	fi
	kill "$threaded"
	wait 2>/dev/null
fi
finish
