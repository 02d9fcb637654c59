// SPDX-License-Identifier: MIT
/* words FILE...: what is in them; without a file, in stdin. */
#include "words.h"

#include <fstream>
#include <iostream>
#include <stdexcept>

namespace
{

words::index read_file(const std::string &path)
{
	std::ifstream in(path);
	words::index result;

	if (!in)
		throw std::runtime_error("cannot open " + path);
	result.read(in);
	return result;
}

template <typename... Part> [[gnu::always_inline]] inline void print(const Part &...part)
{
	(std::cout << ... << part) << '\n';
}

} /* namespace */

int main(int argc, char **argv)
{
	std::vector<std::string> paths(argv + 1, argv + argc);
	words::index all;

	try {
		for (const auto &path : paths)
			all.merge(read_file(path));
		if (paths.empty())
			all.read(std::cin);
		for (const auto &question : words::all_questions()) {
			print("--- ", question->name());
			question->answer(all, std::cout);
		}
	} catch (const std::exception &wrong) {
		std::cerr << wrong.what() << '\n';
		return 1;
	}
	return 0;
}
