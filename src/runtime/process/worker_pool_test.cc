#include "runtime/process/worker_pool.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <latch>

namespace agentainer::runtime {
namespace {

TEST(WorkerPool, RunsEverythingBeforeItEnds) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool("test", 3);
    for (int i = 0; i < 1000; ++i)
      pool.post([&] {
        if (++ran % 2 == 1) pool.post([&] { ++ran; });
      });
  }
  EXPECT_GE(ran, 1000);
}

TEST(WorkerPool, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    WorkerPool pool("test");
    for (int i = 0; i < 100; ++i) pool.post([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(WorkerPool, SeveralThreadsWorkAtOnce) {
  std::latch both(2);
  WorkerPool pool("test", 2);
  for (int i = 0; i < 2; ++i)
    pool.post([&] { both.arrive_and_wait(); });  // one alone would wait for ever
  both.wait();
}

TEST(WorkerPool, SignalsAreLeftToOthers) {
  sigset_t mask;
  {
    WorkerPool pool("test");
    pool.post([&] { ::pthread_sigmask(SIG_SETMASK, nullptr, &mask); });
  }
  EXPECT_EQ(sigismember(&mask, SIGTERM), 1);
  EXPECT_EQ(sigismember(&mask, SIGINT), 1);
}

}  // namespace
}  // namespace agentainer::runtime
