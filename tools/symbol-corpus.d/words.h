/* SPDX-License-Identifier: MIT */
/*
 * words.h - what the three parts of the program share. It reads text and tells what it found; it is
 * there to be compiled, for tools/symbol-corpus: templates in templates, lambdas, and functions in
 * a header that are inlined into all three.
 */
#ifndef WORDS_H
#define WORDS_H

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace words
{

struct place {
	unsigned int line = 0, column = 0;

	auto key() const
	{
		return std::uint64_t{ line } << 32 | column;
	}
	friend bool operator<(const place &a, const place &b)
	{
		return a.key() < b.key();
	}
};

template <typename Value> class summary
{
	std::vector<Value> values;

public:
	void add(Value value)
	{
		values.push_back(std::move(value));
	}
	std::size_t count() const
	{
		return values.size();
	}
	template <typename Start, typename Step> Start fold(Start start, Step step) const
	{
		for (const auto &value : values)
			start = step(std::move(start), value);
		return start;
	}
	Value quantile(double share) const
	{
		auto sorted = values;
		if (sorted.empty())
			return Value{};
		auto at = static_cast<std::size_t>(share * double(sorted.size() - 1));
		std::nth_element(sorted.begin(), sorted.begin() + std::ptrdiff_t(at), sorted.end());
		return sorted[at];
	}
};

inline bool is_letter(char c)
{
	return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

inline std::string lowered(std::string_view text)
{
	std::string result(text);

	std::transform(result.begin(), result.end(), result.begin(),
		       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
	return result;
}

/* Calls `take` with every word and its place. */
template <typename Take> void split(std::string_view line, unsigned int number, Take &&take)
{
	auto at = line.begin();

	while ((at = std::find_if(at, line.end(), is_letter)) != line.end()) {
		auto end = std::find_if_not(at, line.end(), is_letter);
		auto column = static_cast<unsigned int>(at - line.begin());

		take(line.substr(column, static_cast<std::size_t>(end - at)),
		     place{ number, column });
		at = end;
	}
}

class index
{
	std::map<std::string, std::vector<place>> places;
	std::unordered_map<std::string, unsigned int> kinds;

public:
	void read(std::istream &in);
	void merge(const index &other);
	std::vector<std::pair<std::string, std::size_t>> most(std::size_t limit) const;
	const std::map<std::string, std::vector<place>> &all() const
	{
		return places;
	}
	const std::unordered_map<std::string, unsigned int> &patterns() const
	{
		return kinds;
	}
};

/* What can be asked of an index. */
class question
{
public:
	virtual ~question() = default;
	virtual std::string name() const = 0;
	virtual void answer(const index &words, std::ostream &out) const = 0;
};

std::vector<std::unique_ptr<question>> all_questions();

} /* namespace words */

#endif
