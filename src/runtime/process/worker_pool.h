#pragma once
// Threads for what would hold up the event loop: starting programs (the thread sleeps until exec),
// removing big directories, reading big results.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace agentainer::runtime {

class WorkerPool {
 public:
  /// `name` is what ps and debuggers show, at most 15 characters. With one thread, jobs run in the
  /// order posted.
  explicit WorkerPool(const char* name, unsigned threads = 1);
  /// Runs what was posted, then ends.
  ~WorkerPool();

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Any thread. Jobs do not throw.
  void post(std::function<void()> job);

 private:
  void run(const char* name);

  std::mutex mutex_;  ///< Guards jobs_, sleeping_ and stopping_.
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  unsigned sleeping_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace agentainer::runtime
