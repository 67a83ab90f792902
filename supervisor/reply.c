/* SPDX-License-Identifier: MIT */
#include "supervisor/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "common/sys.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* The kernel's own, with which a call that a signal interrupted is made anew, whatever handlers there are. */
#define ERESTARTNOINTR 513

static _Atomic int *listening;

void crash__reply_set_listener(_Atomic int *listener)
{
	listening = listener;
}

void crash__reply_send(const struct crash__notification *notification, const struct crash__reply *reply)
{
	struct seccomp_notif_resp response = {.id = notification->id};

	if (reply->never)
		return;
	if (reply->proceed) {
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	} else if (reply->again) {
		response.error = -ERESTARTNOINTR;
	} else if (crash__sys_failed(reply->result)) {
		response.error = (int)reply->result;
	} else {
		response.val = reply->result;
	}
	ioctl(atomic_load(listening), SECCOMP_IOCTL_NOTIF_SEND, &response); /* it may have been killed */
}

void crash__reply_hand_over(struct crash__notification *notification, struct crash__proxied *proxied)
{
	struct seccomp_notif_addfd descriptor = {
		.id = notification->id,
		.srcfd = (uint32_t)proxied->fd,
		.newfd_flags = proxied->cloexec ? O_CLOEXEC : 0,
	};
	int result = ioctl(atomic_load(listening), SECCOMP_IOCTL_NOTIF_ADDFD, &descriptor);

	proxied->result = result < 0 ? -errno : result;
}

int crash__reply_await_listener(void)
{
	int listener;

	while ((listener = atomic_load(listening)) == -1)
		crash__sys6(SYS_futex, (long)listening, FUTEX_WAIT, -1, 0, 0, 0);
	/* The caller waits and we run: on one processor that is several times faster (Linux 6.6). */
	if (listener >= 0)
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return listener;
}
