/* SPDX-License-Identifier: MIT */
#include "explore/check/worker_channel.h"

#include <errno.h>
#include <sys/socket.h>

bool crash__send_all(int fd, const void *bytes, size_t count)
{
	for (size_t done = 0; done < count;) {
		ssize_t sent = send(fd, (const char *)bytes + done, count - done, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		done += (size_t)sent;
	}
	return true;
}

bool crash__receive_all(int fd, void *bytes, size_t count)
{
	for (size_t done = 0; done < count;) {
		ssize_t got = recv(fd, (char *)bytes + done, count - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}
