#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Who may include what, and how long a file and a function may be: CONTRIBUTING.md, "The rooms" and
# "Manners". Reads the sources only.
cd "$(dirname "$0")/../.." || exit 1
failures=0

# verdict NAME WHY: ok if WHY is empty.
verdict() {
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		echo "not ok $1 - $(printf '%s' "$2" | tr '\n' ' ' | sed 's/  *$//')"
		failures=1
	fi
}

# only NAME REGEX FILE...: of all of src/ and exporters/, these alone include what matches.
only() {
	name=$1 regex=$2
	shift 2
	verdict "$name" "$(grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($regex)" \
		src/*.[ch] exporters/*.[ch] | while IFS=: read -r file line rest; do
		for allowed in "$@"; do
			[ "$file" = "src/$allowed" ] || [ "$file" = "$allowed" ] && continue 2
		done
		echo "$file:$line: $rest;"
	done)"
}

only libbpf 'bpf/' tracer.c object.c loader.c feed.c ticks.c tables.c tasks.c unwind_maps.c kernel_features.c
only skeleton 'scope\.skel\.h|.*/scope\.skel\.h' tracer.c object.c
only perf 'linux/perf_event\.h' ticks.c kernel_features.c mmaps.c mmaps_batch.c
only elfutils 'libelf\.h|gelf\.h|elfutils/|dwarf\.h|libelf/' sym_elf.c
only elf 'elf\.h' sym_elf.c image_elf.c elf_file.h
only demangler 'libiberty/|demangle\.h>' demangle.c
only lzma 'lzma\.h' unpack_xz.c
only other_rooms '\.\./' summary.c digest.c cmd_symbolize.c unwind_walk.c
only protobuf '(google/)?protobuf-c/|.*\.pb-c\.h' exporters/pprof_writer.h
only zlib 'zlib\.h' elf_file.c sym_proof.c exporters/gzip.c exporters/scope.c scope_file_parts.h

# What a file includes by name must lie in one of these directories; <...> is the system's.
within() { # NAME "FILE..." DIRECTORY...
	name=$1 files=$2
	shift 2
	verdict "$name" "$(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' /dev/null $files |
		while IFS=: read -r file line rest; do
			header=$(echo "$rest" | sed 's/^[^"]*"//; s/".*//')
			for directory in "$@"; do
				[ -e "$directory/$header" ] && continue 2
			done
			echo "$file:$line: $header;"
		done)"
}

# Beyond its own room: the skeleton is built, what people read is written like an exporter's text, and
# the step from frame to frame is one text for the kernel and for user space.
within user_space_sees_no_other_room \
	"$(ls src/*.[ch] | grep -vxE 'src/(tracer|object|summary|digest|cmd_symbolize|unwind_walk)\.c')" include src
verdict one_step_for_both_sides "$(grep -n '#include "\.\./' src/unwind_walk.c |
	grep -v '"\.\./bpf/unwind\.h"$')"
verdict summary_writes_as_exporters_do "$(grep -n '#include "\.\./' src/summary.c src/digest.c \
	src/cmd_symbolize.c |
	grep -vE '"\.\./exporters/(text|paths|overview|top)\.h"$')"
within exporters_see_contracts "$(ls exporters/*.[ch])" include exporters
within contracts_see_themselves "$(ls include/*.h)" include
within kernel_side_sees_records "$(ls bpf/*)" bpf include vmlinux
verdict kernel_side_sees_no_profile "$(grep -nE '#include "(profile|exporter|labels|losses|symsource)\.h"' bpf/*)"

# The base layer depends on nothing above it.
verdict base_layer "$(grep -nE '#include "' src/err.[ch] src/mem.[ch] src/clock.h src/table.[ch] |
	grep -vE '"(err|mem|clock|table|scope_time)\.h"')"

# Lines of files: more than 500 are noted, more than 800 fail. Generated lists of names apart.
sources=$(ls src/*.[ch] bpf/* include/*.h exporters/*.[chS] exporters/assets/* tests/*/*.[ch] tools/*/*.[ch] 2>/dev/null)
long=
for file in $sources; do
	lines=$(wc -l <"$file")
	if [ "$lines" -gt 800 ]; then
		long="$long$file has $lines lines; "
	elif [ "$lines" -gt 500 ]; then
		echo "# $file has $lines lines: more than 500"
	fi
done
verdict file_lengths "$long"

# A function's body goes from a brace in the first column to the next one.
verdict function_lengths "$(for file in $sources; do
	awk -v file="$file" '
		/^\{/ { from = FNR; next }
		/^\}/ && from {
			if (FNR - from - 1 > 120)
				printf "%s:%d: %d lines; ", file, from, FNR - from - 1
			from = 0
		}' "$file"
done)"

verdict licence_lines "$(for file in $sources tests/cli/*.sh; do
	head -n 2 "$file" | grep -q 'SPDX-License-Identifier: ' || echo "$file;"
done)"
exit $failures
