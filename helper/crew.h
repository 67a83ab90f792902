/* SPDX-License-Identifier: MIT */
/* crew.h - several threads that commit to one store. */
#ifndef HELPER_CREW_H
#define HELPER_CREW_H

#include "session.h"

/** Commits session->commits transactions from session->threads threads. @return see session.h */
int crew_run(struct session *session);

#endif /* HELPER_CREW_H */
