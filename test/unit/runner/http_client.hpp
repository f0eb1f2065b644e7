// Clients for the tests of the server: libcurl, which the courier uses too, and bare sockets for
// what libcurl would never send.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "wire/file_descriptor.hpp"

namespace runner::test {

struct Reply {
  long status = 0;  // 0: no answer
  std::map<std::string, std::string> headers;
  std::string body;

  nlohmann::json json() const { return nlohmann::json::parse(body); }
  std::string error_code() const { return json().at("error").at("code"); }
};

class CurlClient {
 public:
  explicit CurlClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

  Reply get(const std::string &path, const std::vector<std::string> &headers = {}) const;
  Reply post(const std::string &path, const std::string &body,
             const std::vector<std::string> &headers = {"Content-Type: application/json"}) const;
  Reply generate(const nlohmann::json &request) const {
    return post("/v1/images/generations", request.dump());
  }

 private:
  Reply perform(const std::string &path, const std::string *body,
                const std::vector<std::string> &headers) const;

  std::filesystem::path socket_;
};

class BareClient {
 public:
  explicit BareClient(const std::filesystem::path &socket);

  void send(const std::string &bytes) const;
  // Everything up to the end of the stream.
  std::string receive_all() const;
  // Until the text has come.
  std::string receive_until(const std::string &text) const;
  void close() { socket_.reset(); }

 private:
  wire::FileDescriptor socket_;
};

// Waits until the condition holds; false when it does not within the time.
bool eventually(const std::function<bool()> &condition,
                std::chrono::milliseconds time = std::chrono::seconds(30));

}  // namespace runner::test
