#include "base/ids.h"

namespace agentainer {
namespace {

constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kLength = 26;  // 26 * 5 = 130 bits; the first character carries only 3.

int digit(char c) {
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (int i = 0; i < 32; ++i)
    if (kAlphabet[i] == c) return i;
  return -1;
}

}  // namespace

WorkflowId WorkflowId::from_parts(std::uint64_t unix_ms, std::uint64_t random_high16,
                                  std::uint64_t random_low64) {
  WorkflowId id;
  id.high_ = (unix_ms << 16) | (random_high16 & 0xFFFF);
  id.low_ = random_low64;
  return id;
}

std::string WorkflowId::text() const {
  std::string out(kLength, '0');
  std::uint64_t high = high_;
  std::uint64_t low = low_;
  for (std::size_t i = kLength; i-- > 0;) {
    out[i] = kAlphabet[low & 31];
    low = (low >> 5) | (high << 59);
    high >>= 5;
  }
  return out;
}

std::optional<WorkflowId> WorkflowId::parse(std::string_view text) {
  if (text.size() != kLength) return std::nullopt;
  WorkflowId id;
  for (std::size_t i = 0; i < kLength; ++i) {
    const int value = digit(text[i]);
    if (value < 0 || (i == 0 && value > 7)) return std::nullopt;
    id.high_ = (id.high_ << 5) | (id.low_ >> 59);
    id.low_ = (id.low_ << 5) | static_cast<std::uint64_t>(value);
  }
  return id;
}

std::string task_id_text(const WorkflowId& workflow, std::string_view step_id, TaskIndex task) {
  std::string out = workflow.text();
  out += '-';
  out += step_id;
  out += '-';
  out += std::to_string(to_int(task));
  return out;
}

}  // namespace agentainer
