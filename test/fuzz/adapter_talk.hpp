// adapter_talk.hpp -- an adapter's whole attempt with answers of a fuzzer's making.
#pragma once

#include <algorithm>
#include <string_view>
#include <variant>

#include "courier/adapters/adapter.hpp"
#include "fuzzing.hpp"

namespace fuzz {

inline constexpr std::uint64_t max_output_bytes = 4096;

// The answers are separated by a byte 0x1e. The first byte of each says: 0 to 7 the status is 200
// and where to cut, else which other status it has.
inline void talk(const wire::Submit &submit, std::string_view script) {
  constexpr long statuses[] = {400, 401, 404, 410, 422, 500, 503};
  try {
    auto const adapter = courier::make_adapter(submit, "/tmp");
    while (!script.empty()) {
      std::size_t const end = std::min(script.find('\x1e'), script.size());
      std::string_view body = script.substr(0, end);
      script.remove_prefix(std::min(end + 1, script.size()));
      if (body.empty()) continue;
      auto const first = static_cast<unsigned char>(body.front());
      body.remove_prefix(1);
      adapter->request();
      if (adapter->outlives_connection()) adapter->cancel_request();
      require(adapter->max_outputs() <= 64, "outputs have descriptors");
      if (first >= '0' + 8) {
        require(!adapter->explain({statuses[first % 7], "application/json", false}, body)
                     .message()
                     .empty(),
                "a failure has a reason");
        return;
      }
      std::size_t const cut = std::min<std::size_t>(first % 8 * 16, body.size());
      adapter->begin_response({200, "", false});
      adapter->consume(body.substr(0, cut));
      adapter->consume(body.substr(cut));
      courier::Step const step = adapter->finish();
      const auto *const result = std::get_if<courier::Result>(&step);
      if (result == nullptr) continue;
      require(result->outputs.size() <= adapter->max_outputs(), "no more outputs than announced");
      std::uint64_t bytes = 0;
      for (const wire::Output &output : result->outputs)
        bytes += output.byte_count;
      require(bytes <= max_output_bytes, "a success is within the cap");
      return;
    }
  } catch (const courier::AttemptError &error) {
    require(!error.message().empty(), "a failure has a reason");
    require(error.error_class() != wire::ErrorClass::internal ||
                dynamic_cast<const courier::LookupAnswer *>(&error) != nullptr,
            "no answer makes our own side fail");
  }
}

}  // namespace fuzz
