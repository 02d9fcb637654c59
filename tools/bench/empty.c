// SPDX-License-Identifier: MIT
/* empty OBJECT - attaches every program of OBJECT and holds them until a signal ends it. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *program;

	if (argc != 2) {
		fprintf(stderr, "usage: %s OBJECT\n", argv[0]);
		return 2;
	}
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "%s: cannot load\n", argv[1]);
		return 1;
	}
	bpf_object__for_each_program(program, object) {
		if (!bpf_program__attach(program)) {
			fprintf(stderr, "%s: cannot attach %s\n", argv[1],
				bpf_program__name(program));
			return 1;
		}
	}
	pause();
	return 0;
}
