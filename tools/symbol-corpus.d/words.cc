// SPDX-License-Identifier: MIT
/* The index: lines, patterns, and what was met most. */
#include "words.h"

#include <istream>
#include <regex>
#include <set>

namespace words
{

namespace
{

struct pattern {
	const char *name;
	std::regex expression;
};

const std::vector<pattern> &known_patterns()
{
	static const std::vector<pattern> patterns = {
		{ "number", std::regex("^-?[0-9]+(\\.[0-9]+)?$") },
		{ "hexadecimal", std::regex("^0x[0-9a-f]+$", std::regex::icase) },
		{ "macro", std::regex("^[A-Z][A-Z0-9_]{2,}$") },
		{ "type", std::regex("^[a-z][a-z0-9_]*_t$") },
	};

	return patterns;
}

const char *kind_of(const std::string &word)
{
	const auto &patterns = known_patterns();
	auto found = std::find_if(patterns.begin(), patterns.end(), [&](const pattern &p) {
		return std::regex_search(word, p.expression);
	});

	return found == patterns.end() ? "word" : found->name;
}

} /* namespace */

void index::read(std::istream &in)
{
	std::set<std::string> seen;
	std::string line;
	unsigned int number = 0;

	while (std::getline(in, line)) {
		number++;
		split(line, number, [&](std::string_view text, place at) {
			std::string word(text);

			if (seen.insert(word).second)
				kinds[kind_of(word)]++;
			places[lowered(word)].push_back(at);
		});
	}
}

void index::merge(const index &other)
{
	for (const auto &[word, others] : other.places) {
		auto &own = places[word];
		std::vector<place> both;

		both.reserve(own.size() + others.size());
		std::merge(own.begin(), own.end(), others.begin(), others.end(),
			   std::back_inserter(both));
		own.swap(both);
	}
	for (const auto &[kind, count] : other.kinds)
		kinds[kind] += count;
}

std::vector<std::pair<std::string, std::size_t>> index::most(std::size_t limit) const
{
	std::vector<std::pair<std::string, std::size_t>> counted;

	std::transform(places.begin(), places.end(), std::back_inserter(counted),
		       [](const auto &entry) {
			       return std::make_pair(entry.first, entry.second.size());
		       });
	std::stable_sort(counted.begin(), counted.end(),
			 [](const auto &a, const auto &b) { return a.second > b.second; });
	if (counted.size() > limit)
		counted.resize(limit);
	return counted;
}

} /* namespace words */
