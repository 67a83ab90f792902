/* SPDX-License-Identifier: MIT */
/* verify.h - is an opened store what its commits say, and is all there that was acknowledged? */
#ifndef HELPER_VERIFY_H
#define HELPER_VERIFY_H

#include "bytes.h"
#include "reason.h"
#include "store.h"

/**
 * Compares the whole content with what workload.h says for the store's number of commits.
 * @return 0 or -EUCLEAN: half a transaction, a hole, a wrong value
 */
int verify_store(struct store *store, struct reason *why);

/**
 * Compares with acknowledgements: lines `ack SEQ key=value ...`. Other lines are passed over, and
 * a last one without its newline, which was not written completely.
 * @return 0; -ENODATA if an acknowledged commit is missing; -EUCLEAN if one has another content;
 *         -EINVAL if a line begins like an acknowledgement and is not one
 */
int verify_acks(struct store *store, const struct bytes *acks, struct reason *why);

#endif /* HELPER_VERIFY_H */
