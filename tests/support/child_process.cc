#include "support/child_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace rewardpool::tests {

bool StopBeingRoot() {
  constexpr uid_t kNobody = 65534;
  return ::geteuid() != 0 || ::setuid(kNobody) == 0;
}

ChildProcess::ChildProcess(const std::function<int(const std::function<void()>& ready)>& body) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    std::perror("pipe");
    std::abort();
  }
  pid_ = ::fork();
  if (pid_ < 0) {
    std::perror("fork");
    std::abort();
  }
  if (pid_ == 0) {
    ::close(ends[0]);
    const int code = body([&] {
      const char byte = '!';
      if (::write(ends[1], &byte, 1) != 1) ::_exit(125);
    });
    ::_exit(code);
  }
  ::close(ends[1]);
  ready_descriptor_ = ends[0];
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) Kill();
  ::close(ready_descriptor_);
}

bool ChildProcess::WaitUntilReady() {
  char byte = 0;
  ssize_t count = -1;
  do {
    count = ::read(ready_descriptor_, &byte, 1);
  } while (count < 0 && errno == EINTR);
  return count == 1;
}

int ChildProcess::Wait() {
  int state = 0;
  while (::waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

void ChildProcess::Kill() {
  ::kill(pid_, SIGKILL);
  Wait();
}

}  // namespace rewardpool::tests
