// SPDX-License-Identifier: MIT
/*
 * html.c - one page that shows the profile: flame graph, functions, callers and callees, threads.
 *
 * The page is exporters/assets/html_*; what is written here is the policy that lets nothing but
 * these run, and the data. They are one JSON object, whose long tables are strings of numbers, five
 * bits a digit: these are small, and browsers read them fast. docs/formats.md has their layout. All
 * times are whole and in nanoseconds.
 *
 * Names are strings of the JSON object, where '<' is escaped, and reach the page as text alone. The
 * policy names the scripts and the style by their hashes, so that nothing a name says could run.
 *
 * Frames that read the same (function, module, file and line) are one row, and stacks that read the
 * same are one node: two calls on one line are two addresses in the profile, and one thing to see.
 */
#include <errno.h>
#include <stdlib.h>

#include "asset.h"
#include "colours.h"
#include "exporter.h"
#include "losses.h"
#include "pairs.h"
#include "text.h"

#define HTML_SCHEMA "systemscope-html/1"

ASSET(html_page_html);
ASSET(html_style_css);
ASSET(html_data_js);
ASSET(html_select_js);
ASSET(html_tree_js);
ASSET(html_flame_js);
ASSET(html_table_js);
ASSET(html_strip_js);
ASSET(html_side_js);
ASSET(html_app_js);

static const struct script {
	const char *text, *sha256;
} scripts[] = {
	{ asset_html_data_js, asset_html_data_js_sha256 },
	{ asset_html_select_js, asset_html_select_js_sha256 },
	{ asset_html_tree_js, asset_html_tree_js_sha256 },
	{ asset_html_flame_js, asset_html_flame_js_sha256 },
	{ asset_html_table_js, asset_html_table_js_sha256 },
	{ asset_html_strip_js, asset_html_strip_js_sha256 },
	{ asset_html_side_js, asset_html_side_js_sha256 },
	{ asset_html_app_js, asset_html_app_js_sha256 },
};

#define SCRIPT_COUNT (sizeof(scripts) / sizeof(scripts[0]))

enum function_flag {
	FUNCTION_KIND = 3, /* enum frame_kind */
	FUNCTION_NAMED = 4,
	FUNCTION_BITS = 3,
};

enum thread_flag {
	THREAD_KERNEL = 1,
	THREAD_NEVER_RAN = 2,
	THREAD_ESTIMATED = 4,
};

struct page {
	const struct profile *profile;
	FILE *out;
	uint32_t *string_id; /* by string of the profile: its number in the page, and 1 */
	uint32_t *strings;   /* those in the page */
	uint32_t string_count;
	struct pairs functions; /* name; image, with its flags */
	struct pairs places;	/* file, with whether inlined; line */
	struct pairs frames;	/* function; place */
	struct pairs nodes;	/* parent; frame */
	uint32_t *frame_of;	/* by frame of the profile */
	uint32_t *node_of;	/* by stack of the profile; 0: none */
};

static int merge_frames(struct page *page)
{
	const struct profile *p = page->profile;

	for (uint32_t i = 1; i < p->frame_count; i++) {
		const struct profile_frame *frame = &p->frames[i];
		uint32_t flags = (uint32_t)frame->kind | (frame->named ? FUNCTION_NAMED : 0);
		uint32_t function = pairs_add(&page->functions, frame->name,
					      frame->image << FUNCTION_BITS | flags);
		uint32_t place =
			pairs_add(&page->places, frame->file << 1 | frame->inlined, frame->line);

		page->frame_of[i] = pairs_add(&page->frames, function, place);
		if (!function || !place || !page->frame_of[i])
			return -ENOMEM;
	}
	return 0;
}

static int merge_stacks(struct page *page)
{
	const struct profile *p = page->profile;

	for (uint32_t i = 1; i < p->stack_count; i++) {
		page->node_of[i] = pairs_add(&page->nodes, page->node_of[p->stacks[i].parent],
					     page->frame_of[p->stacks[i].frame]);
		if (!page->node_of[i])
			return -ENOMEM;
	}
	return 0;
}

static int page_init(struct page *page)
{
	const struct profile *p = page->profile;
	int ret;

	page->string_id = calloc((size_t)p->string_count + 1, sizeof(*page->string_id));
	page->strings = calloc((size_t)p->string_count + 1, sizeof(*page->strings));
	page->frame_of = calloc((size_t)p->frame_count + 1, sizeof(*page->frame_of));
	page->node_of = calloc((size_t)p->stack_count + 1, sizeof(*page->node_of));
	if (!page->string_id || !page->strings || !page->frame_of || !page->node_of)
		return -ENOMEM;
	ret = merge_frames(page);
	return ret ? ret : merge_stacks(page);
}

static void page_free(struct page *page)
{
	free(page->string_id);
	free(page->strings);
	free(page->frame_of);
	free(page->node_of);
	pairs_free(&page->functions);
	pairs_free(&page->places);
	pairs_free(&page->frames);
	pairs_free(&page->nodes);
}

/* A number in the tables: five bits a digit, the least first, and 32 where more follow. */
static void put(const struct page *page, uint64_t value)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (; value >= 32; value >>= 5)
		putc_unlocked(digits[value % 32 + 32], page->out);
	putc_unlocked(digits[value], page->out);
}

/* The same of what may be negative: 0, -1, 1, -2, ... are 0, 1, 2, 3, ... */
static void put_signed(const struct page *page, int64_t value)
{
	put(page, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

/* A string's number in the page. Those that are asked for are written, last of all. */
static uint32_t string_in_page(struct page *page, uint32_t string)
{
	if (!page->string_id[string]) {
		page->strings[page->string_count] = string;
		page->string_id[string] = ++page->string_count;
	}
	return page->string_id[string] - 1;
}

static void put_key(const struct page *page, const char *key)
{
	fprintf(page->out, ",\n\"%s\":", key);
}

static void put_number(const struct page *page, const char *key, uint64_t value)
{
	put_key(page, key);
	text_write_number(page->out, value);
}

static void put_header(const struct page *page, const struct export_opts *opts)
{
	const struct profile *p = page->profile;
	const char *roots = opts->per_process ? "process" : "comm";

	fprintf(page->out, "{\"schema\":\"" HTML_SCHEMA "\",\n\"version\":");
	text_write_script_json(page->out, p->version ? p->version : "");
	put_key(page, "target");
	text_write_script_json(page->out, p->target);
	put_number(page, "start_realtime_ms", p->start_realtime_ns / NSEC_PER_MSEC);
	put_number(page, "window_ns", p->window_ns);
	put_number(page, "frequency_hz", p->frequency_hz);
	put_number(page, "cpus", p->cpus);
	put_number(page, "min_block_ns", p->min_block_ns);
	put_number(page, "idle_ns", p->idle_ns);
	put_key(page, "states");
	fprintf(page->out, "[%d,%d,%d]", p->states[SCOPE_ON], p->states[SCOPE_RUNQ],
		p->states[SCOPE_OFF]);
	put_key(page, "colours"); /* of the states: red, green, blue */
	for (size_t state = 0; state < SCOPE_STATES; state++)
		fprintf(page->out, "%s[%d,%d,%d]", state ? "," : "[", state_colours[state][0],
			state_colours[state][1], state_colours[state][2]);
	putc_unlocked(']', page->out);
	put_key(page, "roots"); /* what the reader is shown first */
	fprintf(page->out, "\"%s\"", opts->per_thread ? "thread" : roots);
	put_key(page, "lines");
	fputs(opts->lines ? "true" : "false", page->out);
}

static void put_losses(const struct page *page)
{
	const char *comma = "";

	put_key(page, "losses");
	fputc('[', page->out);
	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++) {
		const struct profile_loss *loss = &page->profile->losses[i];

		if (!loss->count && !loss->ns)
			continue;
		fprintf(page->out, "%s{\"text\":\"%s\",\"count\":%llu,\"ns\":%llu,\"mended\":%d}",
			comma, loss_table[i].text, (unsigned long long)loss->count,
			(unsigned long long)loss->ns, loss_table[i].cost == LOSS_MENDED);
		comma = ",";
	}
	fputc(']', page->out);
}

/* What names in brackets mean. */
static void put_labels(const struct page *page)
{
	put_key(page, "labels");
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		fputs(i ? ",\n" : "{", page->out);
		text_write_script_json(page->out, label_table[i].name);
		fputc(':', page->out);
		text_write_script_json(page->out, label_table[i].text);
	}
	fputc('}', page->out);
}

static void put_process(struct page *page, uint32_t i)
{
	const struct profile_process *process = &page->profile->processes[i];

	put(page, process->pid);
	put(page, string_in_page(page, process->comm));
	put(page, string_in_page(page, process->exe));
}

static void put_thread(struct page *page, uint32_t i)
{
	const struct profile_thread *thread = &page->profile->threads[i];

	put(page, thread->process);
	put(page, thread->tid);
	put(page, string_in_page(page, thread->comm));
	put(page, (thread->kernel_thread ? THREAD_KERNEL : 0) |
			  (thread->never_ran ? THREAD_NEVER_RAN : 0) |
			  (thread->estimated ? THREAD_ESTIMATED : 0));
	put_signed(page, (int64_t)(thread->born_ns - page->profile->start_mono_ns));
	put(page, thread->alive_ns);
	for (size_t state = 0; state < SCOPE_STATES; state++)
		put(page, thread->ns[state]);
	put_signed(page, thread->residual_ns);
	put(page, thread->switches);
}

static void put_image(struct page *page, uint32_t i)
{
	put(page, string_in_page(page, i ? page->profile->images[i].path : 0));
}

/* Functions, frames and nodes count from 1, and rows of a table from 0. */

static void put_function(struct page *page, uint32_t i)
{
	const struct pair *function = &page->functions.items[i + 1];

	put(page, string_in_page(page, function->first));
	put(page, function->second);
}

static void put_frame(struct page *page, uint32_t i)
{
	const struct pair *frame = &page->frames.items[i + 1];
	const struct pair *place = &page->places.items[frame->second];

	put(page, frame->first - 1);
	put(page, (uint64_t)string_in_page(page, place->first >> 1) << 1 | (place->first & 1));
	put(page, place->second);
}

static void put_node(struct page *page, uint32_t i)
{
	const struct pair *node = &page->nodes.items[i + 1];

	put(page, i + 1 - node->first);
	put(page, node->second - 1);
}

/* Samples of one thread, state and reason share these: they stand before the first of a run. */
static bool same_run(const struct profile_sample *a, const struct profile_sample *b)
{
	return a->thread == b->thread && a->state == b->state && a->reason == b->reason;
}

static void put_sample(struct page *page, uint32_t i)
{
	const struct profile *p = page->profile;
	const struct profile_sample *sample = &p->samples[i], *end = &p->samples[p->sample_count];
	uint32_t before = 0;

	if (i && same_run(sample - 1, sample)) {
		before = page->node_of[sample[-1].stack];
	} else {
		const struct profile_sample *run = sample;

		while (run < end && same_run(sample, run))
			run++;
		put(page, sample->thread);
		put(page, sample->state);
		put(page, string_in_page(page, sample->reason));
		put(page, (uint64_t)(run - sample));
	}
	put_signed(page, (int64_t)page->node_of[sample->stack] - before);
	put(page, sample->ns);
	put(page, sample->count);
}

/* By thread, as samples are: its number and how many follow; the time since the one before. */
static void put_interval(struct page *page, uint32_t i)
{
	const struct profile *p = page->profile;
	const struct profile_interval *interval = &p->intervals[i];
	const struct profile_interval *end = &p->intervals[p->interval_count], *run = interval;
	uint32_t before = 0;
	nsec_t since_ns = 0;

	if (i && interval[-1].thread == interval->thread) {
		before = page->node_of[interval[-1].stack];
		since_ns = interval[-1].start_ns + interval[-1].ns;
	} else {
		while (run < end && run->thread == interval->thread)
			run++;
		put(page, interval->thread);
		put(page, (uint64_t)(run - interval));
	}
	put(page, interval->start_ns - since_ns);
	put(page, interval->ns);
	put(page,
	    (uint64_t)string_in_page(page, interval->reason) * SCOPE_STATES + interval->state);
	put_signed(page, (int64_t)page->node_of[interval->stack] - before);
}

static int put_table(struct page *page, const char *key, uint32_t count,
		     void (*put_row)(struct page *page, uint32_t i))
{
	int ret = 0;

	put_key(page, key);
	putc_unlocked('"', page->out);
	for (uint32_t i = 0; i < count && !ret; i++) {
		put_row(page, i);
		ret = text_check(page->out);
	}
	putc_unlocked('"', page->out);
	return ret;
}

static int put_strings(const struct page *page)
{
	int ret = 0;

	put_key(page, "strings");
	for (uint32_t i = 0; i < page->string_count && !ret; i++) {
		fputs_unlocked(i ? ",\n" : "[\n", page->out);
		text_write_script_json(page->out, profile_string(page->profile, page->strings[i]));
		ret = text_check(page->out);
	}
	fputs("]}", page->out);
	return ret;
}

static int put_profile(struct page *page, const struct export_opts *opts)
{
	const struct profile *p = page->profile;
	int ret;

	string_in_page(page, 0); /* "not known" is 0 here too */
	put_header(page, opts);
	put_losses(page);
	put_labels(page);
	ret = put_table(page, "processes", p->process_count, put_process);
	if (!ret)
		ret = put_table(page, "threads", p->thread_count, put_thread);
	if (!ret)
		ret = put_table(page, "images", p->image_count, put_image);
	if (!ret)
		ret = put_table(page, "functions", page->functions.count, put_function);
	if (!ret)
		ret = put_table(page, "frames", page->frames.count, put_frame);
	if (!ret)
		ret = put_table(page, "stacks", page->nodes.count, put_node);
	if (!ret)
		ret = put_table(page, "samples", p->sample_count, put_sample);
	if (!ret && p->has_timeline) {
		put_number(page, "timeline_lost", p->timeline_lost.count);
		ret = put_table(page, "intervals", p->interval_count, put_interval);
	}
	return ret ? ret : put_strings(page);
}

static void put_head(FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
	      "style-src 'sha256-",
	      out);
	fprintf(out, "%s'; script-src", asset_html_style_css_sha256);
	for (size_t i = 0; i < SCRIPT_COUNT; i++)
		fprintf(out, " 'sha256-%s'", scripts[i].sha256);
	fprintf(out, "\">\n<style>%s</style>\n%s", asset_html_style_css, asset_html_page_html);
}

static int html_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	struct page page = { .profile = p, .out = out };
	int ret = page_init(&page);

	if (!ret) {
		put_head(out);
		fputs("<script type=\"application/json\" id=\"profile\">", out);
		ret = put_profile(&page, opts);
	}
	if (!ret) {
		fputs("</script>\n", out);
		for (size_t i = 0; i < SCRIPT_COUNT; i++)
			fprintf(out, "<script>%s</script>\n", scripts[i].text);
		fputs("</body>\n</html>\n", out);
		ret = text_flush(out);
	}
	page_free(&page);
	return ret;
}

const struct exporter exporter_html = {
	.name = "html",
	.suffixes = { ".html" },
	.summary = "a page to explore: flame graph, functions, threads, states",
	.write = html_write,
};
