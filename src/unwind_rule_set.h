/* SPDX-License-Identifier: MIT */
/*
 * unwind_rule_set.h - the rules of all unwind tables, each once.
 *
 * The set only grows: a rule's number stays what it is as long as the set lives.
 */
#ifndef UNWIND_RULE_SET_H
#define UNWIND_RULE_SET_H

#include <stdint.h>

#include "scope_unwind.h"

struct unwind_rules;

struct unwind_rules *unwind_rules_new(void);
void unwind_rules_free(struct unwind_rules **rules); /* takes NULL */

/* All rules by number, rule 0 (SCOPE_CFA_NONE) first. Valid until the next table is built. */
const struct scope_unwind_rule *unwind_rules_items(const struct unwind_rules *rules);
/* At least 1, at most SCOPE_UNWIND_RULES. */
uint32_t unwind_rules_count(const struct unwind_rules *rules);
/* How often a rule was refused since the set was full; its rows have rule 0. */
uint64_t unwind_rules_refused(const struct unwind_rules *rules);
/* The number of `rule`, added if it is new; 0 if the set is full. Zero its padding. */
uint16_t unwind_rules_add(struct unwind_rules *rules, const struct scope_unwind_rule *rule);

#endif
