/* SPDX-License-Identifier: MIT */
#include "base/effort.h"

uint64_t crash__effort;
