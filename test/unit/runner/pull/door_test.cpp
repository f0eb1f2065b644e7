// The two doors, as far as they can be tried without a database.
#include "runner/pull/door.hpp"

#include <gtest/gtest.h>
#include <httplib.h>

#include <thread>

#include "../temporary_folder.hpp"
#include "runner/pull/calls.hpp"
#include "runner/pull/sqlstate.hpp"

namespace runner::pull::test {
namespace {

using runner::test::TemporaryFolder;

// A server of HTTP that answers every request in the same way and keeps the last one.
class HttpServer {
 public:
  HttpServer() {
    server_.Post("/.*", [this](const httplib::Request &request, httplib::Response &response) {
      last = request;
      ++count;
      response.status = status;
      for (const auto &[name, value] : headers)
        response.set_header(name.c_str(), value);
      response.set_content(body, "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running())
      std::this_thread::yield();
  }
  ~HttpServer() {
    server_.stop();
    thread_.join();
  }
  HttpServer(const HttpServer &) = delete;
  HttpServer &operator=(const HttpServer &) = delete;

  std::string url() const { return "http://localhost:" + std::to_string(port_); }

  int status = 200;
  std::string body = "[]";
  std::map<std::string, std::string> headers;
  httplib::Request last;
  int count = 0;

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

DoorOptions options_for(const std::string &url, const Secret &key = {}) {
  return {url, key, {}, false};
}

DoorError error_of(Door &door, Function function = Function::claim_jobs) {
  try {
    door.call(function, "{}");
  } catch (const DoorError &error) {
    return error;
  }
  ADD_FAILURE() << "no error";
  return {Trouble::broken, ""};
}

Secret secret(const TemporaryFolder &folder, const std::string &text) {
  return {folder.write("key", text), "ATELIER_NO_SUCH_VARIABLE"};
}

TEST(PostgrestDoor, CallsAFunctionWithTheKey) {
  HttpServer server;
  const TemporaryFolder folder;
  const auto door =
      open_door(options_for(server.url() + "/rest/v1/", secret(folder, "atelier_key\n")));
  server.body = R"([{"attempt_id":"a"}])";
  EXPECT_EQ(door->call(Function::claim_jobs, R"({"max_jobs":1})"), server.body);
  EXPECT_EQ(server.last.path, "/rest/v1/rpc/claim_jobs");
  EXPECT_EQ(server.last.body, R"({"max_jobs":1})");
  EXPECT_EQ(server.last.get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(server.last.get_header_value("Content-Profile"), "atelier");
  EXPECT_EQ(server.last.get_header_value("x-api-key"), "atelier_key");
  EXPECT_FALSE(server.last.has_header("Authorization"));
  door->call(Function::job_callback, "{}");
  EXPECT_FALSE(server.last.has_header("x-api-key"));
}

TEST(PostgrestDoor, ATokenGoesIntoItsOwnHeaderAndIsReadAnew) {
  HttpServer server;
  const TemporaryFolder folder;
  const auto door = open_door(options_for(server.url(), secret(folder, "eyJh.eyJz.c2ln")));
  door->call(Function::claim_jobs, "{}");
  EXPECT_EQ(server.last.get_header_value("Authorization"), "Bearer eyJh.eyJz.c2ln");
  EXPECT_FALSE(server.last.has_header("x-api-key"));
  folder.write("key", "eyJh.eyJz.bmV3");
  door->call(Function::claim_jobs, "{}");
  EXPECT_EQ(server.last.get_header_value("Authorization"), "Bearer eyJh.eyJz.bmV3");
  std::filesystem::remove(folder / "key");
  door->call(Function::claim_jobs, "{}");
  EXPECT_EQ(server.last.get_header_value("Authorization"), "Bearer eyJh.eyJz.bmV3");
}

TEST(PostgrestDoor, TellsWhatAnErrorMeans) {
  HttpServer server;
  const auto door = open_door(options_for(server.url()));
  server.body =
      R"({"code":"PT401","message":"unknown API key","details":null,"hint":"Make a new one."})";
  const std::map<int, Trouble> meanings = {
      {302, Trouble::refused},     {400, Trouble::refused},    {401, Trouble::refused},
      {404, Trouble::refused},     {413, Trouble::refused},    {429, Trouble::unreachable},
      {500, Trouble::broken},      {501, Trouble::broken},     {502, Trouble::unreachable},
      {503, Trouble::unreachable}, {504, Trouble::unreachable}};
  for (const auto &[status, trouble] : meanings) {
    server.status = status;
    const auto error = error_of(*door);
    EXPECT_EQ(error.trouble, trouble) << status;
    EXPECT_EQ(error.status, status);
    EXPECT_NE(std::string(error.what()).find("PT401: unknown API key Make a new one."),
              std::string::npos);
  }
}

TEST(PostgrestDoor, FollowsNoRedirect) {
  HttpServer server;
  const TemporaryFolder folder;
  server.status = 307;
  server.headers = {{"Location", server.url() + "/elsewhere"}};
  EXPECT_EQ(error_of(*open_door(options_for(server.url(), secret(folder, "key")))).trouble,
            Trouble::refused);
  EXPECT_EQ(server.count, 1);
}

TEST(PostgrestDoor, HearsHowLongItShallWait) {
  HttpServer server;
  server.status = 503;
  server.headers = {{"Retry-After", "7"}};
  EXPECT_EQ(error_of(*open_door(options_for(server.url()))).retry_after, std::chrono::seconds(7));
}

TEST(PostgrestDoor, AnAnswerThatIsNoneIsADefect) {
  HttpServer server;
  server.body = "<html>Please sign in to this network</html>";
  const auto door = open_door(options_for(server.url()));
  EXPECT_THROW(
      try { claim_jobs(*door, "worker", 1); } catch (const DoorError &error) {
        EXPECT_EQ(error.trouble, Trouble::broken);
        throw;
      },
      DoorError);
  server.body = R"([{"attempt_id": 7}])";
  EXPECT_THROW(claim_jobs(*door, "worker", 1), DoorError);
}

TEST(PostgrestDoor, NobodyThereMayBeThereLater) {
  std::string url;
  {
    const HttpServer gone;
    url = gone.url();
  }
  EXPECT_EQ(error_of(*open_door(options_for(url))).trouble, Trouble::unreachable);
}

TEST(Doors, TakeNoSecretFromTheUrl) {
  for (const char *url :
       {"https://key@host", "https://user:key@host/rest", "postgresql://gpu:key@host/studio",
        "postgresql://gpu@host/studio?password=key"}) {
    EXPECT_THROW(open_door(options_for(url)), std::invalid_argument) << url;
  }
}

TEST(Doors, RefuseWhatTheyCannotUse) {
  for (const char *url : {"", "host", "ftp://host", "http://", "https://host?x=1", "https://host#x",
                          "postgresql://host/studio?nonsense=1"}) {
    EXPECT_THROW(open_door(options_for(url)), std::invalid_argument) << url;
  }
}

TEST(Doors, SendTheKeyUnencryptedOnlyWhenToldTo) {
  EXPECT_THROW(open_door(options_for("http://example.org")), std::invalid_argument);
  EXPECT_NE(open_door({"http://example.org", {}, {}, true}), nullptr);
  for (const char *url : {"http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000"})
    EXPECT_NE(open_door(options_for(url)), nullptr) << url;
}

TEST(LibpqDoor, TakesNoTokenOfPostgrest) {
  const TemporaryFolder folder;
  EXPECT_THROW(
      open_door(options_for("postgresql://gpu@host/studio", secret(folder, "eyJh.eyJz.c2ln"))),
      std::invalid_argument);
}

TEST(LibpqDoor, NobodyThereMayBeThereLater) {
  const TemporaryFolder folder;
  const auto door =
      open_door(options_for("postgresql://gpu@/studio?host=" + folder.path().string()));
  EXPECT_EQ(error_of(*door).trouble, Trouble::unreachable);
  EXPECT_EQ(error_of(*door).trouble, Trouble::unreachable);
}

TEST(SqlState, TellsWhatAnErrorMeans) {
  const std::map<std::string, Trouble> meanings = {
      {"", Trouble::unreachable},      {"08006", Trouble::unreachable},
      {"25006", Trouble::unreachable}, {"53300", Trouble::unreachable},
      {"57P01", Trouble::unreachable}, {"57P03", Trouble::unreachable},
      {"PT429", Trouble::unreachable}, {"PT503", Trouble::unreachable},
      {"40P01", Trouble::broken},      {"57014", Trouble::broken},
      {"XX000", Trouble::broken},      {"22023", Trouble::refused},
      {"23514", Trouble::refused},     {"28P01", Trouble::refused},
      {"3D000", Trouble::refused},     {"42501", Trouble::refused},
      {"42883", Trouble::refused},     {"PT401", Trouble::refused},
      {"PT404", Trouble::refused},     {"PT413", Trouble::refused}};
  for (const auto &[sqlstate, trouble] : meanings)
    EXPECT_EQ(sql_error(sqlstate, "message").trouble, trouble) << sqlstate;
  EXPECT_EQ(sql_error("PT413", "too large").status, 413);
  EXPECT_STREQ(sql_error("PT404", "no such worker\n").what(), "PT404: no such worker");
}

TEST(TimeLimit, GrowsWithWhatIsSent) {
  EXPECT_EQ(time_limit(0), std::chrono::seconds(30));
  EXPECT_GT(time_limit(size_t{64} << 20), std::chrono::minutes(20));
}

}  // namespace
}  // namespace runner::pull::test
