#include "runner/http/address.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "temporary_folder.hpp"

namespace runner::test {
namespace {

TEST(Address, IsParsed) {
  EXPECT_EQ(Address::parse("unix:/run/a.sock").path, "/run/a.sock");
  EXPECT_TRUE(Address::parse("unix:/run/a.sock").is_unix());
  const auto ipv4 = Address::parse("tcp:127.0.0.1:80");
  EXPECT_EQ(ipv4.host, "127.0.0.1");
  EXPECT_EQ(ipv4.port, "80");
  const auto ipv6 = Address::parse("tcp:[::1]:80");
  EXPECT_EQ(ipv6.host, "::1");
  EXPECT_EQ(ipv6.text(), "tcp:[::1]:80");
  for (const auto &bad :
       {std::string(), std::string("unix:"), std::string("tcp:80"), std::string("tcp::80"),
        std::string("tcp:host:"), std::string("/run/a"), "unix:/" + std::string(108, 'a')}) {
    EXPECT_THROW(Address::parse(bad), std::invalid_argument) << bad;
  }
}

TEST(Listener, MakesASocketFileForItsOwnerOnlyAndRemovesIt) {
  const TemporaryFolder folder;
  const auto path = folder / "a.sock";
  {
    const Listener listener(Address::parse("unix:" + path.string()), false);
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 0777, 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Listener, ReplacesAFileWhereNobodyListens) {
  const TemporaryFolder folder;
  const auto path = folder / "stale.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  {
    const wire::FileDescriptor left(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(left.get(), reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  EXPECT_NO_THROW(Listener(Address::parse("unix:" + path.string()), false));
}

TEST(Listener, LeavesAServedSocketAndOtherFilesAlone) {
  const TemporaryFolder folder;
  const auto address = Address::parse("unix:" + (folder / "a.sock").string());
  const Listener first(address, false);
  EXPECT_THROW(check_is_free(address), std::runtime_error);
  EXPECT_THROW(Listener(address, false), std::runtime_error);
  EXPECT_TRUE(std::filesystem::exists(address.path));

  const auto file = Address::parse("unix:" + folder.write("precious", "data").string());
  EXPECT_THROW(Listener(file, false), std::runtime_error);
  EXPECT_EQ(std::filesystem::file_size(file.path), 4U);
}

TEST(Listener, DoesNotRemoveTheFileOfItsSuccessor) {
  const TemporaryFolder folder;
  const auto address = Address::parse("unix:" + (folder / "a.sock").string());
  std::optional<Listener> first(std::in_place, address, false);
  std::filesystem::remove(address.path);
  const Listener second(address, false);
  first.reset();
  EXPECT_TRUE(std::filesystem::exists(address.path));
}

TEST(Listener, TakesAFreePortOfTheLoopback) {
  const Listener listener(Address::parse("tcp:127.0.0.1:0"), false);
  EXPECT_NE(listener.address().port, "0");
  EXPECT_THROW(Listener(listener.address(), false), std::exception);
}

TEST(Listener, RefusesTheNetworkWithoutAToken) {
  EXPECT_THROW(Listener(Address::parse("tcp:0.0.0.0:0"), false), std::runtime_error);
  EXPECT_NO_THROW(Listener(Address::parse("tcp:0.0.0.0:0"), true));
}

}  // namespace
}  // namespace runner::test
