#pragma once
// The event loop of one command, and the signals that reach it meanwhile.

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "net/event_loop.h"

namespace agentainer::cli {

class CommandLoop {
 public:
  /// From here on SIGINT, SIGTERM and SIGHUP come to this loop, but for those that whoever started
  /// us has ignored (nohup(1); shells, for what runs in the background). SIGPIPE is ignored.
  CommandLoop();
  ~CommandLoop();
  CommandLoop(const CommandLoop&) = delete;
  CommandLoop& operator=(const CommandLoop&) = delete;

  net::EventLoop& events() { return events_; }

  /// Takes the signals from now on, SIGWINCH and SIGCONT too. Without a handler, they end what is
  /// awaited.
  void set_signal_handler(std::function<void(int signal)> handler);

  /// Ends what is awaited now or later, as a signal without a handler does.
  void interrupt(int signal);
  /// The signal that interrupted what was awaited; 0: none did.
  int interruption() const { return interruption_; }

  /// Runs until `finished` holds, looking after every call of wake(). False: interrupted first.
  bool run_until(const std::function<bool()>& finished);
  void wake() { events_.stop(); }
  /// False: interrupted before the time was over.
  bool sleep(milliseconds duration);

  /// Starts an asynchronous operation, `start(done)`, and runs until it has answered. An
  /// interruption is kUnavailable.
  template <typename T, typename Start>
  Result<T> await(Start&& start) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    start([this, answer](Result<T> result) {
      *answer = std::move(result);
      wake();
    });
    if (!run_until([&] { return answer->has_value(); }))
      return fail(ErrorCode::kUnavailable, "interrupted");
    return std::move(**answer);
  }

  /// For endings: lets what was interrupted before be no reason to stop waiting.
  void forget_interruption() { interruption_ = 0; }

 private:
  struct Signals;
  void on_signal(int signal);

  net::EventLoop events_;
  std::function<void(int)> handler_;
  int interruption_ = 0;
  std::unique_ptr<Signals> signals_;
};

}  // namespace agentainer::cli
