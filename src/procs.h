/* SPDX-License-Identifier: MIT */
/*
 * procs.h - processes and what was mapped in them, when.
 *
 * A pid may be used again within a run, so a process is an *instance* of a pid: from its FORK to
 * the last EXIT before the next FORK of that pid. Each execve begins a new *generation* of an
 * instance with no mappings; a fork's first generation has its parent's mappings of that moment, by
 * reference. Only executable mappings are kept; the youngest that holds an address wins, since
 * unmapping is not told.
 *
 * Events may be added in any order (they are sorted by time; equal times keep their order) until
 * procs_seal(); instances and lookups exist only after it. Times are CLOCK_MONOTONIC; 0 is "from
 * the start snapshot", before everything else. Everything returned lives as long as the procs.
 */
#ifndef PROCS_H
#define PROCS_H

#include <stdbool.h>

#include "mem.h"
#include "scope_event.h"
#include "scope_time.h"
#include "table.h"

#define PROCS_NONE UINT32_MAX

/* A mapped file, known by device, inode and path. */
struct proc_file {
	struct scope_file id;
	uint32_t path; /* procs_string(); "" when anonymous */
	uint32_t pad;
};

struct proc_map {
	uint64_t start, end; /* end > start */
	uint64_t file_off;
	nsec_t time_ns;
	uint64_t max_end; /* the largest end of this and all before it in its generation */
	uint32_t file;
	uint32_t order; /* of arrival */
};

struct proc_event {
	nsec_t time_ns;
	uint32_t pid;
	uint32_t order;
	uint32_t value; /* FORK: the parent's pid; COMM: string; MAP: index into maps */
	uint16_t type;	/* enum scope_record_type */
	bool exec; /* COMM */
};

struct proc_generation {
	nsec_t since_ns;
	nsec_t parent_ns;  /* of `parent` as it was at this time */
	uint32_t parent;   /* generation, or PROCS_NONE */
	uint32_t ppid;	   /* 0: not forked in the run */
	uint32_t first_map, map_count;
	uint32_t exe; /* string: its first executable file; 0: none of its own */
};

struct proc_instance {
	uint32_t pid;
	nsec_t last_ns; /* its end; ~0: of the pid's last instance */
	nsec_t exit_ns; /* its last EXIT; 0: none seen */
	uint32_t comm;	/* string: the leader's last; 0: not told */
	uint32_t first_generation, generation_count;
};

struct procs {
	struct strings strings;
	struct table files; /* struct proc_file */
	ARRAY(struct proc_event) events;
	ARRAY(struct proc_map) maps; /* sorted into `sealed` */
	ARRAY(struct proc_map) sealed;
	ARRAY(struct proc_generation) generations;
	ARRAY(struct proc_instance) instances; /* by pid, then time */
	bool is_sealed;
};

void procs_init(struct procs *p);
void procs_free(struct procs *p);

void procs_add_fork(struct procs *p, const struct scope_fork *fork);
void procs_add_comm(struct procs *p, const struct scope_comm *comm);
void procs_add_exit(struct procs *p, const struct scope_exit *exit);
/* `path` has `length` bytes. Mappings that are empty or not executable are passed over. */
void procs_add_map(struct procs *p, const struct scope_map *map, const char *path, size_t length);

void procs_seal(struct procs *p); /* once is enough; nothing is added afterwards */

/* The instance of `pid` at `time_ns`, or PROCS_NONE. */
uint32_t procs_find(const struct procs *p, uint32_t pid, nsec_t time_ns);
/* The mapping that holds `address`; NULL: none. One recorded late still counts. */
const struct proc_map *procs_find_map(const struct procs *p, uint32_t instance, nsec_t time_ns,
				      uint64_t address);
/* From this time on an instance's mappings stay as they are: what procs_find_map() finds does not depend on
 * the time. */
nsec_t procs_settled_ns(const struct procs *p, uint32_t instance);
const struct proc_file *procs_file(const struct procs *p, uint32_t file);
uint32_t procs_exe(const struct procs *p, uint32_t instance); /* string: at the end; 0: not known */
const char *procs_string(const struct procs *p, uint32_t id);

#endif
