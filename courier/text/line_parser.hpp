// line_parser.hpp -- NDJSON: one document per line, cut anywhere.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace courier::text {

class LineParser {
 public:
  using OnLine = std::function<void(std::string_view line)>;

  LineParser(std::size_t max_line_bytes, OnLine on_line)
      : max_line_bytes_(max_line_bytes), on_line_(std::move(on_line)) {}

  // Lines end with LF or CRLF; empty ones are skipped. Throws AttemptError(too_large) for one
  // that is too long.
  void feed(std::string_view bytes);
  // What the last line end left over is a line, too, or the beginning of one.
  void finish();

 private:
  void end_line();

  std::size_t const max_line_bytes_;
  OnLine const on_line_;
  std::string line_;
};

}  // namespace courier::text
