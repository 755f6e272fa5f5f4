#include "runtime/process/worker_pool.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace agentainer::runtime {

WorkerPool::WorkerPool(const char* name, unsigned threads) {
  // Signals of the process are the event loop's: a thread takes over the mask of the one that makes
  // it.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this, name] { run(name); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::post(std::function<void()> job) {
  bool must_wake = false;
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    must_wake = sleeping_ > 0;
  }
  if (must_wake) changed_.notify_one();
}

void WorkerPool::run(const char* name) {
  ::pthread_setname_np(::pthread_self(), name);
  std::unique_lock lock(mutex_);
  for (;;) {
    while (jobs_.empty()) {
      if (stopping_) return;
      ++sleeping_;
      changed_.wait(lock);
      --sleeping_;
    }
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
