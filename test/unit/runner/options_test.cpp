#include "runner/options.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace runner::test {
namespace {

Options parse(const std::vector<const char *> &arguments) { return parse_options(arguments); }

TEST(Options, HaveSafeDefaults) {
  const auto options = parse({"--model", "/models/tiny-sdxl/"});
  EXPECT_EQ(options.model_id, "tiny-sdxl");
  EXPECT_TRUE(options.listen.starts_with("tcp:127.0.0.1:"));
  EXPECT_EQ(options.device.device, "auto");
  EXPECT_EQ(options.device.threads, 0);
}

TEST(Options, AreAllUnderstood) {
  const auto options =
      parse({"--model",   "m",           "--model-id",   "id",          "--variant",
             "fp16",      "--listen",    "unix:/s",      "--device",    "cuda:1",
             "--threads", "3",           "--token-file", "t",           "--max-pixels",
             "4096",      "--max-steps", "50",           "--max-queue", "7"});
  EXPECT_EQ(options.model_id, "id");
  EXPECT_EQ(options.variant, "fp16");
  EXPECT_EQ(options.listen, "unix:/s");
  EXPECT_EQ(options.device.device, "cuda:1");
  EXPECT_EQ(options.device.threads, 3);
  EXPECT_EQ(options.token_file, "t");
  EXPECT_EQ(options.max_pixels, 4096);
  EXPECT_EQ(options.max_steps, 50);
  EXPECT_EQ(options.max_queue, 7);
}

TEST(Options, ThoseOfAWorkerThatPullsAreUnderstood) {
  const auto options =
      parse({"--model", "m", "--pull", "https://host", "--name", "gpu-1", "--provider", "own",
             "--key-file", "k", "--ca-file", "c", "--max-jobs", "3", "--plain-http"});
  EXPECT_EQ(options.pull.url, "https://host");
  EXPECT_EQ(options.pull.name, "gpu-1");
  EXPECT_EQ(options.pull.provider, "own");
  EXPECT_EQ(options.pull.key_file, "k");
  EXPECT_EQ(options.pull.ca_file, "c");
  EXPECT_EQ(options.pull.max_jobs, 3);
  EXPECT_TRUE(options.pull.plain_http);
  const auto usual = parse({"--model", "m", "--pull", "https://host"}).pull;
  EXPECT_EQ(usual.provider, "atelier-runner");
  EXPECT_EQ(usual.max_jobs, 2);
  EXPECT_FALSE(usual.plain_http);
}

TEST(Options, AWorkerThatPullsDoesNotServe) {
  EXPECT_THROW(parse({"--model", "m", "--pull", "u", "--listen", "unix:/s"}),
               std::invalid_argument);
  EXPECT_THROW(parse({"--model", "m", "--pull", "u", "--token-file", "t"}), std::invalid_argument);
  EXPECT_THROW(parse({"--model", "m", "--pull", "u", "--max-queue", "3"}), std::invalid_argument);
  EXPECT_THROW(parse({"--model", "m", "--name", "gpu-1"}), std::invalid_argument);
  EXPECT_THROW(parse({"--model", "m", "--plain-http"}), std::invalid_argument);
  EXPECT_THROW(parse({"--model", "m", "--pull", "u", "--max-jobs", "0"}), std::invalid_argument);
}

TEST(Options, HelpAndVersionNeedNoModel) {
  EXPECT_TRUE(parse({"--help"}).show_help);
  EXPECT_TRUE(parse({"--version"}).show_version);
  EXPECT_NE(std::string(usage_text()).find("--max-queue"), std::string::npos);
}

TEST(Options, MistakesAreRefused) {
  EXPECT_THROW(parse({}), std::invalid_argument);
  EXPECT_THROW(parse({"--model"}), std::invalid_argument);
  EXPECT_THROW(parse({"model"}), std::invalid_argument);
  EXPECT_THROW(parse({"--model", "m", "--threads", "two"}), std::invalid_argument);
  EXPECT_THROW(parse({"--model", "m", "--threads", "-1"}), std::invalid_argument);
  EXPECT_THROW(parse({"--model", "m", "--max-queue", "0"}), std::invalid_argument);
  EXPECT_THROW(parse({"--model", "m", "--max-steps", "5x"}), std::invalid_argument);
}

TEST(Device, UnknownNamesAreRefused) {
  EXPECT_THROW(open_device({"gpu", 1}), std::invalid_argument);
  EXPECT_THROW(open_device({"cuda:", 1}), std::invalid_argument);
  EXPECT_THROW(open_device({"cuda:-1", 1}), std::invalid_argument);
  EXPECT_THROW(open_device({"cuda:4096", 1}), std::exception);
  EXPECT_EQ(open_device({"cpu", 3})->status().threads, 3);
}

TEST(Device, TheProcessorReportsItsMemory) {
  const auto status = open_device({"cpu", 0})->status();
  EXPECT_EQ(status.id, "cpu");
  EXPECT_FALSE(status.name.empty());
  EXPECT_GE(status.threads, 1);
  EXPECT_GT(status.memory_used_bytes, 1U << 20);
  EXPECT_GT(status.memory_total_bytes, status.memory_used_bytes);
  EXPECT_GT(status.memory_total_bytes, status.memory_free_bytes);
}

}  // namespace
}  // namespace runner::test
