#pragma once
// One thread that runs jobs in order. For what would hold up the event loop: starting programs (the thread sleeps
// until exec), removing big directories, reading big results.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace agentainer::runtime {

class WorkerThread {
 public:
  /// `name` is what ps and debuggers show, at most 15 characters.
  explicit WorkerThread(const char* name);
  /// Runs what was posted, then ends.
  ~WorkerThread();

  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  /// Any thread. Jobs do not throw.
  void post(std::function<void()> job);

 private:
  void run(const char* name);

  std::mutex mutex_;  ///< Guards jobs_ and stopping_.
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace agentainer::runtime
