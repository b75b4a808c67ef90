// The threads that pools run on, their alarms, and the strands on them.
#include "threads/task_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "threads/strand.h"

namespace rewardpool::tests {
namespace {

using native::internal::Alarm;
using native::internal::Strand;
using native::internal::Task;
using native::internal::TaskThreads;
using std::chrono::hours;
using std::chrono::nanoseconds;
using ::testing::ElementsAre;

using Clock = TaskThreads::Clock;

class FunctionTask final : public Task {
 public:
  explicit FunctionTask(std::function<void()> run) : run_(std::move(run)) {}
  void Run() noexcept override { run_(); }

 private:
  const std::function<void()> run_;
};

class FunctionAlarm final : public Alarm {
 public:
  explicit FunctionAlarm(std::function<void()> go_off) : go_off_(std::move(go_off)) {}
  void GoOff() noexcept override { go_off_(); }

 private:
  const std::function<void()> go_off_;
};

// Keeps one thread busy until what Occupy() returned dies. Like everything that
// tasks touch it is declared before the threads, and so outlives them.
class BusyTask {
 public:
  class Releaser {
   public:
    explicit Releaser(std::latch& release) : release_(release) {}
    ~Releaser() { release_.count_down(); }
    Releaser(const Releaser&) = delete;
    Releaser& operator=(const Releaser&) = delete;

   private:
    std::latch& release_;
  };

  [[nodiscard]] Releaser Occupy(TaskThreads& threads) {
    threads.Schedule(task_);
    begun_.wait();
    return Releaser(release_);
  }
  FunctionTask& task() { return task_; }

 private:
  std::latch begun_{1};
  std::latch release_{1};
  FunctionTask task_{[this] {
    begun_.count_down();
    release_.wait();
  }};
};

TEST(TaskThreadsTest, OneThreadRunsTasksInTheOrderOfScheduling) {
  std::vector<int> ran;
  std::vector<std::unique_ptr<FunctionTask>> tasks;
  BusyTask busy;
  {
    TaskThreads threads(1, nanoseconds(0));
    const auto releaser = busy.Occupy(threads);
    for (int i = 0; i < 100; ++i) {
      tasks.push_back(std::make_unique<FunctionTask>([&ran, i] { ran.push_back(i); }));
      threads.Schedule(*tasks.back());
    }
    EXPECT_TRUE(threads.has_waiting());
    EXPECT_TRUE(ran.empty());
  }
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) expected.push_back(i);
  EXPECT_EQ(ran, expected) << "what is scheduled runs before the threads end";
}

TEST(TaskThreadsTest, TwoThreadsRunTwoTasksAtOnce) {
  std::latch both(2);
  FunctionTask first([&both] { both.arrive_and_wait(); });
  FunctionTask second([&both] { both.arrive_and_wait(); });
  TaskThreads threads(2, nanoseconds(0));
  threads.Schedule(first);
  threads.Schedule(second);
  both.wait();
}

TEST(TaskThreadsTest, ATaskMayScheduleItselfAgainWhileItRuns) {
  constexpr int kRuns = 10'000;
  std::latch runs(kRuns);
  std::atomic<int> count = 0;
  std::optional<FunctionTask> task;
  TaskThreads threads(2, std::chrono::microseconds(1));
  task.emplace([&] {
    if (count.fetch_add(1) + 1 < kRuns) threads.Schedule(*task);
    runs.count_down();
  });
  threads.Schedule(*task);
  runs.wait();
  EXPECT_EQ(count, kRuns);
}

TEST(TaskThreadsTest, ATaskThatWasTakenBackDoesNotRunAndTheOthersDo) {
  std::vector<char> ran;
  FunctionTask first([&ran] { ran.push_back('1'); });
  FunctionTask second([&ran] { ran.push_back('2'); });
  FunctionTask third([&ran] { ran.push_back('3'); });
  FunctionTask fourth([&ran] { ran.push_back('4'); });
  BusyTask busy;
  {
    TaskThreads threads(1, nanoseconds(0));
    const auto releaser = busy.Occupy(threads);
    threads.Schedule(first);
    threads.Schedule(second);
    threads.Schedule(third);
    EXPECT_TRUE(threads.Unschedule(second));
    EXPECT_FALSE(threads.Unschedule(second));
    EXPECT_TRUE(threads.Unschedule(third)) << "the last one";
    EXPECT_FALSE(threads.Unschedule(busy.task())) << "it has begun";
    threads.Schedule(fourth);
  }
  EXPECT_THAT(ran, ElementsAre('1', '4'));
}

TEST(TaskThreadsTest, AThreadKnowsWhoseItIs) {
  std::latch done(1);
  bool in_own = false;
  bool in_other = true;
  std::optional<FunctionTask> task;
  TaskThreads threads(1, nanoseconds(0));
  TaskThreads others(1, nanoseconds(0));
  task.emplace([&] {
    in_own = threads.InThread();
    in_other = others.InThread();
    done.count_down();
  });
  threads.Schedule(*task);
  done.wait();
  EXPECT_TRUE(in_own);
  EXPECT_FALSE(in_other);
  EXPECT_FALSE(threads.InThread());
}

TEST(TaskThreadsTest, AlarmsGoOffByTheirTimesAndNotByTheOrderOfSetting) {
  BusyTask busy;
  std::vector<int> gone_off;
  std::latch all(3);
  const auto note = [&](int name) {
    return [&gone_off, &all, name] {
      gone_off.push_back(name);
      all.count_down();
    };
  };
  FunctionAlarm first(note(1));
  FunctionAlarm second(note(2));
  FunctionAlarm third(note(3));
  TaskThreads threads(1, nanoseconds(0));
  {
    const auto releaser = busy.Occupy(threads);
    const Clock::time_point now = Clock::now();
    threads.SetAlarm(third, now + nanoseconds(3));
    threads.SetAlarm(first, now + nanoseconds(1));
    threads.SetAlarm(second, now + nanoseconds(2));
  }
  all.wait();
  EXPECT_THAT(gone_off, ElementsAre(1, 2, 3));
}

TEST(TaskThreadsTest, AnAlarmGoesOffThoughTheThreadsThatWereStartedAreBusy) {
  for (const bool is_set_before : {false, true}) {
    BusyTask busy;
    std::latch gone_off(1);
    FunctionAlarm alarm([&] { gone_off.count_down(); });
    TaskThreads threads(2, nanoseconds(0));
    ASSERT_TRUE(threads.StartOne().ok());
    if (is_set_before) threads.SetAlarm(alarm, Clock::now() + std::chrono::milliseconds(50));
    const auto occupied = busy.Occupy(threads);
    if (!is_set_before) threads.SetAlarm(alarm, Clock::now());
    gone_off.wait();
    threads.CancelAlarm(alarm);
  }
}

TEST(TaskThreadsTest, AnAlarmThatIsSetAgainGoesOffAtTheNewTimeOnly) {
  std::atomic<int> count = 0;
  std::latch gone_off(1);
  FunctionAlarm alarm([&] {
    if (count.fetch_add(1) == 0) gone_off.count_down();
  });
  TaskThreads threads(2, nanoseconds(0));
  ASSERT_TRUE(threads.StartOne().ok());
  threads.SetAlarm(alarm, Clock::now() + hours(1));
  threads.SetAlarm(alarm, Clock::now());
  gone_off.wait();
  threads.SetAlarm(alarm, Clock::now() + hours(1));
  threads.CancelAlarm(alarm);
  threads.CancelAlarm(alarm);
  EXPECT_EQ(count, 1);
}

TEST(TaskThreadsTest, CancellingWaitsForAnAlarmThatIsGoingOff) {
  std::latch going_off(1);
  std::latch go_on(1);
  bool has_gone_off = false;
  FunctionAlarm alarm([&] {
    going_off.count_down();
    go_on.wait();
    has_gone_off = true;
  });
  TaskThreads threads(1, nanoseconds(0));
  ASSERT_TRUE(threads.StartOne().ok());
  threads.SetAlarm(alarm, Clock::now());
  going_off.wait();
  std::thread releaser([&go_on] { go_on.count_down(); });
  threads.CancelAlarm(alarm);
  EXPECT_TRUE(has_gone_off);
  releaser.join();
}

TEST(TaskThreadsTest, CancellingWaitsForAnAlarmThatIsGoingOffInTwoThreads) {
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  std::latch first_may_end(1);
  std::latch second_may_end(1);
  FunctionAlarm alarm([&] {
    std::latch& may_end = begun.fetch_add(1) == 0 ? first_may_end : second_may_end;
    may_end.wait();
    ++ended;
  });
  FunctionTask idle([] {});
  TaskThreads threads(2, nanoseconds(0));
  ASSERT_TRUE(threads.StartOne().ok());
  threads.SetAlarm(alarm, Clock::now());
  while (begun != 1) std::this_thread::yield();
  threads.Schedule(idle);  // starts the other thread
  threads.SetAlarm(alarm, Clock::now());
  while (begun != 2) std::this_thread::yield();
  first_may_end.count_down();
  while (ended != 1) std::this_thread::yield();
  // The first thread has come back when it runs a task.
  std::latch ran(1);
  FunctionTask task([&ran] { ran.count_down(); });
  threads.Schedule(task);
  ran.wait();
  std::thread releaser([&second_may_end] { second_may_end.count_down(); });
  threads.CancelAlarm(alarm);
  EXPECT_EQ(ended, 2);
  releaser.join();
}

TEST(TaskThreadsTest, AnAlarmIsDueFromItsTimeOnUntilItGoesOff) {
  BusyTask busy;
  std::latch gone_off(1);
  FunctionAlarm alarm([&] { gone_off.count_down(); });
  TaskThreads threads(1, nanoseconds(0));
  EXPECT_FALSE(threads.has_due_alarm());
  {
    const auto releaser = busy.Occupy(threads);
    threads.SetAlarm(alarm, Clock::now() + hours(1));
    EXPECT_FALSE(threads.has_due_alarm());
    threads.SetAlarm(alarm, Clock::now());
    EXPECT_TRUE(threads.has_due_alarm());
    threads.CancelAlarm(alarm);
    EXPECT_FALSE(threads.has_due_alarm());
    threads.SetAlarm(alarm, Clock::now());
  }
  gone_off.wait();
  EXPECT_FALSE(threads.has_due_alarm());
}

TEST(StrandTest, TasksRunInOrderAndOneAtATimeWhileSomebodyDrains) {
  constexpr int kTasks = 10'000;
  std::atomic<int> running = 0;
  std::atomic<int> overlaps = 0;
  std::atomic<int> ran = 0;
  std::atomic<int> out_of_order = 0;
  TaskThreads threads(3, nanoseconds(0));
  Strand strand(threads);
  std::thread poster([&] {
    for (int i = 0; i < kTasks; ++i) {
      strand.Post([&, i] {
        overlaps += running.fetch_add(1);
        std::this_thread::yield();
        out_of_order += ran.fetch_add(1) != i;
        running.fetch_sub(1);
      });
    }
  });
  while (ran < kTasks) strand.Drain();
  poster.join();
  EXPECT_EQ(out_of_order, 0);
  EXPECT_EQ(overlaps, 0);
}

TEST(StrandTest, DrainRunsWhatNoThreadHasBegun) {
  BusyTask busy;
  bool ran = false;
  TaskThreads threads(1, nanoseconds(0));
  const auto releaser = busy.Occupy(threads);
  {
    Strand strand(threads);
    strand.Post([&ran] { ran = true; });
    strand.Drain();
    EXPECT_TRUE(ran);
  }  // its turn is taken back
  EXPECT_FALSE(threads.has_waiting());
}

TEST(StrandTest, AStrandMayBeDrainedInAThreadThatItRunsOn) {
  TaskThreads threads(1, nanoseconds(0));
  Strand outer(threads);
  Strand inner(threads);
  bool ran = false;
  outer.Post([&] {
    inner.Post([&ran] { ran = true; });
    inner.Drain();
  });
  outer.Drain();
  EXPECT_TRUE(ran);
}

TEST(StrandTest, WhatATaskHoldsIsLetGoBeforeDrainReturns) {
  TaskThreads threads(1, nanoseconds(0));
  Strand strand(threads);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  strand.Post([held = std::move(held)] {});
  strand.Drain();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace rewardpool::tests
