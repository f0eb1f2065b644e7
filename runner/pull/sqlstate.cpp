#include "runner/pull/sqlstate.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace runner::pull {
namespace {

template <size_t size>
bool contains(const std::array<std::string_view, size> &list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// PT404 is what PostgREST answers with 404; else 0.
int status_of(std::string_view sqlstate) {
  int status = 0;
  if (sqlstate.starts_with("PT")) {
    std::from_chars(sqlstate.data() + 2, sqlstate.data() + sqlstate.size(), status);
  }
  return status;
}

Trouble trouble_of(std::string_view sqlstate) {
  // No connection, no resources, shutting down; a standby, which another server may have replaced.
  constexpr std::array<std::string_view, 3> classes_that_pass = {"08", "53", "57"};
  // The statement, its values, the login: the next time is like this one.
  constexpr std::array<std::string_view, 7> classes_that_stay = {"0A", "22", "23", "28",
                                                                 "3D", "3F", "42"};
  constexpr std::string_view query_canceled = "57014", read_only = "25006";
  if (const int status = status_of(sqlstate); status != 0) return trouble_of_status(status);
  const auto its_class = sqlstate.substr(0, 2);
  if (sqlstate == query_canceled) return Trouble::broken;
  if (sqlstate.empty() || sqlstate == read_only || contains(classes_that_pass, its_class)) {
    return Trouble::unreachable;
  }
  return contains(classes_that_stay, its_class) ? Trouble::refused : Trouble::broken;
}

}  // namespace

DoorError sql_error(const std::string &sqlstate, const std::string &message) {
  const auto text = sqlstate.empty() ? message : sqlstate + ": " + message;
  return {trouble_of(sqlstate), text.substr(0, text.find_last_not_of('\n') + 1),
          status_of(sqlstate)};
}

}  // namespace runner::pull
