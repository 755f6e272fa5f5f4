#include "cli/command_loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

namespace agentainer::cli {

struct CommandLoop::Signals {
  boost::asio::signal_set set;

  explicit Signals(boost::asio::io_context& context) : set(context) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      struct sigaction action {};
      if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) set.add(signal);
    }
  }

  void wait(CommandLoop& loop) {
    set.async_wait([this, &loop](const boost::system::error_code& error, int signal) {
      if (error) return;
      wait(loop);
      loop.on_signal(signal);
    });
  }
};

CommandLoop::CommandLoop() : signals_(std::make_unique<Signals>(events_.context())) {
  std::signal(SIGPIPE, SIG_IGN);
  signals_->wait(*this);
}

CommandLoop::~CommandLoop() = default;

void CommandLoop::set_signal_handler(std::function<void(int)> handler) {
  handler_ = std::move(handler);
  if (handler_) {
    signals_->set.add(SIGWINCH);
    signals_->set.add(SIGCONT);
  }
}

bool CommandLoop::run_until(const std::function<bool()>& finished) {
  while (!finished()) {
    if (interruption_ != 0) return false;
    events_.run();
  }
  return true;
}

bool CommandLoop::sleep(milliseconds duration) {
  bool over = false;
  const auto timer = events_.schedule(events_.now() + duration, [&] {
    over = true;
    wake();
  });
  const bool slept = run_until([&] { return over; });
  if (!slept) events_.cancel(timer);
  return slept;
}

void CommandLoop::interrupt(int signal) {
  interruption_ = signal;
  wake();
}

void CommandLoop::on_signal(int signal) {
  if (handler_) {
    handler_(signal);
  } else if (signal != SIGWINCH && signal != SIGCONT) {
    interruption_ = signal;
  }
  wake();
}

}  // namespace agentainer::cli
