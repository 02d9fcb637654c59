/* SPDX-License-Identifier: MIT */
/* search_path.h - where a program is that is called by its name alone. */
#ifndef SEARCH_PATH_H
#define SEARCH_PATH_H

/* The first of this name in $PATH for which access() grants `mode`; free(). NULL: there is none. */
char *search_path_find(const char *name, int mode);

#endif
