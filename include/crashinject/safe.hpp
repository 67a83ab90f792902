// SPDX-License-Identifier: MIT
//
// safe.hpp - crash_is_safe() of explore.h for C++: what gtest.h and catch2.h are made of, and for any other
// framework.
#ifndef CRASHINJECT_SAFE_HPP
#define CRASHINJECT_SAFE_HPP

#include <cstdlib>
#include <string>

#include <crashinject/explore.h>

namespace crashinject
{

struct safety {
	bool safe;
	std::string text; // one line; or findings, repairs, how to replay them, and where the result is

	explicit operator bool() const
	{
		return safe;
	}
};

inline safety is_safe(const crash_explore_opts &opts)
{
	char *text = nullptr;
	bool safe = ::crash_is_safe(&opts, &text);
	safety result{safe, text ? text : "no memory"};

	std::free(text);
	return result;
}

/**
 * Of two functions, or lambdas that capture nothing. An exception that leaves the check's fails the state.
 * The argument is copied into the other processes as it is.
 */
inline safety is_safe(crash_workload_function *workload, crash_check_function *check,
		      const char *models = nullptr, const void *argument = nullptr,
		      std::size_t argument_size = 0)
{
	crash_explore_opts opts{};

	opts.workload = workload;
	opts.check_state = check;
	opts.models = models;
	opts.argument = argument;
	opts.argument_size = argument_size;
	return is_safe(opts);
}

} // namespace crashinject

#endif
