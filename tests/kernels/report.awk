# SPDX-License-Identifier: MIT
#
# awk -f report.awk LOG... - the logs of `job`, one per kernel and named after it, as one report:
# per kernel its release, counts, how much its verifier went through and what doctor says; a table
# of what each offers and one of how each test went; failures and skips with their reasons; at last
# `N passed, N failed, N skipped`.
#
# The list of tests is the driver's own with whatever else some kernel ran. Each kernel owes a line
# for each of them: one that is missing is a failure, as is a kernel that died, hung, or whose
# driver failed without saying which test. A kernel that could not be had at all is one skip.
# Exit status: 0 nothing failed, 1 something did, 77 every kernel but the host was skipped.

function set(kernel, name, verdict, why)
{
	if (!(name in known)) {
		known[name] = 1
		names[++name_count] = name
		if (length(name) > name_width)
			name_width = length(name)
	}
	if (verdict == "") # nothing but the name is known
		return
	if ((kernel, name) in result && result[kernel, name] == "not ok")
		return # of two lines for one test the worse one stays
	result[kernel, name] = verdict
	reason[kernel, name] = why
}

# "NAME - why" apart; the rest of a line may itself contain " - ".
function set_line(kernel, verdict, text,    at)
{
	at = index(text, " - ")
	if (at)
		set(kernel, substr(text, 1, at - 1), verdict, substr(text, at + 3))
	else
		set(kernel, text, verdict, "")
}

function fail_run(kernel, why)
{
	set(kernel, "(run)", "not ok", why)
}

# What is wrong with a kernel's run as a whole, as rows of the table in parentheses.
function check_run(kernel)
{
	if (!(kernel in tests_status)) {
		if (ended[kernel] == 124 || ended[kernel] == 137)
			fail_run(kernel, "hung: ended after " took[kernel] " s")
		else
			fail_run(kernel, "died, status " ended[kernel])
	} else if (!cases[kernel]) {
		fail_run(kernel, "the driver printed no test, status " tests_status[kernel])
	} else if (tests_status[kernel] != 0 && !failures[kernel]) {
		fail_run(kernel, "driver's status " tests_status[kernel] " without a failed test")
	}
	# A guest has every privilege and a kernel that is meant to do; the host may lack either.
	if (kernel in doctor_status && doctor_status[kernel] != 0 &&
	    (kernel != "host" || doctor_status[kernel] != 77))
		set(kernel, "(doctor)", "not ok", "status " doctor_status[kernel])
}

function count(kernel,    i, verdict)
{
	passed[kernel] = failed[kernel] = skipped[kernel] = 0
	for (i = 1; i <= name_count; i++) {
		if (!((kernel, names[i]) in result)) {
			if (names[i] ~ /^\(/)
				continue
			set(kernel, names[i], "not ok", "printed no line")
		}
		verdict = result[kernel, names[i]]
		if (verdict == "ok")
			passed[kernel]++
		else if (verdict == "skip")
			skipped[kernel]++
		else
			failed[kernel]++
	}
}

function print_kernel(kernel,    i)
{
	printf "\nkernel %s\n", kernel
	printf "  release  %s\n", release[kernel]
	printf "  tests    %d passed, %d failed, %d skipped, %d s\n",
		passed[kernel], failed[kernel], skipped[kernel], took[kernel]
	if (kernel in verified)
		printf "  verified %s\n", verified[kernel]
	printf "  doctor\n"
	for (i = 1; i <= doctor_count[kernel]; i++)
		printf "    %s\n", doctor[kernel, i]
}

function print_row(title, cells)
{
	sub(/ +$/, "", cells)
	printf "%-*s%s\n", name_width + 2, title, cells
}

function print_head(title,    k, cells)
{
	for (k = 1; k <= kernel_count; k++)
		cells = cells sprintf(" %-7s", kernels[k])
	printf "\n"
	print_row(title, cells)
}

function print_features(    i, k, cells, verdict)
{
	if (!feature_count)
		return
	print_head("feature")
	for (i = 1; i <= feature_count; i++) {
		cells = ""
		for (k = 1; k <= kernel_count; k++) {
			verdict = offers[kernels[k], features[i]]
			cells = cells sprintf(" %-7s", verdict == "" ? "-" : verdict)
		}
		print_row(features[i], cells)
	}
}

function print_table(    i, k, cells, verdict)
{
	print_head("test")
	for (i = 1; i <= name_count; i++) {
		cells = ""
		for (k = 1; k <= kernel_count; k++) {
			verdict = result[kernels[k], names[i]]
			if (kernels[k] in no_kernel)
				verdict = "none"
			cells = cells sprintf(" %-7s", verdict == "" ? "-" : verdict)
		}
		print_row(names[i], cells)
	}
	printf "\n"
}

function print_reasons(verdict,    i, k)
{
	for (k = 1; k <= kernel_count; k++)
		for (i = 1; i <= name_count; i++)
			if (result[kernels[k], names[i]] == verdict)
				printf "%s %s: %s - %s\n", verdict, kernels[k], names[i],
					reason[kernels[k], names[i]]
}

FNR == 1 {
	kernel = FILENAME
	kernels[++kernel_count] = kernel
	section = ""
}
{ sub(/\r$/, "") }
/^@@ skipped / {
	no_kernel[kernel] = substr($0, 12)
	next
}
/^@@ release / { release[kernel] = $3; next }
/^@@ begin / {
	section = $3
	next
}
/^@@ end list / { section = ""; next }
/^@@ end doctor / { doctor_status[kernel] = $4; section = ""; next }
/^@@ end tests / { tests_status[kernel] = $4; section = ""; next }
/^@@ ended / { ended[kernel] = $3; took[kernel] = $4; next }
# `verdict name  what was found`: a name may have blanks in it, two end it.
section == "doctor" && /^(yes|no|NO) / {
	name = $0
	sub(/^[a-zA-Z]+ +/, "", name)
	sub(/  .*/, "", name)
	if (!(name in is_feature)) {
		is_feature[name] = 1
		features[++feature_count] = name
		if (length(name) > name_width)
			name_width = length(name)
	}
	offers[kernel, name] = $1
}
section == "doctor" && NF { doctor[kernel, ++doctor_count[kernel]] = $0 }
section == "list" && NF == 1 { set(kernel, $1, "") }
section == "tests" && sub(/^# unwind.verified: /, "") { verified[kernel] = $0 }
section == "tests" && /^ok / { cases[kernel]++; set_line(kernel, "ok", substr($0, 4)) }
section == "tests" && /^skip / { cases[kernel]++; set_line(kernel, "skip", substr($0, 6)) }
section == "tests" && /^not ok / {
	cases[kernel]++
	failures[kernel]++
	set_line(kernel, "not ok", substr($0, 8))
}

END {
	for (k = 1; k <= kernel_count; k++)
		if (!(kernels[k] in no_kernel))
			check_run(kernels[k])
	for (k = 1; k <= kernel_count; k++) {
		if (kernels[k] in no_kernel)
			continue
		count(kernels[k])
		print_kernel(kernels[k])
		all_passed += passed[kernels[k]]
		all_failed += failed[kernels[k]]
		all_skipped += skipped[kernels[k]]
		guests += kernels[k] != "host"
	}
	print_features()
	print_table()
	print_reasons("not ok")
	for (k = 1; k <= kernel_count; k++) {
		if (!(kernels[k] in no_kernel))
			continue
		printf "skip %s: every test - %s\n", kernels[k], no_kernel[kernels[k]]
		all_skipped++
		absent++
	}
	print_reasons("skip")
	printf "%d passed, %d failed, %d skipped\n", all_passed, all_failed, all_skipped
	if (all_failed)
		exit 1
	if (absent && !guests)
		exit 77
}
