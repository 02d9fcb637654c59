/* SPDX-License-Identifier: MIT */
/*
 * built.h - the profile of a stream that stands in the test, and its samples as text. For tests that
 * are one file: it brings the reader of streams with it.
 */
#ifndef BUILT_H
#define BUILT_H

#include <stdlib.h>

#include "check.h"
#include "profile_build.h"
#include "sound.h"
#include "stream.c"

/* What most of the streams below have in common. */
#define COMMON                                                                                     \
	"window start=1s end=2s realtime=5s frequency=49 cpus=2 min_block=50us idle=300ms\n"       \
	"map pid=100 start=0x400000 end=0x410000 inode=11 path=\"/bin/app\"\n"                     \
	"name image=\"/bin/app\" addr=0x1000 size=0x100 name=\"main\"\n"                           \
	"name image=\"/bin/app\" addr=0x1100 size=0x100 name=\"work\"\n"                           \
	"name image=\"/bin/app\" addr=0x1200 size=0x100 name=\"_start\"\n"                         \
	"name image=\"[kernel]\" addr=0x81000000 size=0x100 name=\"__schedule\"\n"                 \
	"name image=\"[kernel]\" addr=0x81000100 size=0x100 name=\"pipe_read\"\n"                  \
	"name image=\"[kernel]\" addr=0x81000200 size=0x100 name=\"kthread\"\n"                    \
	"stack id=1 time=1s pid=100 kind=user ips=0x401010,0x401210\n"                             \
	"stack id=2 time=1s pid=100 kind=user ips=0x401110,0x401020,0x401210\n"                    \
	"stack id=3 kind=kernel ips=0x81000010,0x81000110\n"                                       \
	"stack id=4 kind=kernel ips=0x81000010,0x81000110,0x81000210\n"

static struct profile *built;
static char *samples;

static void build_stream(const char *text)
{
	built = stream_profile_text(text);
	samples = built ? sound_text(built) : NULL;
	CHECK(built != NULL);
	if (built)
		check_sound(built);
}

static void done(void)
{
	profile_free(&built);
	free(samples);
	samples = NULL;
}

#endif
