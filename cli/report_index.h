/* SPDX-License-Identifier: MIT */
/*
 * report_index.h - report --index: all results below a directory, on one page.
 */
#ifndef CRASH_REPORT_INDEX_H
#define CRASH_REPORT_INDEX_H

#include <stdbool.h>

/**
 * Writes the page; dies where that cannot be done, or where there is no result.
 * @param page  the file; NULL: index.html in the directory
 * @param title NULL: crashinject
 * @return the exit status that the newest results mean
 */
int crash__report_index(const char *directory, const char *page, const char *title, bool quiet);

#endif
