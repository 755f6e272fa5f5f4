#pragma once
// Times. Inside the program, durations and time points are chrono types, never bare integers.

#include <chrono>

namespace agentainer {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// Unix time in milliseconds. It comes from `Executor::now()`, which starts at the wall clock and
/// then follows the monotonic one, so a wall clock that is set while the program runs moves no
/// deadline.
using TimePoint = std::chrono::sys_time<milliseconds>;

}  // namespace agentainer
