// A connection to the server that libpq's environment names.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace bench {

class Database {
 public:
  Database() : connection_(PQconnectdb("")) {
    if (PQstatus(connection_) != CONNECTION_OK)
      throw std::runtime_error(PQerrorMessage(connection_));
    PQsetNoticeProcessor(
        connection_, [](void *, const char *) {}, nullptr);
  }
  ~Database() { PQfinish(connection_); }
  Database(const Database &) = delete;
  Database &operator=(const Database &) = delete;

  // The first value of the result, or nothing.
  std::string run(const std::string &sql) {
    std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_, sql.c_str()), PQclear);
    auto const status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
      throw std::runtime_error(sql + ": " + PQerrorMessage(connection_));
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }

 private:
  PGconn *connection_;
};

}  // namespace bench
