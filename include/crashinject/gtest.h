// SPDX-License-Identifier: MIT
//
// gtest.h - assertions for users of GoogleTest.
//
//	EXPECT_CRASH_SAFE(save_twice, look, "ext4"); // two functions, see explore.h, or a crash_explore_opts
#ifndef CRASHINJECT_GTEST_H
#define CRASHINJECT_GTEST_H

#include <iostream>

#include <gtest/gtest.h>

#include <crashinject/safe.hpp>

namespace crashinject
{

/** What passes prints one line. */
template <typename... Arguments>::testing::AssertionResult crash_safe(Arguments... arguments)
{
	safety result = is_safe(arguments...);

	if (!result)
		return ::testing::AssertionFailure() << result.text;
	std::cout << result.text << std::endl;
	return ::testing::AssertionSuccess();
}

} // namespace crashinject

#define EXPECT_CRASH_SAFE(...) EXPECT_TRUE(::crashinject::crash_safe(__VA_ARGS__))
#define ASSERT_CRASH_SAFE(...) ASSERT_TRUE(::crashinject::crash_safe(__VA_ARGS__))

#endif
