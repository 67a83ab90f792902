// SPDX-License-Identifier: MIT
// points_cxx.cc - points.c as C++.
#include "points.c"
