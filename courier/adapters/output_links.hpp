// output_links.hpp -- an output of any form, taken apart: the files that are behind links, and what
// is left.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace courier {

// Of an http(s) URL.
struct LinkParts {
  std::string origin;     // "https://host:port"; scheme and host in small letters
  std::string host;       // without the port
  std::string extension;  // of the path: "png"; empty: none
};

// Nothing for a text that is no such URL, or has a user name in it.
std::optional<LinkParts> parse_link(std::string_view text);

bool is_at_or_below(std::string_view host, std::string_view domain);

// Whether what is behind it may be a file that can be stored: a picture or a video, as far as the
// type (may be empty) or the extension tells. Sound, weights and archives are not, and stay links.
bool may_be_stored(const LinkParts &link, std::string_view content_type);

// Asked of every text that is a link; holder: the nearest object around it, or null; name: its
// member there.
using IsFile =
    std::function<bool(const LinkParts &link, const nlohmann::json *holder, std::string_view name)>;

struct SeparatedOutput {           // NOLINT(bugprone-exception-escape): moving JSON does not throw
  std::vector<std::string> links;  // of files, in their order, each once
  nlohmann::json rest;             // without files and what only describes them; null: nothing
};

// At most max_links are taken; the others stay where they are.
SeparatedOutput separate_files(const nlohmann::json &output, std::size_t max_links,
                               const IsFile &is_file);

}  // namespace courier
