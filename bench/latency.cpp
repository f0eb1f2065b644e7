// How long does a job take from its commit to the inference server, and from there to the client?
//
// One client submits a job, waits until it is completed, submits the next: the server is idle each
// time. The inference server is a thread of this program; it notes when the first byte of a
// request arrives and answers at once with a picture of one pixel. Beside it, in the same run, what
// one durable commit costs here and what one HTTP exchange with the same server costs: dispatching
// needs one of each after the client's commit, so their sum is the floor.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/database.hpp"

namespace {

using bench::Database;

using Clock = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

constexpr const char *user = "00000000-0000-7000-8000-0000000be9c4";
constexpr const char *picture =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSu"
    "QmCC";

int unix_socket(const std::string &path, bool listening) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  int const fd = socket(AF_UNIX, SOCK_STREAM, 0);
  auto *const generic = reinterpret_cast<sockaddr *>(&address);
  if (listening) unlink(path.c_str());
  int const failed = listening ? bind(fd, generic, sizeof address) || listen(fd, 16)
                               : connect(fd, generic, sizeof address);
  if (failed) throw std::runtime_error(path + ": " + std::strerror(errno));
  return fd;
}

// Answers every request with one picture and notes when its first byte came.
class PictureServer {
 public:
  explicit PictureServer(const std::string &path) : listener_(unix_socket(path, true)) {
    std::thread([this] { accept_for_ever(); }).detach();
  }
  Clock::time_point last_first_byte() const { return last_.load(); }
  int requests() const { return requests_.load(); }

 private:
  void accept_for_ever() {
    for (;;) {
      int const fd = accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      std::thread([this, fd] { serve(fd); }).detach();
    }
  }

  void serve(int fd) {
    std::string request;
    char buffer[4096];
    for (;;) {
      ssize_t const n = read(fd, buffer, sizeof buffer);
      if (n <= 0) break;
      if (request.empty()) last_.store(Clock::now());
      request.append(buffer, static_cast<size_t>(n));
      size_t const head = request.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      if (request.size() < head + 4 + body_length(request)) continue;
      ++requests_;
      answer(fd);
      request.clear();
    }
    close(fd);
  }

  static size_t body_length(const std::string &request) {
    std::string lower = request;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    size_t const at = lower.find("content-length:");
    return at == std::string::npos ? 0 : std::strtoul(lower.c_str() + at + 15, nullptr, 10);
  }

  static void answer(int fd) {
    std::string const body =
        std::string(R"({"created":1,"data":[{"b64_json":")") + picture + R"("}]})";
    std::string const reply =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    (void)!write(fd, reply.data(), reply.size());
  }

  int listener_;
  std::atomic<Clock::time_point> last_{Clock::time_point{}};
  std::atomic<int> requests_{0};
};

void set_up(Database &db, const std::string &socket_path) {
  db.run("create extension if not exists atelier");
  db.run("insert into auth.users (id, email) values ('" + std::string(user) +
         "', 'bench@example.org') on conflict do nothing");
  db.run(
      "insert into atelier.api_providers (name, display_name, auth_scheme) values ('bench', "
      "'Benchmark', 'none') on conflict do nothing");
  db.run(
      "insert into atelier.api_models (provider_id, model_key, display_name, modality) select id, "
      "'bench', 'Benchmark', 'image' from atelier.api_providers where name = 'bench' on conflict "
      "do nothing");
  db.run("delete from atelier.endpoints where name = 'bench'");
  db.run(
      "insert into atelier.endpoints (provider_id, name, adapter, base_url, private_network, "
      "max_concurrency, ambiguity_policy) select id, 'bench', 'openai_images', 'unix:" +
      socket_path + ":/v1', true, 4, 'retry' from atelier.api_providers where name = 'bench'");
}

void sign_in(Database &db) {
  db.run("set request.jwt.claims = '{\"sub\":\"" + std::string(user) +
         "\",\"role\":\"authenticated\"}'");
  db.run("set role authenticated");
}

struct Latency {
  std::vector<double> after_commit_us;  // from the moment the client has its commit
  std::vector<double> commit_us;
  std::vector<double> visible_us;  // until a client that waits for the job sees the result
};

Latency measure_jobs(Database &db, PictureServer &server, int count) {
  Latency out;
  constexpr int warm_up = 20;
  for (int i = -warm_up; i < count; ++i) {
    int const before = server.requests();
    db.run("begin");
    std::string const job =
        db.run("select (atelier.queue_job(prompt => 'a pixel', model => 'bench')).id");
    auto const committing = Clock::now();
    db.run("commit");
    auto const committed = Clock::now();
    std::string const status = db.run("call atelier.wait_for_job('" + job + "')");
    auto const visible = Clock::now();
    if (status != "completed") throw std::runtime_error("the job is " + status);
    if (server.requests() != before + 1) throw std::runtime_error("a job was sent more than once");
    if (i < 0) continue;
    out.after_commit_us.push_back(Micros(server.last_first_byte() - committed).count());
    out.commit_us.push_back(Micros(committed - committing).count());
    out.visible_us.push_back(Micros(visible - committed).count());
  }
  return out;
}

std::vector<double> measure(int count, const std::function<void()> &work) {
  std::vector<double> out;
  for (int i = 0; i < count; ++i) {
    auto const start = Clock::now();
    work();
    out.push_back(Micros(Clock::now() - start).count());
  }
  return out;
}

double percentile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  auto const at = static_cast<size_t>(std::ceil(p * static_cast<double>(values.size()))) - 1;
  return values[std::min(at, values.size() - 1)];
}

void print_row(const char *what, const std::vector<double> &us) {
  std::printf("| %-44s | %8.2f | %8.2f | %8.2f | %8.2f |\n", what, percentile(us, 0.5) / 1000,
              percentile(us, 0.95) / 1000, percentile(us, 0.99) / 1000, percentile(us, 1) / 1000);
}

void print_histogram(const std::vector<double> &us) {
  std::printf("\ncommit returned to the client -> first byte at the server:\n");
  double from = -1e9;
  for (double to : {0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0, 20.0, 50.0, 1e9}) {
    auto const n = std::count_if(us.begin(), us.end(), [&](double value) {
      return value / 1000 >= from && value / 1000 < to;
    });
    std::string const label =
        to > 1e8 ? ">= 50 ms" : "< " + std::to_string(to).substr(0, 4) + " ms";
    auto const width =
        static_cast<size_t>(60.0 * static_cast<double>(n) / static_cast<double>(us.size()) + 0.5);
    std::printf("%10s %6ld %s\n", label.c_str(), static_cast<long>(n),
                std::string(width, '#').c_str());
    from = to;
  }
}

void run(const std::string &socket_path, int count) {
  PictureServer server(socket_path);
  Database admin;
  set_up(admin, socket_path);
  Database client;
  sign_in(client);
  Latency const jobs = measure_jobs(client, server, count);

  admin.run("create table bench_commit (n int)");
  auto const commits = measure(count, [&] { admin.run("insert into bench_commit values (1)"); });
  admin.run("drop table bench_commit");
  std::string const request =
      "POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
  auto const exchanges = measure(count, [&] {
    int const fd = unix_socket(socket_path, false);
    char buffer[4096];
    if (write(fd, request.data(), request.size()) < 0 || read(fd, buffer, sizeof buffer) <= 0)
      throw std::runtime_error("the picture server does not answer");
    close(fd);
  });

  std::printf("PostgreSQL %s, fsync %s, synchronous_commit %s, %d jobs, one at a time\n\n",
              admin.run("show server_version").c_str(), admin.run("show fsync").c_str(),
              admin.run("show synchronous_commit").c_str(), count);
  std::printf("| %-44s | %8s | %8s | %8s | %8s |\n", "milliseconds", "p50", "p95", "p99", "max");
  std::printf("|%s|%s|%s|%s|%s|\n", std::string(46, '-').c_str(),
              "---------:", "---------:", "---------:", "---------:");
  print_row("commit returned -> first byte at the server", jobs.after_commit_us);
  print_row("commit returned -> result seen by the client", jobs.visible_us);
  print_row("the commit of queue_job() itself", jobs.commit_us);
  print_row("peer: one bare INSERT with its commit", commits);
  print_row("peer: one bare HTTP exchange, new connection", exchanges);
  double const floor = percentile(commits, 0.5) + percentile(exchanges, 0.5);
  std::printf("\nmedian over the sum of the two peers: %.2f\n",
              percentile(jobs.after_commit_us, 0.5) / floor);
  print_histogram(jobs.after_commit_us);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr,
                 "usage: latency SOCKET-PATH JOBS   (libpq's environment names the server)\n");
    return 2;
  }
  try {
    run(argv[1], std::atoi(argv[2]));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "latency: %s\n", error.what());
    return 1;
  }
  return 0;
}
