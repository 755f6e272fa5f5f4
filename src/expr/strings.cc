#include "expr/strings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "expr/utf8.h"

namespace agentainer::expr {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

/// As std::string_view::find, but linear in the worst case too (glibc's memmem).
std::size_t find_text(std::string_view in, std::string_view what, std::size_t from) {
  if (what.empty()) return from;
  if (what.size() > in.size() - from) return kNowhere;
  const void* found = ::memmem(in.data() + from, in.size() - from, what.data(), what.size());
  return found == nullptr ? kNowhere
                          : static_cast<std::size_t>(static_cast<const char*>(found) - in.data());
}

/// As std::string_view::rfind, but linear in the worst case too.
std::size_t find_last_text(std::string_view in, std::string_view what) {
  const std::string reversed_in(in.rbegin(), in.rend());
  const std::string reversed_what(what.rbegin(), what.rend());
  const std::size_t found = find_text(reversed_in, reversed_what, 0);
  return found == kNowhere ? kNowhere : in.size() - found - what.size();
}

Value position(std::string_view text, std::size_t offset) {
  if (offset == kNowhere) return Value::integer(-1);
  return Value::integer(static_cast<std::int64_t>(utf8::count(text.substr(0, offset))));
}

/// The byte offset of code point `index`, which may be one past the last; kNowhere with a fault
/// otherwise.
std::size_t offset_of(Context& context, NodeId node, std::string_view text, const Value& index) {
  const std::int64_t at = index.as_int();
  const std::size_t offset =
      at < 0 ? kNowhere : utf8::byte_offset(text, static_cast<std::uint64_t>(at));
  if (offset == kNowhere)
    context.fail_argument(node,
                          fmt::format("index {} is out of range: the string has {} characters", at,
                                      utf8::count(text)));
  return offset;
}

Value char_at(Context& context, NodeId node, std::string_view text, const Value& index) {
  const std::size_t offset = offset_of(context, node, text, index);
  if (offset == kNowhere) return Value::fault();
  if (offset == text.size()) return Value::string({});
  return Value::string(text.substr(offset, utf8::decode(text, offset).bytes));
}

Value index_of(Context& context, NodeId node, std::span<const Value> given) {
  const std::string_view text = given[0].text();
  std::size_t from = 0;
  if (given.size() == 3) from = offset_of(context, node, text, given[2]);
  if (from == kNowhere) return Value::fault();
  return position(text, find_text(text, given[1].text(), from));
}

Value last_index_of(Context& context, NodeId node, std::span<const Value> given) {
  const std::string_view text = given[0].text();
  const std::string_view what = given[1].text();
  std::size_t last = text.size();
  if (given.size() == 3) last = offset_of(context, node, text, given[2]);
  if (last == kNowhere) return Value::fault();
  // A match may begin at `last`, so it may reach beyond it.
  return position(
      text, find_last_text(text.substr(0, last + std::min(what.size(), text.size() - last)), what));
}

Value join(Context& context, NodeId node, const Value& list, std::string_view separator) {
  TextBuilder text(context);
  for (std::size_t i = 0; i < list.list_size(); ++i) {
    const Value item = list.item(i);
    if (!item.is(Kind::kString))
      return context.fail_argument(
          node, fmt::format("item {} is of type {}; expected strings", i, to_string(item.kind())));
    if (!context.charge(1) || (i > 0 && !text.append(separator)) || !text.append(item.text()))
      return Value::fault();
  }
  return text.finish();
}

Value map_ascii(Context& context, std::string_view text, char from, char to, char shift) {
  char* out = context.text_space(text.size());
  if (out == nullptr) return Value::fault();
  std::transform(text.begin(), text.end(), out,
                 [&](char c) { return c >= from && c <= to ? static_cast<char>(c + shift) : c; });
  return Value::string({out, text.size()});
}

Value replace(Context& context, std::string_view text, std::string_view what, std::string_view with,
              std::int64_t limit) {
  TextBuilder out(context);
  std::size_t at = 0;
  for (std::int64_t done = 0; limit < 0 || done < limit; ++done) {
    std::size_t found = find_text(text, what, at);
    // Nothing is found between all characters, and at both ends.
    if (what.empty() && done > 0)
      found = at < text.size() ? at + utf8::decode(text, at).bytes : kNowhere;
    if (found == kNowhere) break;
    if (!context.charge(1) || !out.append(text.substr(at, found - at)) || !out.append(with))
      return Value::fault();
    at = found + what.size();
  }
  return out.append(text.substr(at)) ? out.finish() : Value::fault();
}

Value reverse(Context& context, std::string_view text) {
  char* out = context.text_space(text.size());
  if (out == nullptr) return Value::fault();
  std::size_t left = text.size();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = utf8::decode(text, i).bytes;
    left -= bytes;
    std::memcpy(out + left, text.data() + i, bytes);
    i += bytes;
  }
  return Value::string({out, text.size()});
}

Value split(Context& context, std::string_view text, std::string_view separator,
            std::int64_t limit) {
  ListBuilder parts(context);
  if (limit == 0 || (separator.empty() && text.empty())) return parts.finish();
  std::size_t at = 0;
  for (std::int64_t count = 1; limit < 0 || count < limit; ++count) {
    std::size_t found = find_text(text, separator, at);
    if (separator.empty()) {
      found = at + utf8::decode(text, at).bytes;
      if (found == text.size()) break;
    }
    if (found == kNowhere) break;
    if (!context.charge(1) || !parts.add(Value::string(text.substr(at, found - at))))
      return Value::fault();
    at = found + separator.size();
  }
  return parts.add(Value::string(text.substr(at))) ? parts.finish() : Value::fault();
}

Value substring(Context& context, NodeId node, std::span<const Value> given) {
  const std::string_view text = given[0].text();
  const std::size_t begin = offset_of(context, node, text, given[1]);
  if (begin == kNowhere) return Value::fault();
  const std::size_t end =
      given.size() == 3 ? offset_of(context, node, text, given[2]) : text.size();
  if (end == kNowhere) return Value::fault();
  if (end < begin)
    return context.fail_argument(node, fmt::format("the end {} is before the beginning {}",
                                                   given[2].as_int(), given[1].as_int()));
  return Value::string(text.substr(begin, end - begin));
}

Value trim(std::string_view text) {
  std::size_t begin = text.size();
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size();) {
    const utf8::CodePoint point = utf8::decode(text, i);
    if (!utf8::is_space(point.value)) {
      begin = std::min(begin, i);
      end = i + point.bytes;
    }
    i += point.bytes;
  }
  return Value::string(end == 0 ? std::string_view() : text.substr(begin, end - begin));
}

Value quote(Context& context, std::string_view text) {
  static constexpr std::string_view kEscaped = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kLetters = "abfnrtv\\\"";
  TextBuilder out(context);
  bool good = out.append("\"");
  for (std::size_t i = 0; good && i < text.size();) {
    const utf8::CodePoint point = utf8::decode(text, i);
    const std::size_t escape = kEscaped.find(text[i]);
    if (!point.valid) {
      good = out.append("\xEF\xBF\xBD");
    } else if (escape != std::string_view::npos) {
      const char pair[] = {'\\', kLetters[escape]};
      good = out.append({pair, 2});
    } else {
      good = out.append(text.substr(i, point.bytes));
    }
    i += point.bytes;
  }
  return good && out.append("\"") ? out.finish() : Value::fault();
}

}  // namespace

bool TextBuilder::append(std::string_view text) {
  if (text_.size() + text.size() > context_.limits().max_result_bytes) {
    context_.fail_memory();
    return false;
  }
  text_.append(text);
  return true;
}

Value call_string(Context& context, NodeId node, Function function, std::span<const Value> given) {
  // All of these look at their text at least once, and only join takes a list.
  const std::string_view text = given[0].is(Kind::kString) ? given[0].text() : std::string_view();
  if (!context.charge_bytes(text.size())) return Value::fault();
  const auto argument = [&](std::size_t i) { return given[i].text(); };
  const auto limit = [&](std::size_t i) { return given.size() > i ? given[i].as_int() : -1; };
  switch (function) {
    case Function::kContains:
      return Value::boolean(find_text(text, argument(1), 0) != kNowhere);
    case Function::kStartsWith:
      return Value::boolean(text.starts_with(argument(1)));
    case Function::kEndsWith:
      return Value::boolean(text.ends_with(argument(1)));
    case Function::kCharAt:
      return char_at(context, node, text, given[1]);
    case Function::kIndexOf:
      return index_of(context, node, given);
    case Function::kLastIndexOf:
      return last_index_of(context, node, given);
    case Function::kJoin:
      return join(context, node, given[0], given.size() == 2 ? argument(1) : std::string_view());
    case Function::kLowerAscii:
      return map_ascii(context, text, 'A', 'Z', 'a' - 'A');
    case Function::kUpperAscii:
      return map_ascii(context, text, 'a', 'z', 'A' - 'a');
    case Function::kReplace:
      return replace(context, text, argument(1), argument(2), limit(3));
    case Function::kReverse:
      return reverse(context, text);
    case Function::kSplit:
      return split(context, text, argument(1), limit(2));
    case Function::kSubstring:
      return substring(context, node, given);
    case Function::kTrim:
      return trim(text);
    case Function::kQuote:
      return quote(context, text);
    case Function::kSize:
    case Function::kToInt:
    case Function::kToUint:
    case Function::kToDouble:
    case Function::kToString:
    case Function::kToBool:
    case Function::kToBytes:
    case Function::kDyn:
    case Function::kType:
    case Function::kMatches:
    case Function::kFormat:
      break;
  }
  return context.fail_argument(node, "not a function on text");
}

}  // namespace agentainer::expr
