// SPDX-License-Identifier: MIT
/* Questions: each a class of its own, most of them made by a template. */
#include "words.h"

#include <iomanip>
#include <numeric>
#include <ostream>
#include <sstream>

namespace words
{

namespace
{

template <typename Measure> class measured final : public question
{
	std::string title;
	Measure measure;

public:
	measured(std::string title, Measure measure)
		: title(std::move(title)), measure(std::move(measure))
	{
	}
	std::string name() const override
	{
		return title;
	}
	void answer(const index &words, std::ostream &out) const override
	{
		summary<double> values;

		for (const auto &[word, places] : words.all())
			values.add(measure(word, places));
		auto sum = values.fold(0.0, [](double s, double value) { return s + value; });
		out << std::fixed << std::setprecision(2) << values.count() << " values, mean "
		    << (values.count() ? sum / double(values.count()) : 0.0) << ", median "
		    << values.quantile(0.5) << ", most " << values.quantile(1) << '\n';
	}
};

template <typename Measure>
std::unique_ptr<question> make_measured(std::string title, Measure measure)
{
	return std::make_unique<measured<Measure>>(std::move(title), std::move(measure));
}

class most_frequent final : public question
{
	std::size_t limit;

public:
	explicit most_frequent(std::size_t limit) : limit(limit)
	{
	}
	std::string name() const override
	{
		std::ostringstream text;

		text << "the " << limit << " most frequent";
		return text.str();
	}
	void answer(const index &words, std::ostream &out) const override
	{
		for (const auto &[word, count] : words.most(limit))
			out << std::setw(8) << count << ' ' << word << '\n';
	}
};

class by_pattern final : public question
{
public:
	std::string name() const override
	{
		return "by pattern";
	}
	void answer(const index &words, std::ostream &out) const override
	{
		std::map<unsigned int, std::vector<std::string>, std::greater<>> sorted;

		for (const auto &[kind, count] : words.patterns())
			sorted[count].push_back(kind);
		for (auto &[count, kinds] : sorted) {
			std::sort(kinds.begin(), kinds.end());
			out << std::setw(8) << count << ' '
			    << std::accumulate(std::next(kinds.begin()), kinds.end(), kinds.front(),
					       [](std::string a, const std::string &b) {
						       return std::move(a) + ", " + b;
					       })
			    << '\n';
		}
	}
};

/* Lines between one occurrence of a word and the next, on average. */
double mean_gap(const std::vector<place> &places)
{
	std::vector<double> lines;

	std::transform(places.begin(), places.end(), std::back_inserter(lines),
		       [](const place &at) { return double(at.line); });
	if (lines.size() < 2)
		return 0;
	std::adjacent_difference(lines.begin(), lines.end(), lines.begin());
	return std::accumulate(std::next(lines.begin()), lines.end(), 0.0) /
	       double(lines.size() - 1);
}

} /* namespace */

std::vector<std::unique_ptr<question>> all_questions()
{
	std::vector<std::unique_ptr<question>> questions;

	questions.push_back(std::make_unique<most_frequent>(10));
	questions.push_back(std::make_unique<by_pattern>());
	questions.push_back(make_measured("length", [](const std::string &word, const auto &) {
		return double(word.size());
	}));
	questions.push_back(make_measured("occurrences", [](const auto &, const auto &places) {
		return double(places.size());
	}));
	questions.push_back(make_measured(
		"gap", [](const auto &, const auto &places) { return mean_gap(places); }));
	return questions;
}

} /* namespace words */
