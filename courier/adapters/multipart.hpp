// multipart.hpp -- the body of a request that is a form with files (RFC 7578).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace courier {

class Multipart {
 public:
  void add(const std::string &name, std::string value);
  void add_file(const std::string &name, const std::string &file_name,
                const std::string &media_type, std::string_view bytes);

  struct Encoded {
    std::string content_type;
    std::string body;
  };
  // seed: what the boundary is made of; it is changed until no part has it.
  Encoded encode(const std::string &seed) const;

 private:
  struct Part {
    std::string head;
    std::string content;
  };
  std::vector<Part> parts_;
};

}  // namespace courier
