// The program itself: how it starts, what it refuses, how it ends.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixtures.hpp"
#include "http_client.hpp"
#include "temporary_folder.hpp"

namespace runner::test {
namespace {

class Process {
 public:
  Process(std::vector<std::string> arguments, const std::filesystem::path &log) {
    arguments.insert(arguments.begin(), ATELIER_RUNNER_PROGRAM);
    std::vector<char *> pointers;
    for (auto &argument : arguments)
      pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      const int file = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
      dup2(file, STDOUT_FILENO);
      dup2(file, STDERR_FILENO);
      execv(pointers[0], pointers.data());
      _exit(127);
    }
  }
  ~Process() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      wait();
    }
  }
  Process(const Process &) = delete;
  Process &operator=(const Process &) = delete;

  void signal(int number) const { kill(pid_, number); }
  // The exit status, or minus the signal.
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = 0;
};

class Program : public testing::Test {
 protected:
  std::filesystem::path socket() const { return folder_ / "runner.sock"; }
  std::filesystem::path log() const { return folder_ / "log"; }
  std::string logged() const {
    std::ifstream stream(log());
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::vector<std::string> arguments() const {
    return {"--model", model_folder, "--listen", "unix:" + socket().string(), "--threads", "1"};
  }
  int run(std::vector<std::string> with) const { return Process(std::move(with), log()).wait(); }
  bool eventually_serves() const {
    return eventually([this] { return CurlClient(socket()).get("/health").status == 200; });
  }

  TemporaryFolder folder_;
};

TEST_F(Program, ServesUntilItIsToldToStop) {
  for (const int number : {SIGTERM, SIGINT}) {
    Process process(arguments(), log());
    ASSERT_TRUE(eventually_serves()) << logged();
    process.signal(number);
    EXPECT_EQ(process.wait(), 0) << logged();
    EXPECT_FALSE(std::filesystem::exists(socket()));
  }
}

TEST_F(Program, StopsInTheMiddleOfAPicture) {
  Process process(arguments(), log());
  ASSERT_TRUE(eventually_serves()) << logged();
  const BareClient client(socket());
  const std::string body = R"({"prompt":"a","steps":150,"n":10,"size":"128x128"})";
  client.send(
      "POST /v1/images/generations HTTP/1.1\r\nContent-Type: application/json\r\n"
      "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(eventually([this] {
    return CurlClient(socket()).get("/health").json().at("queue").at("running") == 1;
  }));
  process.signal(SIGTERM);
  EXPECT_NE(client.receive_all().find("shutting_down"), std::string::npos);
  EXPECT_EQ(process.wait(), 0);
}

TEST_F(Program, ASecondOneLeavesTheFirstAlone) {
  Process first(arguments(), log());
  ASSERT_TRUE(eventually_serves()) << logged();
  EXPECT_EQ(run(arguments()), 1);
  EXPECT_NE(logged().find("somebody already listens"), std::string::npos);
  EXPECT_EQ(CurlClient(socket()).get("/health").status, 200);
}

TEST_F(Program, ReplacesTheSocketOfOneThatWasKilled) {
  {
    Process killed(arguments(), log());
    ASSERT_TRUE(eventually_serves()) << logged();
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.wait(), -SIGKILL);
  }
  ASSERT_TRUE(std::filesystem::exists(socket()));
  Process next(arguments(), log());
  EXPECT_TRUE(eventually_serves()) << logged();
}

TEST_F(Program, RefusesWhatItCannotServe) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"--model", model_folder, "--listen", "nowhere"}), 2);
  EXPECT_EQ(run({"--model", folder_.path()}), 1);
  EXPECT_NE(logged().find("model_index.json"), std::string::npos);
  EXPECT_EQ(run({"--model", model_folder, "--token-file", "/nonexistent"}), 1);
  EXPECT_EQ(run({"--model", model_folder, "--listen", "tcp:0.0.0.0:0"}), 1);
  EXPECT_NE(logged().find("--token-file"), std::string::npos);
}

TEST_F(Program, TellsItsVersionAndOptions) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_NE(logged().find(std::string("atelier-runner ") + ATELIER_VERSION), std::string::npos);
  EXPECT_NE(logged().find("--max-pixels"), std::string::npos);
}

}  // namespace
}  // namespace runner::test
