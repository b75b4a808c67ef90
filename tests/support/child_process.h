// child_process.h - runs a function in a process of its own (POSIX).
#ifndef REWARDPOOL_TESTS_SUPPORT_CHILD_PROCESS_H_
#define REWARDPOOL_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <functional>

namespace rewardpool::tests {

// Gives up the rights of root, who may write everywhere, for good: for a child process.
// Returns: whether this process is not root's now.
[[nodiscard]] bool StopBeingRoot();

// Forks; the child runs `body` and ends with its return value. What the child
// tells its parent it tells through the exit code, not through GoogleTest.
class ChildProcess {
 public:
  // `ready`, handed to `body`, tells the parent that it may go on.
  explicit ChildProcess(const std::function<int(const std::function<void()>& ready)>& body);
  // Kills the child if it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Waits until the child called ready(). False if it ended without.
  [[nodiscard]] bool WaitUntilReady();
  // Waits for the end. Returns: the exit code, or -1 if a signal ended it.
  int Wait();
  // SIGKILL, and waits.
  void Kill();

 private:
  pid_t pid_ = -1;
  int ready_descriptor_ = -1;
};

}  // namespace rewardpool::tests

#endif  // REWARDPOOL_TESTS_SUPPORT_CHILD_PROCESS_H_
