// input_pictures.hpp -- the pictures that a request starts from, as its parameters name them.
//
// A data: URL is decoded; an http(s) URL is fetched first, under guard, into memory. What a picture
// is, its own bytes say. Objects of the user arrive as data: URLs: the database puts them in.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "courier/adapters/adapter.hpp"

namespace courier {

struct InputPicture {
  std::string parameter;
  std::string url;  // where it is; empty: it is here
  std::string bytes;
  std::string media_type;
  std::string extension;
};

class InputPictures {
 public:
  // Of all pictures together.
  static constexpr std::size_t max_bytes = std::size_t{32} << 20;
  static constexpr std::size_t max_count = 16;

  // value: a text, or an array of texts. With keep_urls, pictures behind http(s) URLs stay there.
  // Throws AttemptError(invalid_input), as everything here.
  void add(const std::string &parameter, const nlohmann::json &value, bool keep_urls = false);

  const std::vector<InputPicture> &all() const noexcept { return pictures_; }

  // Of the next one that has to be fetched.
  bool pending() const noexcept { return next_ < to_fetch_.size(); }
  HttpRequest request() const;
  void begin_response();
  void consume(std::string_view bytes);
  void finish();
  AttemptError explain(const ResponseHead &head) const;

 private:
  void add_one(const std::string &parameter, const std::string &text, bool keep_url);
  void inspect(InputPicture &picture);
  InputPicture &current() { return pictures_.at(to_fetch_.at(next_)); }

  std::vector<InputPicture> pictures_;
  std::vector<std::size_t> to_fetch_;
  std::size_t next_ = 0;
  std::size_t bytes_ = 0;  // of the pictures that are here
};

std::string to_data_url(const InputPicture &picture);

}  // namespace courier
