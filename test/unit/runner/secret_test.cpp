#include "runner/secret.hpp"

#include <gtest/gtest.h>

#include "temporary_folder.hpp"

namespace runner::test {
namespace {

constexpr const char *variable = "ATELIER_KEY_OF_A_TEST";

TEST(Secret, IsTheLineOfAFileOrTheVariable) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_secret_file(folder.write("key", "secret \r\n")), "secret");
  EXPECT_TRUE(Secret({}, variable).empty());
  setenv(variable, "from outside", 1);
  EXPECT_EQ(Secret({}, variable).current(), "from outside");
  EXPECT_EQ(Secret(folder / "key", variable).current(), "secret");
  unsetenv(variable);
}

TEST(Secret, WhatCannotBeOneIsRefused) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_secret_file(folder / "absent"), std::runtime_error);
  EXPECT_THROW(read_secret_file(folder.path()), std::runtime_error);
  EXPECT_THROW(read_secret_file(folder.write("key", " \n")), std::runtime_error);
  EXPECT_THROW(read_secret_file(folder.write("key", "one\r\nX-Header: two")), std::runtime_error);
}

}  // namespace
}  // namespace runner::test
