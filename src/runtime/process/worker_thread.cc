#include "runtime/process/worker_thread.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace agentainer::runtime {

WorkerThread::WorkerThread(const char* name) {
  // Signals of the process are the event loop's: a thread takes over the mask of the one that makes it.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, name] { run(name); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

WorkerThread::~WorkerThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void WorkerThread::post(std::function<void()> job) {
  bool was_idle = false;
  {
    const std::lock_guard lock(mutex_);
    was_idle = jobs_.empty();
    jobs_.push_back(std::move(job));
  }
  if (was_idle) changed_.notify_one();
}

void WorkerThread::run(const char* name) {
  ::pthread_setname_np(::pthread_self(), name);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    {
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }  // what the job captured is released without the lock
    lock.lock();
  }
}

}  // namespace agentainer::runtime
