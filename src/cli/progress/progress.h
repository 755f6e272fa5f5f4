#pragma once
// What a person sees while workflows run. All of it goes to standard error.

#include <string_view>

#include "server/server.h"

namespace agentainer::cli {

class Progress : public server::Observer {
 public:
  /// A message of the command's own, among the progress. Any thread.
  virtual void say(std::string_view text) = 0;
  /// The terminal has another size.
  virtual void on_resized() = 0;
  /// The program was stopped (Ctrl-Z) and goes on; others have written on the terminal meanwhile.
  virtual void on_continued() = 0;
  /// Nothing is shown after this.
  virtual void finish() = 0;
};

/// Says only what is out of the ordinary.
class QuietProgress : public Progress {
 public:
  void say(std::string_view text) override;
  void on_resized() override {}
  void on_continued() override {}
  void finish() override {}
  void on_committed(const engine::WorkflowState& state,
                    std::span<const engine::Record> records) override;
  void on_ended(const engine::WorkflowState&) override {}
  void on_abandoned(const engine::WorkflowState& state, const Error& error) override;
  void on_store_trouble(const Error& error) override;

 private:
  bool in_trouble_ = false;
};

}  // namespace agentainer::cli
