/* SPDX-License-Identifier: MIT */
#include "explore/lint/facts.h"

const struct crash__fact_info crash__fact_infos[CRASH__FACTS] = {
#define FACT(ENUM, name, subject, one, several, explanation)                                                 \
	[CRASH__FACT_##ENUM] = {name, CRASH__SUBJECT_##subject, one, several, explanation},
#include "explore/lint/facts.def"
#undef FACT
};
