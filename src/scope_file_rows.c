// SPDX-License-Identifier: MIT
/*
 * From a chunk's content to rows of a table. Each value is checked by its column (does it fit, is
 * there what it refers to: all that comes before it in the file), each row then by the rules of
 * include/profile.h for its table.
 */
#include "scope_file_parts.h"

/* --- values ----------------------------------------------------------------------------------- */

/* How many values of this range there are; 0: all that fit. */
static uint64_t range_size(const struct scope_rows *rows, enum capture_range range)
{
	const struct profile *p = rows->profile;

	switch (range) {
	case CAPTURE_BOOL:
		return 2;
	case CAPTURE_STATE:
		return SCOPE_STATES;
	case CAPTURE_KIND:
		return FRAME_LABEL + 1;
	case CAPTURE_STRING_LATER:
		return rows->told->string_count;
	case CAPTURE_STRING:
		return p->string_count;
	case CAPTURE_A_PROCESS:
		return p->process_count;
	case CAPTURE_A_THREAD:
		return p->thread_count;
	case CAPTURE_THREAD_OR_NONE:
		return (uint64_t)p->thread_count + 1;
	case CAPTURE_AN_IMAGE:
		return p->image_count;
	case CAPTURE_A_FRAME:
		return p->frame_count;
	case CAPTURE_A_STACK:
		return p->stack_count;
	case CAPTURE_ANY:
		break;
	}
	return 0;
}

static uint64_t load(const uint8_t *row, const struct capture_column *column)
{
	uint64_t value = 0; /* little-endian, as the machine is */

	memcpy(&value, row + column->off, column->bytes);
	return value;
}

/* 0, 1, 2, 3, ... as 0, -1, 1, -2, ... */
static uint64_t unfold_sign(uint64_t value)
{
	return value >> 1 ^ (value & 1 ? UINT64_MAX : 0);
}

static bool read_column(const struct scope_rows *rows, const struct capture_column *column,
			struct cursor *content, uint8_t *row, size_t row_bytes, uint32_t count)
{
	uint64_t most = column->bytes == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * column->bytes) - 1;
	enum capture_range range = (enum capture_range)column->range;
	uint64_t expected = 0;

	if (range != CAPTURE_ANY) {
		if (!range_size(rows, range))
			return false;
		most = range_size(rows, range) - 1;
	}
	for (uint32_t i = 0; i < count; i++, row += row_bytes) {
		uint64_t value = cursor_uleb(content);

		if (column->coding != CAPTURE_PLAIN)
			value = expected + unfold_sign(value);
		if (value > most)
			return false;
		memcpy(row + column->off, &value, column->bytes);
		if (column->coding != CAPTURE_PLAIN)
			expected = value;
		if (column->coding == CAPTURE_AFTER)
			expected += load(row, column - 1);
	}
	return !content->bad;
}

static uint32_t *count_of(const struct profile *p, size_t index)
{
	return (uint32_t *)((uint8_t *)p + capture_tables[index].count_off);
}

bool scope_rows_read_head(const struct scope_rows *rows, struct cursor *content,
			  struct profile *ret_head)
{
	size_t columns = rows->version == 1 ? CAPTURE_HEAD_COLUMNS_1 : CAPTURE_HEAD_COLUMNS;
	struct profile *p = ret_head;

	for (size_t i = 0; i < columns; i++)
		if (!read_column(rows, &capture_head[i], content, (uint8_t *)p, 0, 1))
			return false;
	for (size_t i = 0; i < CAPTURE_TABLES; i++)
		if (*count_of(p, i) > CAPTURE_ROWS_MAX)
			return false;
	/* these have a placeholder */
	return p->string_count && p->string_count <= CAPTURE_ROWS_MAX && p->image_count &&
	       p->frame_count && p->stack_count;
}

/* --- rules of the tables ---------------------------------------------------------------------- */

static bool is_process(const struct scope_rows *rows, uint32_t i)
{
	const struct profile_process *process = &rows->profile->processes[i];
	bool of_the_lost = !process->pid && i + 1 == rows->told->process_count;

	return !i || process->pid >= process[-1].pid || of_the_lost;
}

static bool is_thread(const struct scope_rows *rows, uint32_t i)
{
	const struct profile_thread *thread = &rows->profile->threads[i];
	nsec_t on_ns = thread->ns[SCOPE_ON], runq_ns = thread->ns[SCOPE_RUNQ];

	if ((nsec_t)thread->residual_ns !=
	    thread->alive_ns - on_ns - runq_ns - thread->ns[SCOPE_OFF])
		return false;
	if (thread->never_ran && (on_ns || runq_ns))
		return false;
	if (!i)
		return !thread->process;
	if (thread->process != thread[-1].process)
		return thread->process == thread[-1].process + 1;
	return thread->tid > thread[-1].tid ||
	       (thread->tid == thread[-1].tid && thread->born_ns >= thread[-1].born_ns);
}

static bool is_frame(const struct scope_rows *rows, uint32_t i)
{
	return !i || rows->profile->frames[i].name;
}

static bool is_stack(struct scope_rows *rows, uint32_t i)
{
	const struct profile *p = rows->profile;
	const struct profile_stack *stack = &p->stacks[i];
	struct scope_depth *depth = array_push(&rows->depths);
	enum frame_kind kind = p->frames[stack->frame].kind;

	if (!i)
		return !stack->parent && !stack->frame;
	if (stack->parent >= i || !stack->frame)
		return false;
	*depth = rows->depths.items[stack->parent];
	if (depth->frames == CAPTURE_STACK_MAX || (depth->kernel && kind == FRAME_USER))
		return false;
	depth->frames++;
	depth->kernel |= kind == FRAME_KERNEL;
	return true;
}

static bool comes_after(const struct profile_sample *s, const struct profile_sample *before)
{
	if (s->thread != before->thread)
		return s->thread > before->thread;
	if (s->state != before->state)
		return s->state > before->state;
	if (s->reason != before->reason)
		return s->reason > before->reason;
	return s->stack > before->stack;
}

static bool is_sample(const struct scope_rows *rows, uint32_t i)
{
	const struct profile *p = rows->profile;
	const struct profile_sample *sample = &p->samples[i];

	if (!p->states[sample->state] || !sample->reason != (sample->state != SCOPE_OFF))
		return false;
	if (sample->estimated && (sample->count || !p->threads[sample->thread].estimated))
		return false;
	return !i || comes_after(sample, sample - 1);
}

static bool is_interval(const struct scope_rows *rows, uint32_t i)
{
	const struct profile *p = rows->profile;
	const struct profile_interval *interval = &p->intervals[i];

	if (!p->has_timeline || !interval->ns || interval->start_ns + interval->ns < interval->ns ||
	    (interval->reason && interval->state != SCOPE_OFF))
		return false;
	if (!i || interval->thread != interval[-1].thread)
		return !i || interval->thread > interval[-1].thread;
	return interval->start_ns >= interval[-1].start_ns + interval[-1].ns;
}

static bool is_row(struct scope_rows *rows, enum capture_chunk_type type, uint32_t i)
{
	switch (type) {
	case CAPTURE_PROCESS:
		return is_process(rows, i);
	case CAPTURE_THREAD:
		return is_thread(rows, i);
	case CAPTURE_FRAME:
		return is_frame(rows, i);
	case CAPTURE_STACK:
		return is_stack(rows, i);
	case CAPTURE_SAMPLE:
		return is_sample(rows, i);
	case CAPTURE_INTERVAL:
		return is_interval(rows, i);
	default:
		return true;
	}
}

/* --- tables ----------------------------------------------------------------------------------- */

uint32_t scope_rows_add_string(struct scope_rows *rows, char *string)
{
	*array_push(&rows->strings) = string;
	rows->profile->strings = (const char *const *)rows->strings.items;
	rows->profile->string_count = (uint32_t)rows->strings.count;
	return rows->profile->string_count - 1;
}

void *scope_rows_push(struct scope_rows *rows, size_t index, uint32_t count)
{
	const struct capture_table *table = &capture_tables[index];
	uint32_t *have = count_of(rows->profile, index);
	void *items = rows->tables[index].items;
	uint8_t *first;

	if (count > rows->tables[index].room - *have)
		items = array_grow(items, &rows->tables[index].room, (size_t)*have + count,
				   table->row_bytes);
	rows->tables[index].items = items;
	memcpy((uint8_t *)rows->profile + table->rows_off, &items, sizeof(items));
	first = (uint8_t *)items + *have * table->row_bytes;
	memset(first, 0, count * table->row_bytes);
	*have += count;
	return first;
}

bool scope_rows_add(struct scope_rows *rows, size_t index, struct cursor *content)
{
	const struct capture_table *table = &capture_tables[index];
	uint32_t *have = count_of(rows->profile, index), before = *have;
	uint64_t count = cursor_uleb(content);
	bool sound = true;
	uint8_t *first;

	if (!count || count > CAPTURE_CHUNK_ROWS || count > *count_of(rows->told, index) - before)
		return false;
	first = scope_rows_push(rows, index, (uint32_t)count);
	for (size_t i = 0; sound && i < table->column_count; i++)
		sound = read_column(rows, &table->columns[i], content, first, table->row_bytes,
				    (uint32_t)count);
	sound = sound && content->at == content->end;
	for (uint32_t i = before; sound && i < *have; i++)
		sound = is_row(rows, table->type, i);
	if (!sound)
		*have = before;
	return sound;
}
