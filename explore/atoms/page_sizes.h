/* SPDX-License-Identifier: MIT */
/*
 * page_sizes.h - the sizes that a file has because one of its pages was written back: atoms of the class
 * "reach". Which file systems do that, page-sizes says.
 */
#ifndef CRASH_PAGE_SIZES_H
#define CRASH_PAGE_SIZES_H

#include "explore/atoms/atoms_builder.h"

/** Makes those of the pages that an effect of a step writes. */
void crash__page_sizes_of_write(struct crash__atoms_builder *builder, uint32_t step, uint32_t effect);

/** Makes those of a step that writes a part of a file back, and what stood in order there stands alone. */
void crash__page_sizes_of_part(struct crash__atoms_builder *builder, uint32_t step);

#endif
