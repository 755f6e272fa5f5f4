#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "expr/containers.h"
#include "expr/numbers.h"
#include "expr/strings.h"
#include "expr/utf8.h"

namespace agentainer::expr {
namespace {

constexpr int kDefaultPrecision = 6;
constexpr int kMaxPrecision = 100;

/// One `%[.precision]letter` of a pattern.
struct Clause {
  char letter = 0;
  std::optional<int> precision;
  std::string_view text;
};

/// Writes one value in the way a clause says. Functions give false with a fault recorded.
class Formatter {
 public:
  Formatter(Context& context, NodeId node) : context_(context), node_(node), out_(context) {}

  Value run(std::string_view pattern, const Value& arguments) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < pattern.size();) {
      const std::size_t percent = std::min(pattern.find('%', i), pattern.size());
      if (!out_.append(pattern.substr(i, percent - i))) return Value::fault();
      if (percent == pattern.size()) break;
      i = percent;
      const std::optional<Clause> clause = read(pattern.substr(i));
      if (!clause) return Value::fault();
      i += clause->text.size();
      if (clause->letter == '%') {
        if (!out_.append("%")) return Value::fault();
        continue;
      }
      if (next == arguments.list_size())
        return context_.fail_argument(
            node_, fmt::format("'{}' has no argument: there are only {}", clause->text, next));
      if (!context_.charge(1) || !write(*clause, arguments.item(next++))) return Value::fault();
    }
    return out_.finish();
  }

 private:
  bool fail(std::string message) {
    context_.fail_argument(node_, std::move(message));
    return false;
  }

  /// The clause at the start of `text`, which begins with '%'.
  std::optional<Clause> read(std::string_view text) {
    Clause clause;
    std::size_t i = 1;
    if (i < text.size() && text[i] == '.') {
      int precision = 0;
      std::size_t digits = 0;
      for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9' && digits < 4; ++i, ++digits)
        precision = precision * 10 + (text[i] - '0');
      clause.precision = precision;
      if (digits == 0 || precision > kMaxPrecision) {
        fail(fmt::format("a precision is a number up to {}, as in %.2f", kMaxPrecision));
        return std::nullopt;
      }
    }
    const std::size_t bytes = i < text.size() ? utf8::decode(text, i).bytes : 0;
    clause.text = text.substr(0, i + bytes);
    clause.letter = bytes == 1 ? text[i] : '\0';
    const bool known = std::string_view("%sdfebxXo").find(clause.letter) != std::string_view::npos;
    if (!known || (clause.letter == '%' && clause.precision)) {
      fail(fmt::format("unknown clause '{}'; expected one of %s %d %f %e %b %x %X %o %%",
                       clause.text));
      return std::nullopt;
    }
    return clause;
  }

  bool write(const Clause& clause, const Value& value) {
    switch (clause.letter) {
      case 's':
        return write_any(value, 0);
      case 'd':
        return write_decimal(clause, value);
      case 'f':
      case 'e':
        return write_double(clause, value);
      default:
        return write_base(clause, value);
    }
  }

  bool mismatch(const Clause& clause, const Value& value) {
    return fail(
        fmt::format("'{}' does not take a value of type {}", clause.text, to_string(value.kind())));
  }

  bool write_any(const Value& value, std::size_t depth) {
    if (!context_.charge(1)) return false;
    if (depth > kMaxValueDepth) {
      context_.fail(FaultKind::kDepth, node_);
      return false;
    }
    switch (value.kind()) {
      case Kind::kNull:
        return out_.append("null");
      case Kind::kBool:
        return out_.append(value.is_true() ? "true" : "false");
      case Kind::kInt:
        return out_.append(fmt::format("{}", value.as_int()));
      case Kind::kUint:
        return out_.append(fmt::format("{}", value.as_uint()));
      case Kind::kDouble:
        return out_.append(format_double(value.as_double()));
      case Kind::kString:
        return context_.charge_bytes(value.text().size()) && out_.append(value.text());
      case Kind::kBytes:
        return write_bytes(value.text());
      case Kind::kList:
        return write_list(value, depth);
      case Kind::kMap:
        return write_map(value, depth);
      case Kind::kType:
        return out_.append(to_string(value.as_type()));
      case Kind::kFault:
        break;
    }
    return false;
  }

  /// Text, with U+FFFD for what is none.
  bool write_bytes(std::string_view octets) {
    return context_.charge_bytes(octets.size()) && out_.append(to_valid_utf8(octets));
  }

  bool write_list(const Value& list, std::size_t depth) {
    if (!out_.append("[")) return false;
    for (std::size_t i = 0; i < list.list_size(); ++i)
      if ((i > 0 && !out_.append(", ")) || !write_any(list.item(i), depth + 1)) return false;
    return out_.append("]");
  }

  /// Entries stand in the order of their keys' text.
  bool write_map(const Value& map, std::size_t depth) {
    const Value keys = map_keys(context_, map);
    if (keys.is_fault()) return false;
    std::vector<std::pair<std::string, Value>> entries;
    for (std::size_t i = 0; i < keys.list_size(); ++i) {
      Formatter key(context_, node_);
      const std::optional<Value> value = find(map, keys.item(i));
      if (!value || !key.write_any(keys.item(i), depth + 1)) return false;
      entries.emplace_back(key.out_.text(), *value);
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    if (!out_.append("{")) return false;
    for (std::size_t i = 0; i < entries.size(); ++i)
      if ((i > 0 && !out_.append(", ")) || !out_.append(entries[i].first) || !out_.append(": ") ||
          !write_any(entries[i].second, depth + 1))
        return false;
    return out_.append("}");
  }

  bool write_decimal(const Clause& clause, const Value& value) {
    const bool number = value.is(Kind::kInt) || value.is(Kind::kUint) || value.is(Kind::kDouble);
    return number ? write_any(value, 0) : mismatch(clause, value);
  }

  bool write_double(const Clause& clause, const Value& value) {
    double number = 0;
    if (value.is(Kind::kDouble)) {
      number = value.as_double();
    } else if (value.is(Kind::kInt)) {
      number = static_cast<double>(value.as_int());
    } else if (value.is(Kind::kUint)) {
      number = static_cast<double>(value.as_uint());
    } else {
      return mismatch(clause, value);
    }
    if (number - number != 0) return out_.append(format_double(number));  // NaN and infinities.
    const int precision = clause.precision.value_or(kDefaultPrecision);
    return out_.append(clause.letter == 'f' ? fmt::format("{:.{}f}", number, precision)
                                            : fmt::format("{:.{}e}", number, precision));
  }

  /// %b %o %x %X.
  bool write_base(const Clause& clause, const Value& value) {
    const bool hex = clause.letter == 'x' || clause.letter == 'X';
    if (hex && (value.is(Kind::kString) || value.is(Kind::kBytes)))
      return write_octets(clause, value);
    std::uint64_t number = value.as_uint();
    if (value.is(Kind::kInt)) {
      if (value.as_int() < 0 && !out_.append("-")) return false;
      // The magnitude; -2^63 has none as an int.
      if (value.as_int() < 0) number = 0 - number;
    } else if (!value.is(Kind::kUint) && !(clause.letter == 'b' && value.is(Kind::kBool))) {
      return mismatch(clause, value);
    }
    switch (clause.letter) {
      case 'b':
        return out_.append(fmt::format("{:b}", number));
      case 'o':
        return out_.append(fmt::format("{:o}", number));
      case 'x':
        return out_.append(fmt::format("{:x}", number));
      default:
        return out_.append(fmt::format("{:X}", number));
    }
  }

  bool write_octets(const Clause& clause, const Value& value) {
    if (!context_.charge_bytes(value.text().size() * 8)) return false;
    for (const char c : value.text()) {
      const auto octet = static_cast<unsigned char>(c);
      if (!out_.append(clause.letter == 'x' ? fmt::format("{:02x}", octet)
                                            : fmt::format("{:02X}", octet)))
        return false;
    }
    return true;
  }

  Context& context_;
  const NodeId node_;
  TextBuilder out_;
};

}  // namespace

Value format(Context& context, NodeId node, std::string_view pattern, const Value& arguments) {
  if (!context.charge_bytes(pattern.size())) return Value::fault();
  return Formatter(context, node).run(pattern, arguments);
}

}  // namespace agentainer::expr
