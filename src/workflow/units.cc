#include "workflow/units.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "workflow/parse.h"
#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<Unit, 6> kDurationUnits{{{"ms", 1},
                                              {"s", 1000},
                                              {"m", 60 * 1000},
                                              {"h", 3600 * 1000},
                                              {"d", 24 * 3600 * 1000},
                                              {"w", 7 * 24 * 3600 * 1000}}};

constexpr std::int64_t kKibi = 1024;
constexpr std::array<Unit, 13> kByteUnits{{{"b", 1},
                                           {"kb", 1000},
                                           {"mb", 1'000'000},
                                           {"gb", 1'000'000'000},
                                           {"tb", 1'000'000'000'000},
                                           {"kib", kKibi},
                                           {"mib", kKibi* kKibi},
                                           {"gib", kKibi* kKibi* kKibi},
                                           {"tib", kKibi* kKibi* kKibi* kKibi},
                                           {"ki", kKibi},
                                           {"mi", kKibi* kKibi},
                                           {"gi", kKibi* kKibi* kKibi},
                                           {"ti", kKibi* kKibi* kKibi* kKibi}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

std::string_view take_while(std::string_view& text, bool (*belongs)(char)) {
  const auto end = std::find_if_not(text.begin(), text.end(), belongs);
  const std::string_view taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

/// A decimal number without sign and exponent, exactly.
struct Decimal {
  std::string_view whole;
  std::string_view fraction;

  /// This times `factor`, rounded up; absent where it is above 2^62.
  std::optional<std::int64_t> times(std::int64_t factor) const {
    constexpr auto kMost = static_cast<unsigned __int128>(1) << 62;
    unsigned __int128 value = 0;
    for (const char c : whole) {
      value = value * 10 + static_cast<unsigned>(c - '0');
      if (value > kMost) return std::nullopt;
    }
    value *= static_cast<unsigned __int128>(factor);
    // Past 18 digits a fraction of any unit here is below one part, so only "not zero" counts.
    unsigned __int128 part = 0;
    unsigned __int128 scale = 1;
    bool rest = false;
    for (std::size_t i = 0; i < fraction.size(); ++i) {
      if (i >= 18) {
        rest = rest || fraction[i] != '0';
        continue;
      }
      part = part * 10 + static_cast<unsigned>(fraction[i] - '0');
      scale *= 10;
    }
    part *= static_cast<unsigned __int128>(factor);
    value += part / scale + (part % scale != 0 || rest ? 1 : 0);
    if (value > kMost) return std::nullopt;
    return static_cast<std::int64_t>(value);
  }
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number;
  number.whole = take_while(text, is_digit);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    number.fraction = take_while(text, is_digit);
  }
  if (number.whole.empty() && number.fraction.empty()) return std::nullopt;
  return number;
}

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

template <std::size_t size>
const Unit* find_unit(const std::array<Unit, size>& units, std::string_view name) {
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.name == name; });
  return found == units.end() ? nullptr : &*found;
}

tl::unexpected<Error> not_a_duration(std::string_view text) {
  return fail(
      ErrorCode::kInvalid,
      "{} is not a duration; write it like 90s, 10m, 1h30m or 250ms (a plain number is seconds)",
      quote(text));
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  milliseconds total{0};
  bool any = false;
  for (skip_spaces(rest); !rest.empty(); skip_spaces(rest)) {
    const auto number = take_decimal(rest);
    if (!number) return not_a_duration(text);
    skip_spaces(rest);
    const std::string_view name = take_while(rest, is_letter);
    // Seconds are understood only where nothing else is said.
    if (name.empty() && (any || !rest.empty())) return not_a_duration(text);
    const Unit* unit = find_unit(kDurationUnits, name.empty() ? "s" : name);
    if (unit == nullptr)
      return fail(ErrorCode::kInvalid, "{} is not a unit of time; there are ms, s, m, h, d and w",
                  quote(name));
    const auto part = number->times(unit->factor);
    if (!part || milliseconds(*part) > kMaxDuration - total)
      return fail(ErrorCode::kInvalid, "{} is longer than 100 years", quote(text));
    total += milliseconds(*part);
    any = true;
  }
  if (!any) return not_a_duration(text);
  return total;
}

Result<std::int64_t> parse_bytes(std::string_view text) {
  std::string_view rest = text;
  skip_spaces(rest);
  const auto number = take_decimal(rest);
  skip_spaces(rest);
  std::string unit_name(rest);
  for (char& c : unit_name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  const Unit* unit = find_unit(kByteUnits, unit_name.empty() ? "b" : unit_name);
  if (!number || (unit == nullptr && unit_name.size() != 1))
    return fail(ErrorCode::kInvalid,
                "{} is not a size; write it like 256MiB, 1GB or a plain number of bytes",
                quote(text));
  if (unit == nullptr)
    return fail(ErrorCode::kInvalid,
                "{} leaves open which unit is meant; write {}iB (powers of 1024) or {}B (of 1000)",
                quote(text), rest, rest);
  const auto bytes = number->times(unit->factor);
  if (!bytes) return fail(ErrorCode::kInvalid, "{} is too large", quote(text));
  return *bytes;
}

Result<std::int64_t> parse_cores(std::string_view text) {
  constexpr std::int64_t kNanoCores = 1'000'000'000;
  constexpr std::int64_t kMostNanoCores = 1'000'000 * kNanoCores;
  std::string_view rest = text;
  skip_spaces(rest);
  const auto number = take_decimal(rest);
  if (!number || (!rest.empty() && rest != "m"))
    return fail(ErrorCode::kInvalid,
                "{} is not a number of cores; write it like 0.5 or 2, or 500m for thousandths",
                quote(text));
  const auto nano = number->times(rest == "m" ? kNanoCores / 1000 : kNanoCores);
  if (!nano || *nano > kMostNanoCores)
    return fail(ErrorCode::kInvalid, "{} is more than a million cores", quote(text));
  return *nano;
}

namespace {

/// Takes the digits of a time one field after another.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : text_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= text_.size() || !is_digit(text_[i])) return good_ = false, 0;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  /// One of these characters, in either case.
  char one_of(std::string_view choices) {
    const char c = text_.empty() ? '\0' : text_[0];
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (c == '\0' || choices.find(upper) == std::string_view::npos) return good_ = false, '\0';
    text_.remove_prefix(1);
    return upper;
  }
  milliseconds fraction() {
    if (!text_.starts_with('.')) return milliseconds(0);
    text_.remove_prefix(1);
    const std::string_view digits = take_while(text_, is_digit);
    if (digits.empty()) good_ = false;
    int value = 0;
    for (std::size_t i = 0; i < 3; ++i)
      value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
    return milliseconds(value);
  }
  std::chrono::minutes offset() {
    const char sign = one_of("Z+-");
    if (sign == 'Z' || sign == '\0') return std::chrono::minutes(0);
    const int hours = number(2);
    one_of(":");
    const int minutes = number(2);
    require(hours < 24 && minutes < 60);
    return std::chrono::minutes((hours * 60 + minutes) * (sign == '-' ? -1 : 1));
  }
  void require(bool holds) { good_ = good_ && holds; }
  bool is_good() const { return good_ && text_.empty(); }

 private:
  std::string_view text_;
  bool good_ = true;
};

}  // namespace

Result<TimePoint> parse_time(std::string_view text) {
  TimeReader in(text);
  const int year = in.number(4);
  in.one_of("-");
  const int month = in.number(2);
  in.one_of("-");
  const int day = in.number(2);
  in.one_of("T ");
  const int hours = in.number(2);
  in.one_of(":");
  const int minutes = in.number(2);
  in.one_of(":");
  const int seconds = in.number(2);
  const milliseconds fraction = in.fraction();
  const std::chrono::minutes offset = in.offset();
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  in.require(date.ok() && hours < 24 && minutes < 60 && seconds < 60);
  if (!in.is_good())
    return fail(ErrorCode::kInvalid, "{} is not a time like 2030-01-01T00:00:00Z", quote(text));
  const TimePoint time = std::chrono::sys_days(date) + std::chrono::hours(hours) +
                         std::chrono::minutes(minutes) + std::chrono::seconds(seconds) + fraction -
                         offset;
  if (year < 1970 || year > 2199 || time.time_since_epoch().count() < 0)
    return fail(ErrorCode::kInvalid, "{} is not between 1970 and 2199", quote(text));
  return time;
}

}  // namespace agentainer::workflow
