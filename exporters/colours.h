/* SPDX-License-Identifier: MIT */
/*
 * colours.h - the colours of the three states, in pictures and in pages: red, amber, blue. They
 * differ in lightness, not only in hue: 55, 85 and 69 of 100.
 */
#ifndef COLOURS_H
#define COLOURS_H

#include "scope_event.h"

static const int state_colours[SCOPE_STATES][3] = {
	[SCOPE_ON] = { 226, 83, 65 },
	[SCOPE_RUNQ] = { 253, 206, 84 },
	[SCOPE_OFF] = { 120, 172, 232 },
};

#endif
