// skeleton.hpp -- an answer as a small document, its long strings led elsewhere.
//
// Everything is kept as ordinary JSON values except the strings that the owner diverts to a sink;
// those are null in the document. What is kept is bounded, whatever the server sends.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "courier/json/tokenizer.hpp"

namespace courier::json {

class TextSink {
 public:
  TextSink() = default;
  TextSink(const TextSink &) = delete;
  TextSink &operator=(const TextSink &) = delete;
  virtual ~TextSink() = default;
  virtual void write(std::string_view piece) = 0;
  virtual void end() = 0;
};

// One step from the root: a key of an object, or (with an empty key) an index of an array.
struct Step {
  std::string key;
  std::size_t index = 0;
  bool in_array = false;
};
using Path = std::vector<Step>;

class Skeleton : public Events {
 public:
  struct Limits {
    std::size_t values = 4096;
    std::size_t text_bytes = std::size_t{64} << 10;
  };

  // Asked at the start of every string value; null keeps the string in the document.
  using Divert = std::function<TextSink *(const Path &)>;

  explicit Skeleton(Divert divert) : Skeleton(std::move(divert), Limits{}) {}
  Skeleton(Divert divert, Limits limits) : divert_(std::move(divert)), limits_(limits) {}

  const nlohmann::json &document() const noexcept { return root_; }

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
  void begin_value();
  nlohmann::json *place(nlohmann::json &&value);
  void open(nlohmann::json &&empty, bool is_array);
  void close();
  void account(std::size_t text_bytes);

  Divert const divert_;
  Limits const limits_;
  nlohmann::json root_;
  std::vector<nlohmann::json *> open_;  // a parent does not change while its child is open
  Path path_;                           // one step for each open container
  TextSink *sink_ = nullptr;
  std::string text_;
  std::size_t values_ = 0;
  std::size_t text_bytes_ = 0;
};

}  // namespace courier::json
