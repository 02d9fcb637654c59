/* SPDX-License-Identifier: MIT */
/*
 * whole.h - what src/views.h promises of the views of a profile, as a check: each is sound, and all
 * of them together are the whole, sample by sample and to the nanosecond.
 */
#ifndef WHOLE_H
#define WHOLE_H

#include "sound.h"
#include "views.h"

/* What is added up of all views. */
struct whole {
	const struct profile *profile;
	struct profile_quality quality;
	nsec_t *unnamed_ns, *incomplete_ns; /* by the whole's image */
	nsec_t *anonymous_ns;		    /* by the whole's process */
	nsec_t alive_ns, residual_ns;
	uint32_t threads, intervals;
	nsec_t intervals_ns;
	char *text; /* sound_text() of all */
	size_t text_bytes;
	FILE *out;
};

static inline void whole_begin(struct whole *w, const struct profile *p)
{
	*w = (struct whole){ .profile = p };
	w->unnamed_ns = calloc(p->image_count, sizeof(nsec_t));
	w->incomplete_ns = calloc(p->image_count, sizeof(nsec_t));
	w->anonymous_ns = calloc((size_t)p->process_count + 1, sizeof(nsec_t));
	w->out = open_memstream(&w->text, &w->text_bytes);
	fputc('\n', w->out);
}

static inline bool same_image(const struct profile *p, const struct profile_image *a,
			      const struct profile *q, const struct profile_image *b)
{
	return strcmp(profile_string(p, a->path), profile_string(q, b->path)) == 0 &&
	       strcmp(profile_string(p, a->build_id), profile_string(q, b->build_id)) == 0 &&
	       strcmp(profile_string(p, a->why), profile_string(q, b->why)) == 0 &&
	       strcmp(profile_string(p, a->debug_file), profile_string(q, b->debug_file)) == 0;
}

/* The whole's image of a view's: in the same order, so it is looked for behind the last one. */
static inline uint32_t whole_image(const struct whole *w, const struct profile *view,
				   uint32_t image, uint32_t from)
{
	for (; from < w->profile->image_count; from++) {
		if (same_image(w->profile, &w->profile->images[from], view, &view->images[image]))
			return from;
	}
	check_fail(__FILE__, __LINE__, "image %u of a view is none of the whole", image);
	return 0;
}

static inline void whole_add_quality(struct whole *w, const struct profile *view, uint32_t process)
{
	const struct profile_quality *q = &view->quality;
	uint32_t at = 0;

	w->quality.on_sampled_ns += q->on_sampled_ns;
	w->quality.on_estimated_ns += q->on_estimated_ns;
	w->quality.on_unsampled_ns += q->on_unsampled_ns;
	w->quality.stackless_ns += q->stackless_ns;
	w->quality.user_ns += q->user_ns;
	w->quality.frames_ns += q->frames_ns;
	w->quality.unnamed_ns += q->unnamed_ns;
	w->quality.ticks += q->ticks;
	for (int end = 0; end < SCOPE_ENDS; end++)
		w->quality.end_ns[end] += q->end_ns[end];
	for (uint32_t i = 0; i < view->image_count; i++) {
		at = i ? whole_image(w, view, i, at + 1) : 0;
		w->unnamed_ns[at] += view->images[i].unnamed_ns;
		w->incomplete_ns[at] += view->images[i].incomplete_ns;
	}
	w->anonymous_ns[process] += view->processes[0].anonymous_ns;
}

static inline void whole_add(struct whole *w, const struct profile *view, uint32_t process)
{
	const struct profile *p = w->profile;
	char *text = sound_text(view);

	check_sound(view);
	CHECK_INT(view->process_count, 1);
	CHECK_INT(view->processes[0].pid, p->processes[process].pid);
	CHECK_TEXT(profile_string(view, view->processes[0].comm),
		   profile_string(p, p->processes[process].comm));
	CHECK(!view->system_wide && view->window_ns == p->window_ns && view->target[0]);
	fputs(text + 1, w->out);
	free(text);
	whole_add_quality(w, view, process);
	for (uint32_t i = 0; i < view->thread_count; i++) {
		const struct profile_thread *t = &view->threads[i], *of = &p->threads[w->threads++];

		CHECK_TEXT(profile_string(view, t->comm), profile_string(p, of->comm));
		CHECK(t->tid == of->tid && t->switches == of->switches &&
		      t->never_ran == of->never_ran && t->born_ns == of->born_ns);
		w->alive_ns += t->alive_ns;
		w->residual_ns += (nsec_t)t->residual_ns;
	}
	for (uint32_t i = 0; i < view->interval_count; i++) {
		const struct profile_interval *s = &view->intervals[i];

		CHECK(s->thread < view->thread_count && s->stack < view->stack_count &&
		      s->reason < view->string_count && s->waker <= view->thread_count);
		w->intervals_ns += s->ns;
	}
	w->intervals += view->interval_count;
}

static inline void whole_end(struct whole *w)
{
	const struct profile *p = w->profile;
	nsec_t alive_ns = 0, residual_ns = 0, intervals_ns = 0;
	char *text = sound_text(p);

	for (uint32_t i = 0; i < p->thread_count; i++) {
		alive_ns += p->threads[i].alive_ns;
		residual_ns += (nsec_t)p->threads[i].residual_ns;
	}
	for (uint32_t i = 0; i < p->interval_count; i++)
		intervals_ns += p->intervals[i].ns;
	fclose(w->out);
	CHECK_TEXT(w->text, text);
	CHECK_INT(w->threads, p->thread_count);
	CHECK_INT(w->alive_ns, alive_ns);
	CHECK_INT(w->residual_ns, residual_ns);
	CHECK_INT(w->intervals, p->interval_count);
	CHECK_INT(w->intervals_ns, intervals_ns);
	CHECK(memcmp(&w->quality, &p->quality, sizeof(w->quality)) == 0);
	for (uint32_t i = 0; i < p->image_count; i++) {
		CHECK_INT(w->unnamed_ns[i], p->images[i].unnamed_ns);
		CHECK_INT(w->incomplete_ns[i], p->images[i].incomplete_ns);
	}
	for (uint32_t i = 0; i < p->process_count; i++)
		CHECK_INT(w->anonymous_ns[i], p->processes[i].anonymous_ns);
	free(text);
	free(w->text);
	free(w->unnamed_ns);
	free(w->incomplete_ns);
	free(w->anonymous_ns);
}

static inline void check_views(const struct profile *p)
{
	struct views *views = views_new(p);
	struct whole w;

	whole_begin(&w, p);
	for (uint32_t i = 0; i < p->thread_count; i++)
		whole_add(&w, views_thread(views, i), p->threads[i].process);
	whole_end(&w);
	whole_begin(&w, p);
	for (uint32_t i = 0; i < p->process_count; i++)
		whole_add(&w, views_process(views, i), i);
	whole_end(&w);
	views_free(&views);
}

#endif
