// SPDX-License-Identifier: MIT
#include "command.h"

#include <stdio.h>
#include <unistd.h>

#include "kernel_btf.h"
#include "kernel_features.h"
#include "mem.h"
#include "opts.h"
#include "terminal.h"

static const char *verdict(const struct feature *feature)
{
	if (feature->ok)
		return "yes";
	return feature->required ? "NO" : "no";
}

static void print_feature(const struct feature *feature, bool color)
{
	const char *tint = feature->ok ? "\033[32m" : feature->required ? "\033[31m" : "\033[33m";

	printf("%s%-4s%s %-16s %s\n", color ? tint : "", verdict(feature), color ? "\033[0m" : "",
	       feature->name, feature->detail);
	if (!feature->ok && feature->remedy)
		printf("     %-16s to mend it: %s\n", "", feature->remedy);
}

static int run(const struct opts *opts, struct err *err)
{
	bool color = terminal_takes_color(opts->config.color, STDOUT_FILENO);
	_cleanup_(kernel_btf_free) struct kernel_btf *btf = kernel_btf_new();
	struct features features;

	(void)err; /* what is missing is the answer here, not an error */
	features_want(btf);
	features_probe(kernel_btf_read(btf, KERNEL_BTF_PATH) ? NULL : btf, &features);
	for (size_t i = 0; i < FEATURE_COUNT; i++)
		print_feature(&features.rows[i], color);
	if (!features_usable(&features)) {
		puts("\nProfiling does not work here: each NO says what is missing.");
		return EXIT_CODE_UNSUPPORTED;
	}
	puts("\nProfiling works here.");
	return EXIT_CODE_OK;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "what this machine and this user allow, and how to mend it",
	.usage = " [--color WHEN]",
	.bit = FOR_DOCTOR,
	.examples = {
		{ "systemscope doctor", "as you are" },
		{ "sudo systemscope doctor", "as root" },
	},
	.run = run,
};
