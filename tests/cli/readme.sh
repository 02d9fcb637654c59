#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the README says is so: its commands run, its table of names in brackets is the program's, its
# options are options, and what it points to is there.
#
# Every block fenced as sh is one case. It is run in an empty directory with the built program in
# PATH, with `sudo` and `make` as below, a flamegraph.pl that only reads, and times and numbers
# replaced: process 1234 is a workload that goes by the name redis-server.
. "$(dirname "$0")/../lib/cli.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
readme=$root/README.md
build=${BUILD:-$(dirname "$SYSTEMSCOPE")}
case $build in
/*) ;;
*) build=$root/$build ;;
esac
unset MAKEFLAGS MAKELEVEL MFLAGS

# --- the table of names -------------------------------------------------------------------------

"$SYSTEMSCOPE" help frames | awk '
	function row() { if (name != "") print name " | " text }
	/^  \[/ { row(); sub(/^ +/, ""); name = $0; text = ""; next }
	/^      / { sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0 }
	END { row() }' >"$scratch/frames.program"
sed -nE 's/^\| `(\[[^`]*\])` \| (.*) \|$/\1 | \2/p' "$readme" >"$scratch/frames.readme"
if [ ! -s "$scratch/frames.program" ]; then
	not_ok names_in_brackets "help frames prints none"
elif diff "$scratch/frames.program" "$scratch/frames.readme" >"$scratch/frames.diff"; then
	ok names_in_brackets
else
	not_ok names_in_brackets "$(grep -m 1 '^[<>]' "$scratch/frames.diff") (< help frames, > README)"
fi

# --- options and messages --------------------------------------------------------------------------

"$SYSTEMSCOPE" --help >"$scratch/help"
# What stands behind our own name in code, up to COMMAND's.
unknown=$(grep -oE '`[^`]*systemscope [^`]*`' "$readme" | sed 's/ -- .*//; s/`//g' |
	grep -oE ' --[a-z][a-z-]*' | sort -u | while read -r option; do
	grep -qE -- "(^|[ ,])$option([ ,=]|\$)" "$scratch/help" || echo "$option"
done)
if [ -z "$unknown" ]; then
	ok options_exist
else
	not_ok options_exist "$(echo "$unknown" | tr '\n' ' ')"
fi

# --- links -------------------------------------------------------------------------------------------

broken=
for file in "$root"/README.md "$root"/CONTRIBUTING.md "$root"/docs/*.md; do
	for link in $(grep -oE '\]\([^)#]+' "$file" | sed 's/](//' | grep -v '^https\?:'); do
		[ -e "$(dirname "$file")/$link" ] || broken="$broken $(basename "$file"): $link"
	done
done
anchors=$(grep -oE '\]\(#[^)]+' "$readme" | sed 's/](#//' | while read -r anchor; do
	sed -nE 's/^#+ //p' "$readme" | tr '[:upper:] ' '[:lower:]-' | tr -d ',?' |
		grep -qxF "$anchor" || echo "#$anchor"
done)
if [ -z "$broken$anchors" ]; then
	ok links
else
	not_ok links "$broken $anchors"
fi

# --- the commands --------------------------------------------------------------------------------------

bin=$scratch/bin
mkdir -p "$bin"
ln -s "$SYSTEMSCOPE" "$bin/systemscope"

cat >"$bin/sudo" <<'END'
#!/bin/sh
exec "$@"
END

# A graph is what it draws with: stacks in, a file out.
cat >"$bin/flamegraph.pl" <<'END'
#!/bin/sh
while [ $# -gt 1 ]; do shift; done
grep -qvE '^[^;]+(;[^;]+)+ [0-9]+$' "${1:-/dev/stdin}" && exit 1
echo '<svg/>'
END

# Nothing is built a second time: the target must exist; then what it does with what is built.
cat >"$bin/make" <<END
#!/bin/sh
make=$(command -v make) build='$build' here=\$PWD
cd '$root' || exit
"\$make" -n "BUILD=\$build" "\$@" >/dev/null || exit
case \$1 in
run) shift; exec env "\$@" "BUILD=\$build" tools/run-demo ;;
install) exec "\$make" -s -o build "BUILD=\$build" "\$@" "DESTDIR=\$here/stage" ;;
esac
END
cat >"$scratch/your-program" <<'END'
#!/bin/sh
sleep 0.1
END
chmod +x "$bin/sudo" "$bin/flamegraph.pl" "$bin/make" "$scratch/your-program"

# One file a block: $scratch/blocks/N.
mkdir "$scratch/blocks"
awk -v dir="$scratch/blocks" '
	/^```sh$/ { file = sprintf("%s/%02d", dir, ++n); next }
	/^```/ { file = "" }
	file != "" { print > file }' "$readme"
block_count=$(find "$scratch/blocks" -type f | wc -l)
if [ "$block_count" -ge 8 ]; then
	ok has_commands
else
	not_ok has_commands "$block_count blocks of commands in the README"
fi

captures=
[ -x "$build/workloads/demo" ] && can_capture && captures=yes
cp "$build/workloads/demo" "$scratch/redis-server" 2>/dev/null

before=$(ls "$build"/profile_demo_* 2>/dev/null)
for block in "$scratch"/blocks/*; do
	name=block_$(basename "$block")
	if grep -qE '^(sudo )?systemscope|^make run' "$block" && [ -z "$captures" ]; then
		echo "skip $name - needs root and BPF"
		continue
	fi
	victim=
	if [ -n "$captures" ]; then
		"$scratch/redis-server" >/dev/null &
		victim=$!
	fi
	sed -E "s/ -d [0-9.]+[a-z]*/ -d 0.5/; s/\b1234\b/$victim/g" "$block" >"$scratch/script"
	run sh -c "PATH='$bin':\$PATH; set -e; cp '$scratch/your-program' .; . '$scratch/script'"
	[ -z "$victim" ] || kill "$victim"
	if [ "$code" = 0 ] && ! grep -q '^systemscope: ' "$dir/err"; then
		empty=$(find "$dir/work" -name '*.*' -type f -size 0 | head -n 1)
		if [ -z "$empty" ]; then
			ok "$name"
		else
			not_ok "$name" "$(basename "$empty") is empty"
		fi
	else
		not_ok "$name" "exit code $code: $(grep -m 1 . "$dir/err") ($(head -n 1 "$block"))"
	fi
done
# What `make run` left in the build directory is the test's.
for file in "$build"/profile_demo_*; do
	case $before in
	*"$file"*) ;;
	*) rm -f "$file" ;;
	esac
done
finish
