#include "courier/adapters/multipart.hpp"

#include <algorithm>
#include <utility>

namespace courier {

namespace {

// As browsers write what would end the name too early.
std::string quoted(const std::string &name) {
  std::string out = "\"";
  for (char const byte : name)
    if (byte == '"')
      out += "%22";
    else if (byte == '\r')
      out += "%0D";
    else if (byte == '\n')
      out += "%0A";
    else
      out += byte;
  return out + "\"";
}

}  // namespace

void Multipart::add(const std::string &name, std::string value) {
  parts_.push_back(
      {"Content-Disposition: form-data; name=" + quoted(name) + "\r\n", std::move(value)});
}

void Multipart::add_file(const std::string &name, const std::string &file_name,
                         const std::string &media_type, std::string_view bytes) {
  parts_.push_back({"Content-Disposition: form-data; name=" + quoted(name) + "; filename=" +
                        quoted(file_name) + "\r\nContent-Type: " + media_type + "\r\n",
                    std::string(bytes)});
}

Multipart::Encoded Multipart::encode(const std::string &seed) const {
  std::string boundary = "atelier-" + seed;
  while (std::any_of(parts_.begin(), parts_.end(), [&](const Part &part) {
    return part.content.find(boundary) != std::string::npos;
  }))
    boundary += 'x';
  std::string body;
  for (const Part &part : parts_)
    body += "--" + boundary + "\r\n" + part.head + "\r\n" + part.content + "\r\n";
  body += "--" + boundary + "--\r\n";
  return {"multipart/form-data; boundary=" + boundary, std::move(body)};
}

}  // namespace courier
