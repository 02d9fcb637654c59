// SPDX-License-Identifier: MIT

// A load in C++: threads, condition variables, exceptions through many frames, std::sort, maps.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

template <typename T> class Channel {
	std::mutex lock;
	std::condition_variable filled, drained;
	std::deque<T> items;

public:
	void put(T item)
	{
		std::unique_lock hold(lock);
		drained.wait(hold, [this] { return items.size() < 4; });
		items.push_back(std::move(item));
		filled.notify_one();
	}
	T take()
	{
		std::unique_lock hold(lock);
		filled.wait(hold, [this] { return !items.empty(); });
		T item = std::move(items.front());
		items.pop_front();
		drained.notify_one();
		return item;
	}
};

struct Guard {
	std::vector<int> &log;
	explicit Guard(std::vector<int> &to) : log(to) { log.push_back(1); }
	~Guard() { log.push_back(-1); }
};

[[gnu::noinline]] static int descend(int depth, std::vector<int> &log)
{
	Guard guard(log);

	if (depth == 0)
		throw std::runtime_error("bottom " + std::to_string(log.size()));
	return 1 + descend(depth - 1, log);
}

static void throw_and_catch()
{
	for (;;) {
		for (int i = 0; i < 50; i++) {
			std::vector<int> log;
			try {
				descend(30, log);
			} catch (const std::exception &e) {
				log.push_back(static_cast<int>(std::string(e.what()).size()));
			}
		}
		std::this_thread::sleep_for(2ms);
	}
}

static void produce(Channel<std::vector<uint64_t>> &out)
{
	for (uint64_t round = 0;; round++) {
		std::vector<uint64_t> numbers(20000);
		for (size_t i = 0; i < numbers.size(); i++)
			numbers[i] = (i ^ round) * 0x9e3779b97f4a7c15u;
		out.put(std::move(numbers));
		std::this_thread::sleep_for(1ms);
	}
}

static void consume(Channel<std::vector<uint64_t>> &in)
{
	std::map<std::string, uint64_t> counts;

	for (;;) {
		std::vector<uint64_t> numbers = in.take();
		std::function<bool(uint64_t, uint64_t)> order = [](uint64_t a, uint64_t b) {
			return a % 8191 < b % 8191;
		};
		std::sort(numbers.begin(), numbers.end(), order);
		std::stable_sort(numbers.begin(), numbers.end());
		for (size_t i = 0; i < 500; i++)
			counts[std::to_string(numbers[i] % 977)]++;
	}
}

int main()
{
	Channel<std::vector<uint64_t>> channel;
	Channel<int> never;
	std::vector<std::thread> threads;

	for (int i = 0; i < 2; i++)
		threads.emplace_back(consume, std::ref(channel));
	threads.emplace_back(produce, std::ref(channel));
	threads.emplace_back(throw_and_catch);
	threads.emplace_back([&] { never.take(); });
	std::puts("ready");
	std::fflush(stdout);
	for (;;) {
		auto later = std::async(std::launch::async, [] {
			std::vector<std::string> words;
			for (int i = 0; i < 2000; i++)
				words.push_back(std::to_string(i * 7919 % 10007));
			std::sort(words.begin(), words.end());
			return words.front().size();
		});
		later.get();
		std::this_thread::sleep_for(1ms);
	}
}
