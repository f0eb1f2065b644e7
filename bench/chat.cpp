// What does the database do for a turn of a conversation?
//
// Many long conversations of a thousand users; then, in some of them and as their users, what an
// app does: it lists the conversations, opens one, pages back, sends a turn, stops the answer and
// has it made again. Each statement is timed from the client's side, without and with its commit;
// CPU is the time on a processor of the server's process, which does not depend on who else uses
// the machine.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "bench/database.hpp"

namespace {

using bench::Database;
using Clock = std::chrono::steady_clock;
using Millis = std::chrono::duration<double, std::milli>;

constexpr int users = 1000;
constexpr int warm_up = 20;

// How long a process was on a processor, whatever else the machine did.
double cpu_ms(const std::string &pid) {
  double ns = 0;
  std::ifstream("/proc/" + pid + "/schedstat") >> ns;
  return ns / 1e6;
}

// How many bytes a message has: with what the model takes, about a hundred of them are sent along.
constexpr int message_bytes = 300;

std::string text(int value) { return std::to_string(value); }

std::string id_in_sql(const std::string &kind, const std::string &number) {
  return "('" + kind + "-0000-7000-8000-' || lpad(to_hex(" + number + "), 12, '0'))::uuid";
}

std::string id(const std::string &kind, int number) {
  char out[13];
  std::snprintf(out, sizeof out, "%012x", number);
  return kind + "-0000-7000-8000-" + out;
}

const std::string user_kind = "00000000";
const std::string talk_kind = "c0000000";
const std::string message_kind = "d0000000";

void fill_catalog(Database &db) {
  db.run("create extension if not exists atelier");
  db.run("insert into auth.users (id, email) select " + id_in_sql(user_kind, "n") +
         ", n || '@example.org' from generate_series(1, " + text(users) + ") n");
  db.run(
      "insert into atelier.api_models (provider_id, model_key, display_name, modality, is_default, "
      "parameter_schema) select id, 'talker', 'Talker', 'chat', true, '{\"properties\": "
      "{\"messages\": {\"type\": \"array\"}, \"max_tokens\": {\"type\": \"integer\"}}}' from "
      "atelier.api_providers where name = 'atelier-runner'");
}

void fill_conversations(Database &db, int conversations, int messages) {
  std::string const last = text(messages);
  // Without triggers and the checks of foreign keys, which would take most of the time.
  db.run("set session_replication_role = replica");
  db.run(
      "insert into atelier.conversations (id, user_id, title, active_message_id, updated_at) "
      "select " +
      id_in_sql(talk_kind, "c") + ", " + id_in_sql(user_kind, "c % " + text(users) + " + 1") +
      ", 'Conversation ' || c, " + id_in_sql(message_kind, "c * " + last + " + " + last) +
      ", now() - make_interval(mins => c) from generate_series(1, " + text(conversations) + ") c");
  db.run(
      "insert into atelier.messages (id, conversation_id, user_id, sender, content, created_at, "
      "parent_id) select " +
      id_in_sql(message_kind, "c * " + last + " + n") + ", " + id_in_sql(talk_kind, "c") + ", " +
      id_in_sql(user_kind, "c % " + text(users) + " + 1") +
      ", case n % 2 when 1 then 'user' else 'assistant' end, rpad('message ' || n || ' of ' || "
      "c, " +
      text(message_bytes) + ", ' and so on'), now() - make_interval(mins => c, secs => " + last +
      " - n), case when n > 1 then " + id_in_sql(message_kind, "c * " + last + " + n - 1") +
      " end from generate_series(1, " + last + ") n, generate_series(1, " + text(conversations) +
      ") c");
  db.run("reset session_replication_role");
  db.run("vacuum (analyze) atelier.messages");
  db.run("vacuum (analyze) atelier.conversations");
  db.run("analyze");
}

struct Times {
  std::vector<double> cpu;
  std::vector<double> statement;
  std::vector<double> with_commit;
};

class App {
 public:
  void sign_in(int user) {
    db_.run("select set_config('request.jwt.claims', '{\"sub\":\"" + id(user_kind, user) +
            "\",\"role\":\"authenticated\"}', false)");
    db_.run("set role authenticated");
  }

  std::string run(const std::string &name, const std::string &sql) {
    auto const start = Clock::now();
    db_.run("begin");
    double const cpu_before = cpu_ms(backend_);
    auto const begun = Clock::now();
    std::string const result = db_.run(sql);
    auto const done = Clock::now();
    double const cpu_after = cpu_ms(backend_);
    db_.run("commit");
    auto const committed = Clock::now();
    if (is_warm) {
      if (times_.find(name) == times_.end()) names_.push_back(name);
      times_[name].cpu.push_back(cpu_after - cpu_before);
      times_[name].statement.push_back(Millis(done - begun).count());
      times_[name].with_commit.push_back(Millis(committed - start).count());
    }
    return result;
  }

  bool is_warm = false;
  const std::vector<std::string> &names() const { return names_; }
  Times &times(const std::string &name) { return times_[name]; }

 private:
  Database db_;
  std::string backend_ = db_.run("select pg_backend_pid()");
  std::vector<std::string> names_;
  std::map<std::string, Times> times_;
};

// What an app does in one conversation.
void use(App &app, int conversation) {
  std::string const talk = std::string("'").append(id(talk_kind, conversation)).append("'");
  app.sign_in(conversation % users + 1);
  app.run(
      "list the latest 50 conversations",
      "select id, title, updated_at from atelier.conversations order by updated_at desc limit 50");
  std::string const oldest =
      app.run("open one: its newest 100 messages",
              "select message_id, sender, content, state, siblings, pictures from "
              "atelier.conversation_messages(" +
                  talk + ")");
  app.run("page back: the 100 before",
          "select message_id, sender, content, state, siblings, pictures from "
          "atelier.conversation_messages(" +
              talk + ", '" + oldest + "')");
  std::string const send =
      "select atelier.playground_chat(" + talk + ", 'And what then?') ->> 'message_id'";
  std::string message = app.run("send a turn that makes a summary due", send);
  app.run("stop an answer", "select (atelier.stop_message('" + message + "')).state");
  message = app.run("send a turn", send);
  app.run("stop an answer", "select (atelier.stop_message('" + message + "')).state");
  message = app.run("have an answer made again",
                    "select atelier.regenerate_message('" + message + "') ->> 'message_id'");
  app.run("stop an answer", "select (atelier.stop_message('" + message + "')).state");
  app.run("look at the context of a turn",
          "select count(*) from atelier.chat_context(" + talk + ", 'And then?')");
}

double at(std::vector<double> values, double share) {
  auto const place =
      values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

void report(App &app) {
  std::printf("| %-38s | %6s | %6s | %6s | %6s | %6s | %11s |\n|%s|%s|%s|%s|%s|%s|%s|\n", "ms",
              "CPU", "95 %", "10 %", "median", "95 %", "with commit", std::string(40, '-').c_str(),
              "-------:", "-------:", "-------:", "-------:", "-------:", "------------:");
  for (const std::string &name : app.names()) {
    Times &times = app.times(name);
    std::printf("| %-38s | %6.2f | %6.2f | %6.2f | %6.2f | %6.2f | %11.2f |\n", name.c_str(),
                at(times.cpu, 0.5), at(times.cpu, 0.95), at(times.statement, 0.1),
                at(times.statement, 0.5), at(times.statement, 0.95), at(times.with_commit, 0.5));
  }
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr,
                 "usage: chat CONVERSATIONS MESSAGES   (libpq's environment names the server)\n");
    return 2;
  }
  try {
    int const conversations = std::atoi(argv[1]);
    int const messages = std::atoi(argv[2]);
    constexpr int used = 400;
    Database admin;
    fill_catalog(admin);
    fill_conversations(admin, conversations, messages);
    App app;
    for (int i = 0; i < warm_up + used; ++i) {
      app.is_warm = i >= warm_up;
      use(app, i * 7 % conversations + 1);
    }
    std::printf(
        "PostgreSQL %s, %d conversations of %d messages of %d bytes, %d users, %d conversations "
        "used\n",
        admin.run("show server_version").c_str(), conversations, messages, message_bytes, users,
        used);
    std::printf("shared_buffers %s, synchronous_commit %s, fsync %s\n\n",
                admin.run("show shared_buffers").c_str(),
                admin.run("show synchronous_commit").c_str(), admin.run("show fsync").c_str());
    report(app);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "chat: %s\n", error.what());
    return 1;
  }
  return 0;
}
