// SPDX-License-Identifier: MIT
//
// catch2.h - assertions for users of Catch2, version 2 or 3.
//
//	REQUIRE_CRASH_SAFE(save_twice, look, "ext4"); // two functions, see explore.h, or a crash_explore_opts
#ifndef CRASHINJECT_CATCH2_H
#define CRASHINJECT_CATCH2_H

#include <iostream>

#if !defined(REQUIRE) && !defined(CATCH_REQUIRE)
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#else
#include <catch2/catch.hpp>
#endif
#endif

#include <crashinject/safe.hpp>

/* What passes prints one line. */
#define CRASH__CATCH(assertion, ...)                                                                         \
	do {                                                                                                 \
		const ::crashinject::safety crash__result = ::crashinject::is_safe(__VA_ARGS__);             \
                                                                                                             \
		if (crash__result)                                                                           \
			std::cout << crash__result.text << std::endl;                                        \
		INFO(crash__result.text);                                                                    \
		assertion(crash__result.safe);                                                               \
	} while (0)

#define REQUIRE_CRASH_SAFE(...) CRASH__CATCH(REQUIRE, __VA_ARGS__)
#define CHECK_CRASH_SAFE(...) CRASH__CATCH(CHECK, __VA_ARGS__)

#endif
