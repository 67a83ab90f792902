// SPDX-License-Identifier: MIT
//
// explore.hpp - exploring crash states as a function, for whatever the tests are written with.
#ifndef CRASHINJECT_EXPLORE_HPP
#define CRASHINJECT_EXPLORE_HPP

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
#include <sys/wait.h>

namespace crashinject
{

struct exploration {
	int status;	  // of crashinject-explore(1): 0 nothing found, 1 found, 3 incomplete
	std::string text; // what it printed: findings, repairs, how to replay them

	explicit operator bool() const
	{
		return status == 0;
	}
};

namespace detail
{

inline std::string quoted(const std::string &text)
{
	std::string result = "'";

	for (char c : text)
		result += c == '\'' ? std::string("'\\''") : std::string(1, c);
	return result + "'";
}

} // namespace detail

/**
 * Runs the workload once and checks every state that a crash can leave. Both are commands for the shell: the
 * workload finds its data directory, `directory`, in $CRASH_DIR, and for the check a crash state is the
 * working directory.
 */
inline exploration explore(const std::string &workload, const std::string &check,
			   const std::string &directory, const std::vector<std::string> &models = {},
			   const std::vector<std::string> &options = {})
{
	const char *name = std::getenv("CRASHINJECT");
	std::string command = detail::quoted(name ? name : "crashinject") + " explore --dir " +
			      detail::quoted(directory) + " --check " + detail::quoted(check);
	exploration result{125, ""};
	char piece[4096];

	for (const std::string &model : models)
		command += (&model == &models.front() ? " --model=" : ",") + model;
	for (const std::string &option : options)
		command += " " + detail::quoted(option);
	command += " -- /bin/sh -c " + detail::quoted(workload) + " 2>&1 </dev/null";
	if (std::FILE *stream = ::popen(command.c_str(), "r")) {
		while (std::size_t bytes = std::fread(piece, 1, sizeof piece, stream))
			result.text.append(piece, bytes);
		int status = ::pclose(stream);

		result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 125;
	}
	return result;
}

} // namespace crashinject

#endif
