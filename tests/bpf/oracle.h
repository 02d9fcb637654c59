/* SPDX-License-Identifier: MIT */
/* oracle.h - what holds of every timeline, whatever it expects besides. Failures go to fail(). */
#ifndef TEST_ORACLE_H
#define TEST_ORACLE_H

void oracle_check(void);

#endif
