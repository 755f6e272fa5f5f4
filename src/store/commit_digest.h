#pragma once
// Tells whether a commit that is sent again is the one that was applied.

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "store/store.h"

namespace agentainer::store {

/// Equal for equal commits (`at` aside). Two commits are only ever compared when they have the same
/// workflow, epoch and last sequence number, so 64 bits tell them apart.
class CommitDigest {
 public:
  explicit CommitDigest(const Commit& commit) {
    add(to_int(commit.epoch));
    add(commit.sequence);
    // With its sections' lengths, so that none is taken for another.
    for (const std::size_t size : {commit.records.size(), commit.task_outputs.size(),
                                   commit.step_outputs.size(), commit.state.size()})
      add(std::uint64_t{size});
    for (const std::string& record : commit.records) add(record);
    for (const TaskOutput& output : commit.task_outputs) {
      add(output.step);
      add((std::uint64_t{to_int(output.task)} << 1) | (output.succeeded ? 1 : 0));
      add(output.text);
    }
    for (const StepOutput& output : commit.step_outputs) {
      add(output.step);
      add(output.text);
    }
    for (const StateWrite& write : commit.state) {
      add(write.key);
      add(write.text ? 1 : 0);
      add(write.text.value_or(std::string()));
    }
    add(commit.status);
    add((commit.finished ? 1 : 0) | (commit.create ? 2 : 0));
    if (commit.create) {
      add(commit.create->name);
      add(commit.create->definition);
      add(commit.create->source_directory);
      add(commit.create->request_key);
      add(commit.create->request_digest);
    }
  }

  std::uint64_t value() const { return value_; }
  /// 16 hex digits.
  std::string text() const { return fmt::format("{:016x}", value_); }

 private:
  void add(std::uint64_t word) {
    value_ = (value_ ^ word) * 0x9E3779B97F4A7C15ull;
    value_ ^= value_ >> 29;
  }
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    for (; text.size() >= 8; text.remove_prefix(8)) add(word_of(text, 8));
    if (!text.empty()) add(word_of(text, text.size()));
  }
  static std::uint64_t word_of(std::string_view text, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), size);
    return word;
  }

  std::uint64_t value_ = 0x243F6A8885A308D3ull;  // any start but 0, which hides leading zeros
};

}  // namespace agentainer::store
