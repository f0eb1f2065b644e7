// The whole server in this process, on a unix socket, with the shipped model.
#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "fixtures.hpp"
#include "http_client.hpp"
#include "runner/http/server.hpp"
#include "runner/service/api.hpp"
#include "temporary_folder.hpp"

namespace runner::test {
namespace {

using nlohmann::json;

ApiOptions small_options() {
  ApiOptions options;
  options.model_id = "tiny-sdxl";
  options.max_pixels = 128 * 128;
  options.max_steps = 1000;
  options.max_queue = 2;
  return options;
}

class RunningServer {
 public:
  explicit RunningServer(const ApiOptions &options = small_options(),
                         const HttpLimits &limits = HttpLimits())
      : api_(pipeline(), cpu(), options),
        listener_(Address::parse("unix:" + socket().string()), false),
        server_(
            listener_,
            [this](const HttpRequest &request, Client &client) {
              return api_.handle(request, client);
            },
            Api::format_error, limits) {}

  std::filesystem::path socket() const { return folder_ / "runner.sock"; }
  CurlClient client() const { return CurlClient(socket()); }
  BareClient bare_client() const { return BareClient(socket()); }
  json health() const { return client().get("/health").json(); }
  bool eventually_has(const char *group, const char *counter, int value) const {
    return eventually([&] { return health().at(group).at(counter) == value; });
  }
  void stop() {
    api_.stop();
    server_.stop();
  }

 private:
  TemporaryFolder folder_;
  Api api_;
  Listener listener_;
  HttpServer server_;
};

const json quick = {{"prompt", "a red circle"}, {"steps", 2}, {"seed", 7}};
// Far longer than any test may take: it only ends by being cancelled.
const json endless = {{"prompt", "a"}, {"steps", 1000}, {"size", "128x128"}, {"n", 10}};

std::string post_head(const std::string &body) {
  return "POST /v1/images/generations HTTP/1.1\r\nHost: r\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n";
}

void start(const BareClient &client, const json &request) {
  client.send(post_head(request.dump()) + request.dump());
}

TEST(Api, MakesAPicture) {
  const RunningServer server;
  const auto reply = server.client().generate(quick);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.headers.at("Content-Type"), "application/json");
  const auto body = reply.json();
  ASSERT_EQ(body.at("data").size(), 1U);
  const auto &picture = body.at("data").at(0);
  EXPECT_TRUE(picture.at("b64_json").get<std::string>().starts_with("iVBORw0KGgo"));
  EXPECT_EQ(picture.at("seed"), 7);
  EXPECT_GT(body.at("created"), 1'700'000'000);
  EXPECT_EQ(body.at("model"), "tiny-sdxl");
  EXPECT_EQ(body.at("size"), "64x64");
  EXPECT_EQ(body.at("usage").at("input_tokens"), 3);
  EXPECT_EQ(body.at("usage").at("prompt_truncated"), false);
  EXPECT_GT(body.at("timings").at("denoise_ms"), 0);
}

TEST(Api, SeveralPicturesAreThoseOfTheirSeedsAlone) {
  const RunningServer server;
  auto request = quick;
  request["n"] = 3;
  const auto together = server.client().generate(request).json().at("data");
  ASSERT_EQ(together.size(), 3U);
  for (size_t i = 0; i < together.size(); ++i) {
    auto alone = quick;
    alone["seed"] = 7 + i;
    EXPECT_EQ(server.client().generate(alone).json().at("data").at(0), together.at(i)) << i;
  }
  EXPECT_NE(together.at(0).at("b64_json"), together.at(1).at("b64_json"));
}

TEST(Api, AMissingSeedIsChosenAndTold) {
  const RunningServer server;
  auto request = quick;
  request.erase("seed");
  const auto first = server.client().generate(request).json().at("data").at(0);
  const auto second = server.client().generate(request).json().at("data").at(0);
  EXPECT_NE(first.at("seed"), second.at("seed"));
  request["seed"] = first.at("seed");
  EXPECT_EQ(server.client().generate(request).json().at("data").at(0), first);
}

TEST(Api, AnEmptyNegativePromptIsNotAnAbsentOne) {
  const RunningServer server;
  auto empty = quick;
  empty["negative_prompt"] = "";
  EXPECT_NE(server.client().generate(quick).json().at("data"),
            server.client().generate(empty).json().at("data"));
}

TEST(Api, BadInputIsRefusedAndLeavesTheServerWell) {
  const RunningServer server;
  const auto client = server.client();
  EXPECT_EQ(client.post("/v1/images/generations", "{nonsense").error_code(), "invalid_json");
  EXPECT_EQ(client.post("/v1/images/generations", "{\"prompt\":\"\xff\"}").error_code(),
            "invalid_json");
  EXPECT_EQ(client.generate({{"prompt", "a"}, {"steps", 0}}).status, 400);
  EXPECT_EQ(client.generate({{"prompt", "a"}, {"model", "other"}}).status, 404);
  EXPECT_EQ(client.generate({{"prompt", "a"}, {"model", "other"}}).error_code(), "model_not_found");
  EXPECT_EQ(
      client.post("/v1/images/generations", quick.dump(), {"Content-Type: text/plain"}).status,
      415);
  EXPECT_EQ(client.get("/v1/images/generations").status, 405);
  EXPECT_EQ(client.get("/nothing").status, 404);
  EXPECT_EQ(client.generate(quick).status, 200);
  EXPECT_EQ(server.health().at("requests").at("served"), 1);
}

TEST(Api, ABodyThatIsTooLargeIsRefusedWhileItIsSent) {
  const RunningServer server;
  const auto reply = server.client().generate({{"prompt", std::string(10 << 20, 'x')}});
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.json().at("error").at("type"), "invalid_request_error");
}

TEST(Api, TheTokenIsRequired) {
  auto options = small_options();
  options.token = "secret";
  const RunningServer server(options);
  const auto client = server.client();
  const std::string type = "Content-Type: application/json";
  const auto post = [&](const std::string &authorization) {
    return client.post("/v1/images/generations", quick.dump(), {type, authorization}).status;
  };
  EXPECT_EQ(client.generate(quick).status, 401);
  EXPECT_EQ(client.generate(quick).headers.at("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(post("Authorization: Bearer secre"), 401);
  EXPECT_EQ(post("Authorization: Bearer secretx"), 401);
  EXPECT_EQ(post("Authorization: Bearer "), 401);
  EXPECT_EQ(post("Authorization: secret"), 401);
  EXPECT_EQ(post("Authorization: Bearer secret"), 200);
  EXPECT_EQ(client.get("/v1/models").status, 401);
  EXPECT_EQ(client.get("/health").json(), (json{{"status", "ok"}}));
  EXPECT_TRUE(client.get("/health", {"Authorization: Bearer secret"}).json().contains("devices"));
}

TEST(Api, ModelsAndHealthAreReported) {
  const RunningServer server;
  const auto models = server.client().get("/v1/models").json();
  EXPECT_EQ(models.at("object"), "list");
  EXPECT_EQ(models.at("data").at(0).at("id"), "tiny-sdxl");
  const auto health = server.health();
  EXPECT_EQ(health.at("status"), "ok");
  EXPECT_EQ(health.at("version"), ATELIER_VERSION);
  EXPECT_EQ(health.at("devices").at(0).at("id"), "cpu");
  EXPECT_EQ(health.at("models").at(0).at("size_multiple"), 8);
  EXPECT_EQ(health.at("queue"), (json{{"waiting", 0}, {"running", 0}, {"limit", 2}}));
}

TEST(Api, AFullQueueSaysWhenToComeBack) {
  const RunningServer server;
  auto running = server.bare_client(), first = server.bare_client(), second = server.bare_client();
  start(running, endless);
  ASSERT_TRUE(server.eventually_has("queue", "running", 1));
  start(first, quick);
  start(second, quick);
  ASSERT_TRUE(server.eventually_has("queue", "waiting", 2));
  const auto reply = server.client().generate(quick);
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.error_code(), "queue_full");
  EXPECT_GE(std::stoi(reply.headers.at("Retry-After")), 1);
  running.close();
  EXPECT_NE(second.receive_until("}}").find("200 OK"), std::string::npos);
}

TEST(Api, AClientThatLeavesStopsItsPicture) {
  const RunningServer server;
  auto client = server.bare_client();
  start(client, endless);
  ASSERT_TRUE(server.eventually_has("queue", "running", 1));
  client.close();
  EXPECT_TRUE(server.eventually_has("requests", "cancelled", 1));
  EXPECT_TRUE(server.eventually_has("queue", "running", 0));
  EXPECT_EQ(server.health().at("requests").at("served"), 0);
  EXPECT_EQ(server.client().generate(quick).status, 200);
}

TEST(Api, AClientThatLeavesTheLineIsNotComputedFor) {
  const RunningServer server;
  auto running = server.bare_client(), waiting = server.bare_client();
  start(running, endless);
  ASSERT_TRUE(server.eventually_has("queue", "running", 1));
  start(waiting, endless);
  ASSERT_TRUE(server.eventually_has("queue", "waiting", 1));
  waiting.close();
  EXPECT_TRUE(server.eventually_has("queue", "waiting", 0));
  EXPECT_TRUE(server.eventually_has("requests", "cancelled", 1));
  EXPECT_EQ(server.health().at("queue").at("running"), 1);
  running.close();
  EXPECT_TRUE(server.eventually_has("requests", "cancelled", 2));
  EXPECT_EQ(server.health().at("requests").at("pictures"), 0);
}

TEST(Api, StoppingAnswersWhoeverWaits) {
  RunningServer server;
  const auto running = server.bare_client(), waiting = server.bare_client();
  start(running, endless);
  ASSERT_TRUE(server.eventually_has("queue", "running", 1));
  start(waiting, quick);
  ASSERT_TRUE(server.eventually_has("queue", "waiting", 1));
  server.stop();
  for (const auto *client : {&running, &waiting}) {
    const auto answer = client->receive_until("}}");
    EXPECT_NE(answer.find("503 Service Unavailable"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Retry-After: 1"), std::string::npos);
  }
}

TEST(Http, StoppingWaitsForNoIdleOrSlowClient) {
  RunningServer server;
  const auto idle = server.bare_client(), half = server.bare_client();
  idle.send("GET /health HTTP/1.1\r\n\r\n");
  idle.receive_until("\r\n\r\n");
  half.send("POST /v1/images/generations HTTP/1.1\r\nContent-Le");
  const auto start = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
  EXPECT_EQ(half.receive_all(), "");
}

TEST(Http, ServesSeveralRequestsOnOneConnection) {
  const RunningServer server;
  const auto client = server.bare_client();
  const std::string get = "GET /v1/models HTTP/1.1\r\nHost: r\r\n\r\n";
  client.send(get + get);
  // Sent ahead, longer than any head may be.
  const std::string body = quick.dump() + std::string(40'000, ' ');
  client.send(post_head(body) + body);
  client.send("HEAD /health HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto answers = client.receive_all();
  size_t count = 0;
  for (size_t at = 0; (at = answers.find("HTTP/1.1 200 OK", at)) != answers.npos; ++at)
    ++count;
  EXPECT_EQ(count, 4U);
  EXPECT_TRUE(answers.ends_with("\r\n\r\n")) << "a HEAD request was answered with a body";
}

TEST(Http, SendsContinueBeforeABodyIsSent) {
  const RunningServer server;
  const auto client = server.bare_client();
  const auto body = quick.dump();
  auto head = post_head(body);
  head.insert(head.size() - 2, "Expect: 100-continue\r\nConnection: close\r\n");
  client.send(head);
  EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(body);
  EXPECT_TRUE(client.receive_all().starts_with("HTTP/1.1 200 OK"));
}

TEST(Http, BrokenRequestsAreAnsweredAndClosed) {
  const RunningServer server;
  const auto answer_to = [&](const std::string &bytes) {
    const auto client = server.bare_client();
    client.send(bytes);
    return client.receive_all();
  };
  EXPECT_TRUE(answer_to("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(
      answer_to("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'a')).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(answer_to("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
                  .starts_with("HTTP/1.1 501 "));
  EXPECT_TRUE(answer_to("POST / HTTP/1.1\r\nContent-Length: 5000000000\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
}

TEST(Http, ASlowRequestIsGivenUp) {
  HttpLimits limits;
  limits.receive_timeout = std::chrono::milliseconds(50);
  limits.idle_timeout = std::chrono::milliseconds(200);
  const RunningServer server(small_options(), limits);
  const auto half = server.bare_client(), silent = server.bare_client();
  half.send("GET /health HT");
  EXPECT_EQ(half.receive_all(), "");
  EXPECT_EQ(silent.receive_all(), "");
}

TEST(Http, TooManyConnectionsAreTurnedAway) {
  HttpLimits limits;
  limits.max_connections = 2;
  const RunningServer server(small_options(), limits);
  auto first = server.bare_client();
  const auto second = server.bare_client();
  for (const BareClient *client : std::initializer_list<const BareClient *>{&first, &second}) {
    client->send("GET /health HTTP/1.1\r\n\r\n");
    client->receive_until("\r\n\r\n");
  }
  const auto third = server.bare_client();
  EXPECT_TRUE(third.receive_all().starts_with("HTTP/1.1 503 "));
  first.close();
  EXPECT_TRUE(eventually([&] { return server.client().get("/health").status == 200; }));
}

TEST(Http, ManyClientsAtOnceAreAllServed) {
  auto options = small_options();
  options.max_queue = 16;
  const RunningServer server(options);
  auto request = quick;
  request["steps"] = 1;
  std::vector<std::future<long>> statuses;
  for (int i = 0; i < 12; ++i) {
    statuses.push_back(
        std::async(std::launch::async, [&] { return server.client().generate(request).status; }));
  }
  for (auto &status : statuses)
    EXPECT_EQ(status.get(), 200);
  EXPECT_EQ(server.health().at("requests").at("pictures"), 12);
}

}  // namespace
}  // namespace runner::test
