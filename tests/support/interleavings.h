// Runs a few workers on shared memory in every order of their atomic steps.
//
// A worker is a plain function of the results of its steps, so it can be run again from its
// beginning with the results that it got: no threads, no stacks to switch. A state is the memory
// and each worker's results so far, without those that it says it has forgotten. Two orders that
// lead to one state have the same continuations: they are counted both and followed once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace halfbyte::test {

using Words = std::vector<std::uint64_t>;

// A worker's hands on the memory: step() is atomic.
class Access {
 public:
  Access(Words& words, Words& results) : words_(words), results_(results) {}

  // The next step's result, known or made now; a worker makes one new step a run.
  template <class Step>
  std::uint64_t step(const Step& one) {
    if (next_ == results_.size()) {
      if (made_one_) throw Interrupted{};
      made_one_ = true;
      results_.push_back(one(words_));
    }
    return results_[next_++];
  }

  // What the worker does from here on depends on `mark` and on later results only.
  void forget(std::uint64_t mark) {
    mark_ = mark;
    forgotten_ = next_;
  }
  // The part of the worker's past that its future depends on.
  std::string remembered() const {
    std::string text = std::to_string(mark_);
    for (std::size_t i = forgotten_; i < results_.size(); ++i) {
      text += ' ' + std::to_string(results_[i]);
    }
    return text + ';';
  }
  struct Interrupted {};

 private:
  Words& words_;
  Words& results_;
  std::size_t next_ = 0;
  std::uint64_t mark_ = 0;
  std::size_t forgotten_ = 0;
  bool made_one_ = false;
};

struct Exploration {
  std::int64_t states = 0;
  double orders = 0;        // interleavings from beginning to end
  std::size_t steps = 0;    // the most that one worker made
  std::string violation;    // of the first bad end; empty: none
  std::string order;        // the workers' steps that led there, a digit each
  std::vector<Words> left;  // distinct memories at the ends
};

struct State {
  Words words;
  std::vector<Words> results;           // of each worker
  std::vector<std::string> remembered;  // of each worker
  std::vector<std::size_t> steps;       // of each worker, the most on any order to here
  std::vector<bool> done;
  std::string order;  // one that leads here
  double orders = 1;  // how many do
};

inline std::string bytes_of(const Words& words) {
  return {reinterpret_cast<const char*>(words.data()), sizeof(words[0]) * words.size()};
}

inline std::string identity(const State& state) {
  std::string bytes = bytes_of(state.words);
  for (const std::string& remembered : state.remembered) bytes += remembered;
  return bytes;
}

// program(worker, access) is the worker, of at least one step; check(words) says what is wrong with
// an end, or "". A worker that makes more than `limit` steps is a violation: it waits for somebody.
template <class Program, class Check>
Exploration explore(const Words& memory, int workers, std::size_t limit, const Program& program,
                    const Check& check) {
  const auto count = static_cast<std::size_t>(workers);
  Exploration out;
  std::unordered_set<std::string> left;
  // All states after so many steps.
  std::unordered_map<std::string, State> now, next;
  now.emplace("", State{memory, std::vector<Words>(count), std::vector<std::string>(count),
                        std::vector<std::size_t>(count), std::vector<bool>(count), "", 1});
  for (; !now.empty(); now = std::exchange(next, {})) {
    for (const auto& entry : now) {
      const State& state = entry.second;
      ++out.states;
      bool is_end = true;
      for (std::size_t w = 0; w < count; ++w) {
        if (state.done[w]) continue;
        is_end = false;
        State after = state;
        after.order += static_cast<char>('0' + w);
        Access access(after.words, after.results[w]);
        try {
          program(static_cast<int>(w), access);
          after.done[w] = true;
          after.remembered[w] = "done;";
        } catch (const Access::Interrupted&) {
          after.remembered[w] = access.remembered();
        }
        out.steps = std::max(out.steps, ++after.steps[w]);
        if (after.steps[w] > limit) {
          out.violation = "a worker goes on and on";
          out.order = after.order;
          return out;
        }
        const auto [met, is_new] = next.try_emplace(identity(after), std::move(after));
        if (is_new) continue;
        met->second.orders += state.orders;
        for (std::size_t i = 0; i < count; ++i) {
          met->second.steps[i] = std::max(met->second.steps[i], after.steps[i]);
        }
      }
      if (!is_end) continue;
      out.orders += state.orders;
      if (left.insert(bytes_of(state.words)).second) out.left.push_back(state.words);
      out.violation = check(state.words);
      if (!out.violation.empty()) {
        out.order = state.order;
        return out;
      }
    }
  }
  return out;
}

}  // namespace halfbyte::test
