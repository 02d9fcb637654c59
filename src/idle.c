// SPDX-License-Identifier: MIT
#include "idle.h"

#include <stdio.h>
#include <unistd.h>

nsec_t idle_read(void)
{
	unsigned long long user, nice, system, idle = 0, iowait = 0;
	FILE *stat = fopen("/proc/stat", "re");

	if (!stat)
		return 0;
	if (fscanf(stat, "cpu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &iowait) !=
	    5)
		idle = iowait = 0;
	fclose(stat);
	return (idle + iowait) * (NSEC_PER_SEC / (nsec_t)sysconf(_SC_CLK_TCK));
}
