#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the report says of time without names: in which file or process, why, and what would mend it.
. "$(dirname "$0")/../lib/cli.sh"

for tool in gcc objcopy python3; do
	command -v $tool >/dev/null || {
		echo "skip unnamed - no $tool here"
		finish
	}
done
needs_capture unnamed || finish

# Spins for half a second: in itself, or in code that it makes; then with a perf map that it should
# not have: a link, or of another user.
cat >"$scratch/spin.c" <<'END'
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static const unsigned char code[] = { 0x48, 0xff, 0xcf, 0x75, 0xfb, 0xc3 };
int main(int argc, char **argv)
{
	void (*hot)(unsigned long) = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	clock_t end = clock() + CLOCKS_PER_SEC / 2;
	volatile unsigned long turns = 0;
	char path[64];

	memcpy(hot, code, sizeof(code));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	if (argc > 1 && !strcmp(argv[1], "link") && symlink("/dev/zero", path))
		return 1;
	if (argc > 1 && !strcmp(argv[1], "other") &&
	    (close(open(path, O_CREAT | O_WRONLY, 0644)) || chown(path, 1, 1)))
		return 1;
	while (clock() < end) {
		if (argc > 1)
			hot(1000000);
		else
			turns++;
	}
	return 0;
}
END
id=$(od -An -N 20 -tx1 /dev/urandom | tr -d ' \n')
program=$scratch/spin
(cd "$scratch" && gcc -O1 -w -static -Wl,--build-id=0x"$id" -o spin spin.c &&
	objcopy --strip-all spin) || exit 1

# profile ARG...: of the program; x.json. Its perf map is looked for when it has ended.
profile() {
	run "$SYSTEMSCOPE" oncpu -F 499 -o x.json -- "$program" "$@"
	[ ! -e "$dir/work/x.json" ] || rm -f "/tmp/perf-$(process pid).map"
}

# image KEY, process KEY: of the program's.
image() {
	python3 -c 'import json, sys
p = json.load(open(sys.argv[1]))
print(*[i[sys.argv[2]] for i in p["images"] if i["path"] == sys.argv[3]])' \
		"$dir/work/x.json" "$1" "$program"
}
process() {
	python3 -c 'import json, sys
p = json.load(open(sys.argv[1]))
print(*[i[sys.argv[2]] for i in p["processes"] if i["exe"] == sys.argv[3]])' \
		"$dir/work/x.json" "$1" "$program"
}

# The parts are the whole, and follow from frames and samples: counted here from these alone.
wrong_sums() {
	python3 -c 'import json, sys
p = json.load(open(sys.argv[1]))
images = dict.fromkeys((i["path"] for i in p["images"]), 0)
for sample in p["samples"]:
    at = sample["stack"]
    while at:
        frame = p["frames"][p["stacks"][at]["frame"]]
        if frame["kind"] != "label" and not frame["named"]:
            images[frame["image"]] += sample["ns"]
        at = p["stacks"][at]["parent"]
told = dict.fromkeys(images, 0)
for image in p["images"]:
    told[image["path"]] += image["unnamed_ns"]
assert told == images, (told, images)
assert sum(told.values()) == p["quality"]["unnamed_ns"], p["quality"]
for image in p["images"]:
    assert not image["path"] or bool(image["why"]) == bool(image["unnamed_ns"]), image' \
		"$dir/work/x.json" 2>&1 | tail -n 1
}
check_sums() { # NAME
	if [ -z "$(wrong_sums)" ]; then
		ok "$1"
	else
		not_ok "$1" "$(wrong_sums)"
	fi
}
# in_summary NAME TEXT: a row that ends so.
in_summary() {
	if grep -q "^ \{14,19\}[0-9.]* %  $2\$" "$dir/err"; then
		ok "$1"
	else
		not_ok "$1" "no '$2' in $(grep -A 3 '^  names' "$dir/err" | tr '\n' '|')"
	fi
}

profile
place=/usr/lib/debug/.build-id/$(echo "$id" | cut -c -2)/$(echo "$id" | cut -c 3-).debug
if judge_success stripped 0 x.json; then
	have="$(image why) | $(image debug_file) | $(image debug_package)"
	if [ "$have" = "stripped; no debug file | $place | None" ]; then
		ok stripped
	else
		not_ok stripped "$have"
	fi
	in_summary stripped_in_summary "$program: stripped; no debug file; lacks $place"
	check_sums sums_of_stripped
fi

profile none
if judge_success no_perf_map 0 x.json; then
	why="/tmp/perf-$(process pid).map: not found"
	in_summary no_perf_map "spin (pid $(process pid)), in memory of no file: $why"
	if [ "$(process anonymous_why)" = "$why" ] && [ "$(process anonymous_ns)" -gt 100000000 ]; then
		ok no_perf_map_in_json
	else
		not_ok no_perf_map_in_json "$(process anonymous_why), $(process anonymous_ns)"
	fi
	check_sums sums_of_code_made_at_run_time
fi
profile link
judge_success link_for_a_perf_map 0 x.json &&
	in_summary link_for_a_perf_map "spin .*: /tmp/perf-[0-9]*.map: not a regular file"
profile other
judge_success perf_map_of_another_user 0 x.json &&
	in_summary perf_map_of_another_user "spin .*: /tmp/perf-[0-9]*.map: owned by another user"
finish
