#include "runtime/trace_parent.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace agentainer::runtime {
namespace {

struct Uint128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

// Crockford's base 32, five bits a character, most significant first.
Uint128 decode_base32(std::string_view text) {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  Uint128 value;
  for (const char c : text) {
    value.high = (value.high << 5) | (value.low >> 59);
    value.low = (value.low << 5) | (kAlphabet.find(c) & 31);
  }
  return value;
}

// The finaliser of SplitMix64: neighbouring inputs get unrelated outputs.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

}  // namespace

std::string trace_parent(const AttemptId& id) {
  Uint128 trace = decode_base32(id.workflow.text());
  if (trace.high == 0 && trace.low == 0) trace.low = 1;  // all zeros is not a valid trace id
  std::uint64_t span = mix(trace.low ^ mix(trace.high));
  span = mix(span ^ mix((std::uint64_t{to_int(id.step)} << 32) | to_int(id.task)));
  span = mix(span ^ to_int(id.attempt));
  if (span == 0) span = 1;
  return fmt::format("00-{:016x}{:016x}-{:016x}-01", trace.high, trace.low, span);
}

}  // namespace agentainer::runtime
