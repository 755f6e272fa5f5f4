#pragma once
// Server-sent events as they arrive (HTML Living Standard, 9.2.6).

#include <functional>
#include <string>
#include <string_view>

namespace agentainer::cli {

class EventParser {
 public:
  /// `id` stays from one event to the next.
  using OnEvent =
      std::function<void(const std::string& id, const std::string& type, const std::string& data)>;
  explicit EventParser(OnEvent on_event) : on_event_(std::move(on_event)) {}

  void feed(std::string_view bytes);

 private:
  void on_line(std::string_view line);

  OnEvent on_event_;
  std::string line_;
  std::string id_;
  std::string type_;
  std::string data_;
  bool has_data_ = false;
};

}  // namespace agentainer::cli
