// SPDX-License-Identifier: MIT
#include "unwind_rule_set.h"

#include "mem.h"
#include "table.h"

struct unwind_rules {
	struct table table; /* keys: struct scope_unwind_rule */
	uint64_t refused;
};

struct unwind_rules *unwind_rules_new(void)
{
	static const struct scope_unwind_rule none = { .cfa = SCOPE_CFA_NONE };
	struct unwind_rules *rules = mem_alloc(sizeof(*rules));

	table_init(&rules->table, sizeof(struct scope_unwind_rule));
	table_add(&rules->table, &none, NULL);
	return rules;
}

void unwind_rules_free(struct unwind_rules **rules)
{
	if (!*rules)
		return;
	table_free(&(*rules)->table);
	free(*rules);
	*rules = NULL;
}

const struct scope_unwind_rule *unwind_rules_items(const struct unwind_rules *rules)
{
	return table_key(&rules->table, 0);
}

uint32_t unwind_rules_count(const struct unwind_rules *rules)
{
	return rules->table.count;
}

uint64_t unwind_rules_refused(const struct unwind_rules *rules)
{
	return rules->refused;
}

uint16_t unwind_rules_add(struct unwind_rules *rules, const struct scope_unwind_rule *rule)
{
	uint32_t id;

	if (rules->table.count < SCOPE_UNWIND_RULES)
		return (uint16_t)table_add(&rules->table, rule, NULL);
	id = table_find(&rules->table, rule);
	if (id != TABLE_NONE)
		return (uint16_t)id;
	rules->refused++;
	return 0;
}
