#!/bin/sh
# SPDX-License-Identifier: MIT
# Code made at run time has the names that its runtime writes: node's, Java's and Python's own, as far
# as they are installed; and a perf map that is not what it should be costs names, and nothing else.
. "$(dirname "$0")/../lib/cli.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$(dirname "$SYSTEMSCOPE")}
case $build in
/*) ;;
*) build=$root/$build ;;
esac

needs_capture runtimes || finish
mkdir "$scratch/target"
target=

# start COMMAND [ARG]...: in the background; it has two minutes.
start() {
	(cd "$scratch/target" && exec timeout -k 5 120 "$@") >"$scratch/target/out" 2>&1 </dev/null &
	target=$!
}

stop() {
	kill $target 2>/dev/null
	wait $target 2>/dev/null
}
trap 'stop; cd /; rm -rf "$scratch"' EXIT

# await COMMAND [ARG]...: until it succeeds, for half a minute at most.
await() {
	for _ in $(seq 150); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.2
	done
	return 1
}

# The runtime itself: what timeout started.
find_child() {
	pid=$(cat /proc/$target/task/$target/children) && [ -n "$pid" ] && pid=${pid% }
}

says_ready() {
	grep -q ready "$scratch/target/out"
}

# Of the on-CPU time of the last profile, the per cent in stacks with this name.
percent_in() {
	awk -v name="$1" '{ all += $NF } index($0, name) { part += $NF }
		END { printf "%d", all ? 100 * part / all : 0 }' "$dir/work/x.folded"
}

profile() {
	run "$SYSTEMSCOPE" oncpu -q -F 199 -p "$pid" -d 2 -o x.folded
}

expect_name() { # CASE NAME
	judge_success "$1" 0 x.folded || return
	share=$(percent_in "$2")
	if [ "$share" -ge 80 ]; then
		ok "$1"
	else
		not_ok "$1" "$share % of on-CPU time in $2: $(sort -rnk2 "$dir/work/x.folded" | head -n 1)"
	fi
}

# runtime CASE NAME PREPARE COMMAND [ARG]...: PREPARE is called once the program says `ready`.
runtime() {
	name=$1 function=$2 prepare=$3
	shift 3
	start "$@"
	if ! await says_ready || ! await find_child || ! $prepare; then
		not_ok "$name" "does not start: $(tail -n 1 "$scratch/target/out")"
	else
		profile
		expect_name "$name" "$function"
	fi
	stop
	rm -f "/tmp/perf-$pid.map"
}

# --- runtimes -----------------------------------------------------------------------------------

if command -v node >/dev/null; then
	cat >"$scratch/target/busy.js" <<-'END'
		function scopeBusy(turns) {
			let sum = 0;
			for (let i = 0; i < turns; i++)
				sum = (sum * 31 + i) % 1000003;
			return sum;
		}
		for (let i = 0; i < 200; i++)
			scopeBusy(100000);
		console.log("ready");
		for (;;)
			scopeBusy(1000000);
	END
	runtime node scopeBusy true node --perf-basic-prof busy.js
else
	echo "skip node - not installed"
fi

write_java_map() {
	jcmd "$pid" Compiler.perfmap >>"$scratch/target/out" 2>&1
}

if command -v javac >/dev/null && command -v jcmd >/dev/null; then
	cat >"$scratch/target/Busy.java" <<-'END'
		class Busy {
			static int scopeBusy(int turns) {
				int sum = 0;
				for (int i = 0; i < turns; i++)
					sum = (sum * 31 + i) % 1000003;
				return sum;
			}
			public static void main(String[] args) {
				int sum = 0;
				for (int i = 0; i < 300; i++)
					sum += scopeBusy(100000);
				System.out.println("ready");
				for (;;)
					sum += scopeBusy(1000000);
			}
		}
	END
	if (cd "$scratch/target" && javac Busy.java) >"$scratch/target/out" 2>&1; then
		# -Xbatch: compiled for good before it is ready, since what comes later is not in the map
		runtime java Busy.scopeBusy write_java_map \
			java -Xbatch -XX:+UseSerialGC -XX:+PreserveFramePointer -Xmx64m Busy
	else
		not_ok java "javac: $(head -n 1 "$scratch/target/out")"
	fi
else
	echo "skip java - no JDK is installed"
fi

python=
for candidate in python3 python3.14 python3.13 python3.12; do
	if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
		python=$candidate
	fi
done
if [ -n "$python" ]; then
	cat >"$scratch/target/busy.py" <<-'END'
		def scope_busy(turns):
		    total = 0
		    for i in range(turns):
		        total = (total * 31 + i) % 1000003
		    return total
		print("ready", flush=True)
		while True:
		    scope_busy(100000)
	END
	runtime python py::scope_busy: true "$python" -X perf busy.py
else
	echo "skip python - no python3.12 or newer is installed"
fi

# --- maps that are not what they should be -------------------------------------------------------

if [ ! -x "$build/workloads/jit" ]; then
	echo "skip hostile_maps - no workload jit is built"
	finish
fi

expect_no_name() { # CASE
	judge_success "$1" 0 x.folded || return
	share=$(percent_in jit_hot)
	if [ "$share" = 0 ] && [ "$(percent_in '[anonymous]')" -ge 80 ]; then
		ok "$1"
	else
		not_ok "$1" "$share % of on-CPU time in jit_hot, by a map that is to be refused"
	fi
}

# hostile CASE SPOIL JUDGE [ARG]...: SPOIL makes something else of the map, "$map", which names jit_hot.
hostile() {
	name=$1 spoil=$2
	shift 2
	: >"$scratch/target/out"
	start "$build/workloads/jit" --seconds 100
	if ! await says_ready || ! await find_child || ! map=/tmp/perf-$pid.map || ! $spoil; then
		not_ok "$name" "no such map: $(tail -n 1 "$scratch/target/out")"
	else
		profile
		judge=$1
		shift
		$judge "$name" "$@"
	fi
	stop
	rm -f "$map"
}

link_it() {
	mv "$map" "$scratch/target/map" && ln -s "$scratch/target/map" "$map"
}
become_device() {
	rm "$map" && mknod "$map" c 1 5 # /dev/zero
}
give_away() {
	chown 12345 "$map"
}
make_long() {
	truncate -s 2G "$map"
}
# Each function of the map many times, the last one right: from the last address to the first.
shuffle() {
	line=$(grep jit_hot "$map")
	awk 'BEGIN { for (i = 200000; i > 0; i--) printf "%x %x f%d\n", 4096 * i, 8192 + i, i }' >"$map"
	echo "$line" >>"$map"
}

for kind in link_it become_device give_away; do
	hostile "refused_$kind" $kind expect_no_name
done
for kind in make_long shuffle; do
	hostile "survived_$kind" $kind expect_name jit_hot
done
finish
