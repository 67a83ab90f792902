// SPDX-License-Identifier: MIT
//
// channel.hpp - crash points and acknowledgements with names that are made at run time, for C++17.
//
// Without crashinject around the program they are one branch. Where a name is a literal, CRASH_BREAKPOINT()
// of crashinject/breakpoint.h costs less still, and its names are known before the program runs.
#ifndef CRASHINJECT_CHANNEL_HPP
#define CRASHINJECT_CHANNEL_HPP

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>

namespace crashinject
{

namespace detail
{

inline int find_channel() noexcept
{
	const char *number = std::getenv("CRASH_FD");
	char *end = nullptr;
	long fd = number ? std::strtol(number, &end, 10) : -1;

	return number && end != number && *end == '\0' && fd >= 0 ? static_cast<int>(fd) : -1;
}

inline const int channel = find_channel();

// One write: the process is held in it. An error means that the run is over.
inline void say(const std::string &line)
{
	int saved = errno;

	while (::write(channel, line.data(), line.size()) < 0 && errno == EINTR)
		;
	errno = saved;
}

inline std::string replaced(std::string_view text, const char *with)
{
	std::string result;

	for (char c : text)
		if (c == '\n')
			result += with;
		else
			result += c;
	return result;
}

} // namespace detail

/** A place where a crash is interesting, for instance "wal.mid-frame". */
inline void point(std::string_view name)
{
	if (detail::channel >= 0)
		detail::say("point " + std::string(name) + "\n");
}

/** What has been promised by now: it has to be there after every crash that comes later. */
inline void ack(std::string_view text)
{
	if (detail::channel >= 0)
		detail::say("ack " + detail::replaced(text, "\nack ") + "\n");
}

/** What crashinject list is to show between the operations. */
inline void note(std::string_view key, std::string_view value)
{
	if (detail::channel >= 0)
		detail::say("note " + std::string(key) + " " + detail::replaced(value, " ") + "\n");
}

/** Two points: NAME.enter where it is made, and NAME.leave where its scope ends, by an exception, too. */
class scoped_point
{
      public:
	explicit scoped_point(std::string_view name) : name_(detail::channel >= 0 ? name : std::string_view())
	{
		pass(".enter");
	}

	~scoped_point()
	{
		try {
			pass(".leave");
		} catch (...) { // no memory: nothing to be done about it here
		}
	}

	scoped_point(const scoped_point &) = delete;
	scoped_point &operator=(const scoped_point &) = delete;

      private:
	void pass(const char *end) const
	{
		if (detail::channel >= 0)
			point(name_ + end);
	}

	std::string name_;
};

} // namespace crashinject

#endif
