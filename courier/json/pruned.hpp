// pruned.hpp -- a document without the parts that nobody needs.
//
// Stands between a Tokenizer and what listens to it. Values that are left out become null, however
// large they are: an answer may repeat the whole request.
#pragma once

#include <functional>
#include <string_view>

#include "courier/json/skeleton.hpp"
#include "courier/json/tokenizer.hpp"

namespace courier::json {

class Pruned : public Events {
 public:
  // Asked at the start of every value whether it is left out.
  using Skip = std::function<bool(const Path &)>;

  Pruned(Events &inner, Skip skip) : inner_(inner), skip_(std::move(skip)) {}

  void begin_object() override;
  void end_object() override;
  void begin_array() override;
  void end_array() override;
  void key(std::string_view name) override;
  void begin_string() override;
  void string_piece(std::string_view piece) override;
  void end_string() override;
  void number(std::string_view text) override;
  void boolean(bool value) override;
  void null() override;

 private:
  bool is_left_out();
  bool opens_within_left_out();
  bool closes_within_left_out();

  Events &inner_;
  Skip const skip_;
  Path path_;            // one step for each open container
  std::size_t cut_ = 0;  // containers that are open within one that is left out, and that one
  bool in_cut_string_ = false;
};

}  // namespace courier::json
