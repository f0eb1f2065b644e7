// What do identity and row level security cost?
//
// First what one call of auth.uid() costs, beside a bare function of the server and beside the SQL
// function that most databases of this kind have. Then queries of an app on a table of a million
// jobs of a thousand users and on the members of their workspaces: once as the user, under row
// level security, once as a role that it does not hold for. Both sessions ask for the same rows in
// turn, with prepared statements as PostgREST uses them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/database.hpp"

namespace {

using bench::Database;
using Clock = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

constexpr int users = 1000;
constexpr const char *columns = "id, status, original_prompt, created_at";

std::string user_id(int number) {
  char out[37];
  std::snprintf(out, sizeof out, "00000000-0000-7000-8000-%012x", number);
  return out;
}

// What it takes when nobody else uses the machine just then: the slowest of the fastest tenth.
double undisturbed(std::vector<double> values) {
  auto const tenth = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 10);
  std::nth_element(values.begin(), tenth, values.end());
  return *tenth;
}

double time_us(Database &db, const std::string &sql) {
  auto const start = Clock::now();
  db.run(sql);
  return Micros(Clock::now() - start).count();
}

void sign_in(Database &db, int user) {
  db.run("select set_config('request.jwt.claims', '{\"sub\":\"" + user_id(user) +
         "\",\"role\":\"authenticated\"}', false)");
}

double time_as(Database &db, int user, const std::string &sql) {
  sign_in(db, user);
  return time_us(db, sql);
}

void fill(Database &db, int rows) {
  db.run("create extension if not exists atelier");
  db.run(
      "insert into auth.users (id, email) select ('00000000-0000-7000-8000-' || "
      "lpad(to_hex(n), 12, '0'))::uuid, n || '@example.org' from generate_series(1, " +
      std::to_string(users) + ") n");
  // Without the checks of foreign keys, which would take most of the time.
  db.run("set session_replication_role = replica");
  db.run(
      "insert into atelier.jobs (user_id, status, created_at, completed_at, job_type, "
      "original_prompt, parameters) select ('00000000-0000-7000-8000-' || lpad(to_hex(n % " +
      std::to_string(users) +
      " + 1), 12, '0'))::uuid, 'completed', now() - make_interval(secs => " + std::to_string(rows) +
      " - n), now(), 'image_fast', 'a picture of the number ' || n, "
      "'{\"width\": 512, \"height\": 512, \"steps\": 25, \"seed\": 7}' from generate_series(1, " +
      std::to_string(rows) + ") n");
  // A hundred workspaces of fifty members each; everybody is in five of them.
  db.run(
      "insert into atelier.workspaces (id, name, slug) select u.id, 'Workspace', "
      "right(u.id::text, 12) from auth.users u order by u.id limit 100");
  db.run(
      "insert into atelier.workspace_members (workspace_id, user_id) select "
      "('00000000-0000-7000-8000-' || lpad(to_hex((n + m) % 100 + 1), 12, '0'))::uuid, "
      "('00000000-0000-7000-8000-' || lpad(to_hex(n + 1), 12, '0'))::uuid "
      "from generate_series(0, " +
      std::to_string(users - 1) + ") n, generate_series(0, 4) m");
  db.run("reset session_replication_role");
  db.run("vacuum (analyze) atelier.jobs");
  db.run("analyze");
}

// Time of one call, from a million of them in one query and as many rows without a call.
void measure_calls(Database &db) {
  constexpr int calls = 1000000;
  constexpr int repetitions = 7;
  db.run(
      "create function public.usual_uid() returns uuid language sql stable as $$ select "
      "coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), "
      "nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$");
  db.run("set jit = off");
  db.run("set max_parallel_workers_per_gather = 0");
  db.run("set work_mem = '256MB'");
  sign_in(db, 1);
  std::vector<std::string> const functions = {"*", "pg_backend_pid()", "auth.uid()",
                                              "public.usual_uid()"};
  std::vector<std::vector<double>> times(functions.size());
  for (int i = 0; i < repetitions; ++i) {
    for (size_t f = 0; f < functions.size(); ++f)
      times[f].push_back(time_us(db, "select count(" + functions[f] + ") from generate_series(1, " +
                                         std::to_string(calls) + ") n"));
  }
  double const rows = undisturbed(times[0]);
  auto const per_call = [&](size_t f) {
    return std::max(0.0, undisturbed(times[f]) - rows) / calls;
  };
  std::printf("| %-58s | %10s |\n|%s|%s|\n", "one call with warm claims", "us",
              std::string(60, '-').c_str(), "-----------:");
  std::printf("| %-58s | %10.3f |\n", "auth.uid()", per_call(2));
  std::printf("| %-58s | %10.3f |\n", "peer: pg_backend_pid(), a bare C function", per_call(1));
  std::printf("| %-58s | %10.3f |\n\n", "peer: the usual auth.uid() in SQL", per_call(3));
}

struct Query {
  const char *name;
  std::string argument;  // of a user
  std::string as_user;
  std::string without;
};

std::vector<Query> queries() {
  std::string const select = std::string("select ") + columns + " from atelier.jobs";
  std::string const latest = " order by created_at desc limit 50";
  std::string const mine = select + " where user_id = $1" + latest;
  std::string const one = select + " where id = $1";
  std::string const members =
      "select user_id, role, joined_at from atelier.workspace_members where workspace_id = $1";
  return {{"my latest 50", "select '%'", mine, mine},
          {"the 50 members of a workspace",
           "select workspace_id from atelier.workspace_members where user_id = '%' limit 1",
           members, members},
          {"one of mine, by its id", "select id from atelier.jobs where user_id = '%' limit 1", one,
           one},
          {"my latest 50, without naming me", "select '%'", select + latest, mine}};
}

void measure_query(Database &user, Database &all, const Query &query, int count) {
  static int number_of_query = 0;
  std::string const statement = "q" + std::to_string(++number_of_query);
  user.run("prepare " + statement + "(uuid) as " + query.as_user);
  all.run("prepare " + statement + "(uuid) as " + query.without);
  std::vector<double> with_rls, without;
  constexpr int warm_up = 50;
  for (int i = -warm_up; i < count; ++i) {
    int const number = (i + warm_up) * 7 % users + 1;
    std::string argument = query.argument;
    argument.replace(argument.find('%'), 1, user_id(number));
    std::string const execute = "execute " + statement + "('" + all.run(argument) + "')";
    sign_in(user, number);
    user.run(execute);  // brings the rows into memory, for both
    all.run(execute);
    for (bool const under_rls : {i % 2 == 0, i % 2 != 0}) {
      double const us = time_as(under_rls ? user : all, number, execute);
      if (i >= 0) (under_rls ? with_rls : without).push_back(us);
    }
  }
  double const a = undisturbed(with_rls);
  double const b = undisturbed(without);
  std::printf("| %-34s | %9.1f | %9.1f | %10.2f |\n", query.name, a, b, a / b);
}

void measure_queries(Database &user, Database &all, int count) {
  user.run("set role authenticated");
  all.run("set role service_role");
  std::printf("| %-34s | %9s | %9s | %10s |\n|%s|%s|%s|%s|\n", "us, fastest tenth", "with RLS",
              "without", "ratio", std::string(36, '-').c_str(),
              "----------:", "----------:", "-----------:");
  for (const Query &query : queries())
    measure_query(user, all, query, count);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: rls ROWS   (libpq's environment names the server)\n");
    return 2;
  }
  try {
    int const rows = std::atoi(argv[1]);
    Database admin;
    fill(admin, rows);
    std::printf("PostgreSQL %s, %d jobs of %d users\n\n", admin.run("show server_version").c_str(),
                rows, users);
    measure_calls(admin);
    Database user, all;
    measure_queries(user, all, 5000);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "rls: %s\n", error.what());
    return 1;
  }
  return 0;
}
