#pragma once
// The real Executor: one Boost.Asio event loop, run by one thread.

#include <memory>

#include "base/executor.h"

namespace boost::asio {
class io_context;
}

namespace agentainer::net {

class EventLoop final : public Executor {
 public:
  EventLoop();
  ~EventLoop() override;

  TimePoint now() const override;
  void post(Task task) override;
  TimerId schedule(TimePoint due, Task task) override;
  void cancel(TimerId timer) override;

  /// Runs until stop(). One call at a time.
  void run();
  /// Makes run() return after the handler that is running. Any thread.
  void stop();

  /// For the adapters that wait on sockets, pipes, processes and signals.
  boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace agentainer::net
