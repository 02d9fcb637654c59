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
finish
