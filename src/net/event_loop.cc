#include "net/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>
#include <vector>

namespace agentainer::net {

namespace asio = boost::asio;
using std::chrono::steady_clock;

// All timers share one steady_timer armed for the earliest of them: arming and cancelling a timer
// costs a map operation and, mostly, no system call.
struct EventLoop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  steady_clock::time_point steady_origin = steady_clock::now();
  TimePoint wall_origin =
      std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());

  std::map<std::pair<TimePoint, std::uint64_t>, Task> timers;
  std::map<std::uint64_t, TimePoint> due_of;
  std::uint64_t last_timer = 0;
  asio::steady_timer alarm{context};
  TimePoint alarm_due = TimePoint::max();

  steady_clock::time_point steady(TimePoint due) const {
    return steady_origin + (due - wall_origin);
  }
  TimePoint now() const {
    // Rounded down, so a timer's alarm is never early by its own clock.
    return wall_origin + std::chrono::floor<milliseconds>(steady_clock::now() - steady_origin);
  }

  void arm() {
    const TimePoint due = timers.empty() ? TimePoint::max() : timers.begin()->first.first;
    if (due >= alarm_due) return;  // an alarm that is too early only looks again
    alarm_due = due;
    alarm.expires_at(steady(due));
    alarm.async_wait([this](const boost::system::error_code& error) {
      if (error) return;  // re-armed for an earlier time, or shutting down
      alarm_due = TimePoint::max();
      run_due();
    });
  }

  void run_due() {
    const TimePoint time = now();
    std::vector<Task> due;
    while (!timers.empty() && timers.begin()->first.first <= time) {
      due_of.erase(timers.begin()->first.second);
      due.push_back(std::move(timers.begin()->second));
      timers.erase(timers.begin());
    }
    for (Task& task : due) asio::post(context, std::move(task));
    arm();
  }
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

TimePoint EventLoop::now() const { return impl_->now(); }
void EventLoop::post(Task task) { asio::post(impl_->context, std::move(task)); }

Executor::TimerId EventLoop::schedule(TimePoint due, Task task) {
  const std::uint64_t id = ++impl_->last_timer;
  impl_->timers.emplace(std::pair(due, id), std::move(task));
  impl_->due_of.emplace(id, due);
  impl_->arm();
  return TimerId{id};
}

void EventLoop::cancel(TimerId timer) {
  const auto found = impl_->due_of.find(static_cast<std::uint64_t>(timer));
  if (found == impl_->due_of.end()) return;
  impl_->timers.erase({found->second, found->first});
  impl_->due_of.erase(found);
}

void EventLoop::run() {
  impl_->context.restart();
  impl_->context.run();
}

void EventLoop::stop() { impl_->context.stop(); }
asio::io_context& EventLoop::context() { return impl_->context; }

}  // namespace agentainer::net
